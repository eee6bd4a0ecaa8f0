#include "runstore/seekable_zstd.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace jerichoci {

namespace fs = std::filesystem;
using pika::ErrorKind;
using pika::fail;
using pika::Result;
using pika::SystemError;
using pika::UniqueFd;

namespace {

constexpr int kLevel = 1;  // a log's redundancy is found by the quickest level already
constexpr std::uint32_t kSkippable = 0x184D2A5E, kSeekable = 0x8F92EAB1;
constexpr std::size_t kFooter = 9, kEntry = 8, kSkippableHead = 8;
constexpr std::uint32_t kLongestBlock = 16u << 20;  // of files that others wrote

void put_u32(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::uint32_t get_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

// `size` bytes at `offset`, or fewer at the end of the file.
std::string read_at(int fd, std::uint64_t offset, std::size_t size, const std::string& name) {
  std::string out(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    auto n = ::pread(fd, out.data() + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw SystemError(fmt::format("read '{}'", name));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return out;
}

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

void write_frames(int from, std::uint64_t size, int to, std::string& table) {
  std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  if (!context) throw SystemError(ENOMEM, "ZSTD_createCCtx");
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string packed(ZSTD_compressBound(kZstdBlock), '\0');
  for (std::uint64_t at = 0; at < size; at += kZstdBlock) {
    auto wanted = static_cast<std::size_t>(std::min(kZstdBlock, size - at));
    auto content = read_at(from, at, wanted, "log.raw");
    if (content.size() != wanted) throw SystemError(EIO, "read 'log.raw': it is shorter than what was written");
    auto length = ZSTD_compress2(context.get(), packed.data(), packed.size(), content.data(), content.size());
    if (ZSTD_isError(length)) throw SystemError(EIO, fmt::format("zstd: {}", ZSTD_getErrorName(length)));
    pika::write_all(to, std::string_view(packed).substr(0, length));
    put_u32(table, static_cast<std::uint32_t>(length));
    put_u32(table, static_cast<std::uint32_t>(wanted));
  }
}

}  // namespace

void compress_file(int from, std::uint64_t size, const fs::path& to) {
  auto aside = to.parent_path() / kCompressedAside;
  UniqueFd fd(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) throw SystemError(fmt::format("create '{}'", aside.string()));
  try {
    std::string table;
    write_frames(from, size, fd.get(), table);
    std::string tail;
    put_u32(tail, kSkippable);
    put_u32(tail, static_cast<std::uint32_t>(table.size() + kFooter));
    tail += table;
    put_u32(tail, static_cast<std::uint32_t>(table.size() / kEntry));
    tail += '\0';
    put_u32(tail, kSeekable);
    pika::write_all(fd.get(), tail);
    if (::fdatasync(fd.get()) != 0) throw SystemError(fmt::format("sync '{}'", aside.string()));
    if (::rename(aside.c_str(), to.c_str()) != 0) throw SystemError(fmt::format("rename to '{}'", to.string()));
  } catch (...) {
    ::unlink(aside.c_str());
    throw;
  }
}

Result<SeekableReader> SeekableReader::open(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return fail(ErrorKind::not_found, fmt::format("there is no '{}'", path.string()));
  if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
  return open_fd(std::move(fd), path.filename().string());
}

Result<SeekableReader> SeekableReader::open_fd(UniqueFd fd, std::string name) {
  SeekableReader reader(std::move(fd), std::move(name));
  PIKA_TRY(reader.load_table());
  return reader;
}

pika::Status SeekableReader::load_table() {
  auto damaged = [&](const char* why) {
    return fail(ErrorKind::invalid, fmt::format("{} is damaged: {}", name_, why));
  };
  struct stat st{};
  if (::fstat(fd_.get(), &st) != 0) throw SystemError(fmt::format("stat '{}'", name_));
  auto size = static_cast<std::uint64_t>(st.st_size);
  if (size < kFooter + kSkippableHead) return damaged("it is too short");
  auto footer = read_at(fd_.get(), size - kFooter, kFooter, name_);
  if (footer.size() != kFooter || get_u32(footer, 5) != kSeekable) return damaged("it has no seek table");
  if (footer[4] != 0) return damaged("its seek table is of another kind");
  std::uint64_t count = get_u32(footer, 0);
  auto table_size = count * kEntry;
  if (table_size + kFooter + kSkippableHead > size) return damaged("its seek table is longer than the file");
  auto begin = size - kFooter - table_size - kSkippableHead;
  auto table = read_at(fd_.get(), begin, kSkippableHead + table_size, name_);
  if (table.size() != kSkippableHead + table_size || get_u32(table, 0) != kSkippable ||
      get_u32(table, 4) != table_size + kFooter)
    return damaged("its seek table has no head");
  std::uint64_t at = 0, content = 0;
  blocks_.reserve(count);
  for (std::size_t i = kSkippableHead; i < table.size(); i += kEntry) {
    auto length = get_u32(table, i), holds = get_u32(table, i + 4);
    if (length > begin - at || holds > kLongestBlock || holds == 0) return damaged("its seek table does not fit");
    content += holds;
    blocks_.push_back({at, at + length, content});
    at += length;
  }
  if (at != begin) return damaged("its seek table does not fit");
  return {};
}

pika::Status SeekableReader::load_block(std::size_t index) {
  if (held_ == index) return {};
  const auto& block = blocks_[index];
  auto holds = block.content_end - (index == 0 ? 0 : blocks_[index - 1].content_end);
  auto packed = read_at(fd_.get(), block.begin, block.end - block.begin, name_);
  held_ = SIZE_MAX;
  content_.resize(holds);
  auto got = ZSTD_decompress(content_.data(), content_.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) || got != holds)
    return fail(ErrorKind::invalid, fmt::format("{} is damaged: block {} of {}", name_, index + 1, blocks_.size()));
  held_ = index;
  return {};
}

Result<std::string> SeekableReader::read(std::uint64_t offset, std::uint64_t wanted) {
  std::string out;
  if (offset >= size()) return out;
  auto end = offset + std::min(wanted, size() - offset);
  auto it = std::upper_bound(blocks_.begin(), blocks_.end(), offset,
                             [](std::uint64_t at, const Block& block) { return at < block.content_end; });
  for (auto index = static_cast<std::size_t>(it - blocks_.begin()); offset < end; ++index) {
    PIKA_TRY(load_block(index));
    auto begin = blocks_[index].content_end - content_.size();
    auto until = std::min(end, blocks_[index].content_end);
    out.append(content_, offset - begin, until - offset);
    offset = until;
  }
  return out;
}

}  // namespace jerichoci
