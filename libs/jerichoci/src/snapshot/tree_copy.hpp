// Folders of files laid over one another: copied, hard-linked or moved, of any depth and with two descriptors.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

namespace jerichoci {

enum class CopyFiles {
  link,  // hard links: only between folders that no job can write
  copy,  // shared extents where the file system can (FICLONE), else bytes; modes and times kept
  move,  // renames: `from` is thrown away afterwards
};

struct CopyRules {
  CopyFiles how = CopyFiles::copy;
  std::optional<std::uint32_t> owner{};
  // `from` is a layer of overlayfs: character devices 0/0 take the name away below, a folder marked opaque
  // ({trusted,user}.overlay.opaque = y) takes everything away that is below it
  bool layer = false;
  // what comes is a job's own doing: set-id and sticky bits go, the owner can read all of it (also in `from`)
  bool tame = false;
  bool sync = false;  // the files' bytes are on disk afterwards
};

struct Copied {
  std::uint64_t files = 0, bytes = 0;
  // Of the files that were copied: those that share their extents with what they were copied from, and the others.
  std::uint64_t cloned = 0, by_bytes = 0;
};

// Lays the folder `from` over `to`, which is made when it is not there: folders are merged, everything else takes the
// place of what has its name. Only folders, files and symlinks are taken. Throws SystemError.
Copied lay_tree(const std::filesystem::path& from, const std::filesystem::path& to, const CopyRules& rules);

// The same into a new folder.
void copy_tree(const std::filesystem::path& from, const std::filesystem::path& to, CopyFiles how,
               std::optional<std::uint32_t> owner = {});

// One file or symlink, with its mode and times, under a name that is free. Throws SystemError.
void copy_file(const std::filesystem::path& from, const std::filesystem::path& to, std::optional<std::uint32_t> owner);

// The time of every file and folder of a checkout, however it came to be: what did not change never looks new to a
// build tool, and what a cache holds is newer. 2000-01-01.
inline constexpr std::int64_t kCheckoutTime = 946684800;

// Gives every entry of a new checkout the owner, the modes (folders and executables 0755, other files 0644) and the
// time that all have.
void settle_tree(const std::filesystem::path& root, std::optional<std::uint32_t> owner);

// What lies in a folder: the sizes of its files, as they are on disk.
std::uint64_t tree_bytes(const std::filesystem::path& root);

}  // namespace jerichoci
