#include "image/tar_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "pika/base/text.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;
using pika::Result;

namespace {

constexpr std::size_t kBlock = 512;
constexpr std::uint64_t kMostText = 1u << 20;  // of one long name or pax header
constexpr std::uint64_t kMostSize = 1ull << 40;

// The header block, see POSIX: offset and length of each field.
struct Field {
  std::size_t at, size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kSize{124, 12}, kTime{136, 12}, kSum{148, 8}, kType{156, 1},
    kLink{157, 100}, kMagic{257, 6}, kPrefix{345, 155};

std::string string_of(const char* block, Field f) {
  return {block + f.at, ::strnlen(block + f.at, f.size)};
}

// Octal digits, or GNU's big-endian binary when the first bit is set.
std::optional<std::uint64_t> number_of(const char* block, Field f) {
  auto* at = reinterpret_cast<const unsigned char*>(block + f.at);
  std::uint64_t value = 0;
  if (at[0] & 0x80) {
    for (std::size_t i = 0; i < f.size; ++i) {
      if (value >> 55) return std::nullopt;
      value = value << 8 | (i == 0 ? at[0] & 0x7f : at[i]);
    }
    return value;
  }
  auto digits = pika::trim(std::string_view(block + f.at, ::strnlen(block + f.at, f.size)));
  for (char c : digits) {
    if (c < '0' || c > '7' || value >> 60) return std::nullopt;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

bool sum_holds(const char* block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i)
    sum += i >= kSum.at && i < kSum.at + kSum.size ? ' ' : static_cast<unsigned char>(block[i]);
  return number_of(block, kSum) == sum;
}

}  // namespace

pika::Status TarReader::fill(char* out, std::size_t size) {
  while (size > 0) {
    auto n = PIKA_TRY(source_.read(out, size));
    if (n == 0) return fail(ErrorKind::invalid, "the archive is cut short");
    out += n;
    size -= n;
  }
  return {};
}

pika::Status TarReader::skip() {
  char buffer[16384];
  for (auto rest = left_ + padding_; rest > 0;) {
    auto piece = std::min<std::uint64_t>(rest, sizeof buffer);
    PIKA_TRY(fill(buffer, piece));
    rest -= piece;
  }
  left_ = padding_ = 0;
  return {};
}

// What follows the archive's end is nothing's content, but its packing must hold to the last byte.
pika::Status TarReader::drain() {
  constexpr std::uint64_t kMost = 1u << 30;
  char buffer[16384];
  for (std::uint64_t seen = 0; seen < kMost;) {
    auto n = PIKA_TRY(source_.read(buffer, sizeof buffer));
    if (n == 0) return {};
    seen += n;
  }
  return fail(ErrorKind::too_large, "there is too much behind the archive's end");
}

Result<std::string> TarReader::text(std::uint64_t size) {
  if (size > kMostText) return fail(ErrorKind::invalid, "a name in the archive is too long");
  std::string out(size, '\0');
  PIKA_TRY(fill(out.data(), size));
  left_ = 0;
  PIKA_TRY(skip());
  return out;
}

Result<std::size_t> TarReader::read(char* out, std::size_t size) {
  if (left_ == 0) return 0u;
  auto n = PIKA_TRY(source_.read(out, std::min<std::uint64_t>(size, left_)));
  if (n == 0) return fail(ErrorKind::invalid, "the archive is cut short");
  left_ -= n;
  return n;
}

// "30 path=some/where\n": length of the whole record, key, value.
pika::Status TarReader::take_pax(const std::string& records) {
  std::string_view rest = records;
  while (!rest.empty()) {
    auto blank = rest.find(' ');
    auto length =
        blank == std::string_view::npos ? std::nullopt : pika::parse_number<std::size_t>(rest.substr(0, blank));
    if (!length || *length > rest.size() || *length < blank + 3 || rest[*length - 1] != '\n')
      return fail(ErrorKind::invalid, "a pax header of the archive is broken");
    auto record = rest.substr(blank + 1, *length - blank - 2);
    rest.remove_prefix(*length);
    auto equals = record.find('=');
    if (equals == std::string_view::npos) return fail(ErrorKind::invalid, "a pax header of the archive is broken");
    auto key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "path") long_path_ = value;
    if (key == "linkpath") long_target_ = value;
    if (key == "size") {
      long_size_ = pika::parse_number<std::uint64_t>(value);
      if (!long_size_) return fail(ErrorKind::invalid, "a pax header of the archive is broken");
    }
    if (key.starts_with("GNU.sparse.")) return fail(ErrorKind::invalid, "the archive holds a sparse file");
  }
  return {};
}

Result<std::optional<TarEntry>> TarReader::next() {
  while (true) {
    PIKA_TRY(skip());
    char block[kBlock];
    PIKA_TRY(fill(block, kBlock));
    if (std::all_of(block, block + kBlock, [](char c) { return c == 0; })) {
      PIKA_TRY(drain());
      return std::nullopt;
    }
    if (!sum_holds(block)) return fail(ErrorKind::invalid, "a header of the archive is broken");
    auto size = number_of(block, kSize), mode = number_of(block, kMode), time = number_of(block, kTime);
    if (!size || !mode || *size > kMostSize) return fail(ErrorKind::invalid, "a header of the archive is broken");
    char type = block[kType.at];
    bool meta = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    if (!meta && long_size_) size = *std::exchange(long_size_, std::nullopt);
    if (*size > kMostSize) return fail(ErrorKind::invalid, "a header of the archive is broken");
    left_ = *size;
    padding_ = (kBlock - *size % kBlock) % kBlock;
    if (meta) {
      auto content = PIKA_TRY(text(*size));
      if (type == 'x') PIKA_TRY(take_pax(content));
      if (type == 'L') long_path_ = content.substr(0, content.find('\0'));
      if (type == 'K') long_target_ = content.substr(0, content.find('\0'));
      continue;
    }
    TarEntry entry;
    entry.path = string_of(block, kName);
    bool ustar = std::memcmp(block + kMagic.at, "ustar\0", 6) == 0;
    if (auto prefix = string_of(block, kPrefix); ustar && !prefix.empty()) entry.path = prefix + "/" + entry.path;
    entry.target = string_of(block, kLink);
    if (long_path_) entry.path = *std::exchange(long_path_, std::nullopt);
    if (long_target_) entry.target = *std::exchange(long_target_, std::nullopt);
    entry.mode = static_cast<std::uint32_t>(*mode & 07777);
    entry.size = *size;
    entry.mtime = static_cast<std::int64_t>(std::min<std::uint64_t>(time.value_or(0), 1ull << 40));
    switch (type) {
      case '0':
      case '\0':
      case '7':
        entry.kind = entry.path.ends_with('/') ? TarEntry::Kind::folder : TarEntry::Kind::file;
        return entry;
      case '1':
        entry.kind = TarEntry::Kind::hardlink;
        return entry;
      case '2':
        entry.kind = TarEntry::Kind::symlink;
        return entry;
      case '3':
      case '4':
        entry.kind = TarEntry::Kind::device;
        return entry;
      case '5':
        entry.kind = TarEntry::Kind::folder;
        return entry;
      case '6':
        entry.kind = TarEntry::Kind::fifo;
        return entry;
      default:
        return fail(ErrorKind::invalid, fmt::format("the archive holds {} of the unknown type {}",
                                                    pika::quote_name(entry.path), pika::quote_name({&type, 1})));
    }
  }
}

}  // namespace jerichoci
