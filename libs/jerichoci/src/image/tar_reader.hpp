// Reads a tar archive as layers of images are: POSIX ustar with pax headers (IEEE 1003.1, "pax Interchange Format"),
// and GNU's long names. Entries are hostile: sizes are bounded, and what is not understood is an error.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "image/byte_source.hpp"

namespace jerichoci {

struct TarEntry {
  enum class Kind { file, folder, symlink, hardlink, device, fifo };
  Kind kind = Kind::file;
  std::string path, target;  // as written
  std::uint32_t mode = 0;
  std::uint64_t size = 0;  // of a file's content
  std::int64_t mtime = 0;  // seconds
};

class TarReader {
 public:
  explicit TarReader(ByteSource& source) : source_(source) {}
  // The next entry; nothing at the end. What was left of the last one's content is skipped.
  pika::Result<std::optional<TarEntry>> next();
  // Content of the entry; 0 at its end.
  pika::Result<std::size_t> read(char* out, std::size_t size);

 private:
  pika::Status fill(char* out, std::size_t size);
  pika::Status skip();
  pika::Status drain();
  pika::Result<std::string> text(std::uint64_t size);
  pika::Status take_pax(const std::string& records);
  ByteSource& source_;
  std::uint64_t left_ = 0, padding_ = 0;
  std::optional<std::string> long_path_, long_target_;
  std::optional<std::uint64_t> long_size_;
};

}  // namespace jerichoci
