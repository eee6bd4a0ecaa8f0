// Files, written so that a crash leaves either the old content or the new, never a piece.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"

namespace pika {

namespace fs = std::filesystem;

// The whole file. not_found when there is none; throws SystemError on any other trouble.
Result<std::string> read_file(const fs::path& path);
// At most `size` bytes from `offset`; fewer at the end of the file.
Result<std::string> read_range(const fs::path& path, std::uint64_t offset, std::uint64_t size);

// Hidden temporary beside it, fsync, rename, fsync of the folder. Throws SystemError (ENOSPC among them); the
// old file is untouched then.
void write_file_atomic(const fs::path& path, std::string_view bytes, unsigned mode = 0644);

// Creates the folder and its parents. Throws SystemError.
void make_dirs(const fs::path& path, unsigned mode = 0755);

// Removes a tree, without following symlinks, also folders without write permission. What is not there is no error.
// Throws SystemError when something stays.
void remove_tree(const fs::path& path);

// flush of a folder's entries
void sync_dir(const fs::path& path);

// A new folder below `parent` (the system's temporary folder when empty), removed with its content at the end.
class TempDir {
 public:
  explicit TempDir(const std::string& prefix = "pika-", const fs::path& parent = {});
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();
  const fs::path& path() const { return path_; }
  fs::path release() { return std::exchange(path_, {}); }

 private:
  fs::path path_;
};

// An exclusive flock on a file, held while the object lives; gone by itself when the process dies.
class FileLock {
 public:
  // nullopt when somebody else holds it.
  static std::optional<FileLock> try_lock(const fs::path& path);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// The folder of the running program's file.
fs::path program_dir();

}  // namespace pika
