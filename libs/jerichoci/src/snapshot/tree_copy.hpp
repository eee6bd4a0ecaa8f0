// Copies of folders of source files.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_set>

namespace jerichoci {

enum class CopyFiles {
  link,  // hard links: only between read-only checkouts
  copy,  // shared extents where the file system can (FICLONE), else bytes; modes and times kept
};

// Copies the folder `from` to `to`, which must not exist. `leave_out` holds paths relative to `from` that are not
// copied; a folder that has nothing left is not made. Throws SystemError.
void copy_tree(const std::filesystem::path& from, const std::filesystem::path& to, CopyFiles how,
               const std::unordered_set<std::string>& leave_out = {}, std::optional<std::uint32_t> owner = {});

// Gives every entry the owner and the modes a checkout has: folders and executables 0755, other files 0644.
void settle_modes(const std::filesystem::path& root, std::optional<std::uint32_t> owner);

}  // namespace jerichoci
