// Files in the zstd seekable format, for logs at rest: any zstd program unpacks them, and a range is read without the
// rest. Source: zstd's contrib/seekable_format/zstd_seekable_compression_format.md, version 0.1.0.
//
//   frames of at most 256 KiB of content each, with checksum · a skippable frame: u32 0x184D2A5E, u32 size of what
//   follows; for each frame u32 compressed size, u32 content size; then u32 number of frames, u8 0 (no checksums in the
//   table), u32 0x8F92EAB1. All little-endian.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

inline constexpr std::uint64_t kZstdBlock = 256 * 1024;
// What a file is written as, in the same folder, before it has its name.
inline constexpr const char* kCompressedAside = ".log.raw.zst.tmp";

// Writes the content of `from` (an open file, from its begin to `size`) as a new file `to`, by way of
// kCompressedAside, and returns when it is on disk. Constant memory. Throws SystemError; then there is no `to`.
void compress_file(int from, std::uint64_t size, const std::filesystem::path& to);

// Belongs to one thread. The file is outside input: whatever it holds, reading gives bytes or an error.
class SeekableReader {
 public:
  // invalid: it is damaged. not_found: it is not there. Throws SystemError otherwise.
  static pika::Result<SeekableReader> open(const std::filesystem::path& path);
  static pika::Result<SeekableReader> open_fd(pika::UniqueFd fd, std::string name);
  std::uint64_t size() const { return blocks_.empty() ? 0 : blocks_.back().content_end; }
  // At most `size` bytes from `offset`; fewer at the end.
  pika::Result<std::string> read(std::uint64_t offset, std::uint64_t size);

 private:
  struct Block {
    std::uint64_t begin, end;   // in the file
    std::uint64_t content_end;  // of the content up to and with this block
  };
  SeekableReader(pika::UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  pika::Status load_table();
  pika::Status load_block(std::size_t index);

  pika::UniqueFd fd_;
  std::string name_;
  std::vector<Block> blocks_;
  std::size_t held_ = SIZE_MAX;  // index of the block in content_
  std::string content_;
};

}  // namespace jerichoci
