// The facts between two runs: three tables, read with every length checked.
#include "pika/invariants/store.hpp"

#include <cstring>
#include <optional>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"

namespace pika::invariants {
namespace {

constexpr std::string_view kMagic = "PIKAINV1";
constexpr std::size_t kDigest = 64;
constexpr std::size_t kSpare = 20'000;  // unused entries that may stay, for the branch one comes back to

class Writer {
 public:
  std::string bytes;
  template <class T>
  void number(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes.append(raw, sizeof(T));
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes += value;
  }
  void oid(const git::Oid& id) { bytes.append(reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size()); }
};

// Reads as long as all is well; after the first lack everything is zero or empty.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool good() const { return good_; }
  bool at_end() const { return good_ && bytes_.empty(); }
  template <class T>
  T number() {
    T value{};
    const auto raw = take(sizeof(T));
    if (raw.size() == sizeof(T)) std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }
  // A number of entries that may be there, each of at least `least` bytes.
  std::size_t count(std::size_t least) {
    const auto value = number<std::uint32_t>();
    if (value > bytes_.size() / least) good_ = false;
    return good_ ? value : 0;
  }
  std::string_view text() { return take(number<std::uint32_t>()); }
  git::Oid oid() {
    const auto raw = take(20);
    return raw.size() == 20 ? git::Oid::from_bytes(reinterpret_cast<const std::uint8_t*>(raw.data())) : git::Oid();
  }

 private:
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) good_ = false;
    if (!good_) return {};
    const auto taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::string_view bytes_;
  bool good_ = true;
};

void write(Writer& out, const FactStore::References& references) {
  out.number(static_cast<std::uint32_t>(references.size()));
  for (const auto& r : references) {
    out.number(static_cast<std::uint8_t>(r.kind));
    out.number(r.line);
    out.number(r.column);
    out.text(r.text);
    out.text(r.context);
  }
}
FactStore::References read_references(Reader& in) {
  FactStore::References references(in.count(17));
  for (auto& r : references) {
    const auto kind = in.number<std::uint8_t>();
    r.kind = static_cast<RefKind>(kind < kRefKinds ? kind : 0);
    r.line = in.number<std::uint32_t>();
    r.column = in.number<std::uint32_t>();
    r.text = in.text();
    r.context = in.text();
  }
  return references;
}

void write(Writer& out, const std::vector<Mention>& mentions) {
  out.number(static_cast<std::uint32_t>(mentions.size()));
  for (const auto& m : mentions) {
    out.number(m.line);
    out.number(m.column);
    out.number(m.word);
  }
}
std::vector<Mention> read_mentions(Reader& in) {
  std::vector<Mention> mentions(in.count(12));
  for (auto& m : mentions) {
    m.line = in.number<std::uint32_t>();
    m.column = in.number<std::uint32_t>();
    m.word = in.number<std::uint32_t>();
  }
  return mentions;
}

void write(Writer& out, const FileStamp& stamp) {
  for (auto value : {stamp.size, stamp.inode, stamp.device}) out.number(value);
  for (auto value : {stamp.modified, stamp.changed}) out.number(value);
}
FileStamp read_stamp(Reader& in) {
  FileStamp stamp;
  for (auto* value : {&stamp.size, &stamp.inode, &stamp.device}) *value = in.number<std::uint64_t>();
  for (auto* value : {&stamp.modified, &stamp.changed}) *value = in.number<std::int64_t>();
  return stamp;
}

std::uint64_t hash_of(const std::vector<std::string>& words) {
  Writer all;
  for (const auto& word : words) all.text(word);
  std::uint64_t value = 0;
  for (char digit : sha256_hex(all.bytes).substr(0, 16))
    value = value << 4 | static_cast<std::uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  return value;
}

template <class Table>
void drop(Table& table) {
  std::erase_if(table, [](const auto& entry) { return !entry.second.used; });
}
template <class Table>
std::size_t unused(const Table& table) {
  std::size_t count = 0;
  for (const auto& entry : table) count += entry.second.used ? 0 : 1;
  return count;
}

}  // namespace

void FactStore::load(const std::filesystem::path& file) {
  std::string bytes;
  try {
    auto read = read_file(file);
    if (!read) return;
    bytes = std::move(*read);
  } catch (const SystemError&) {
    return;
  }
  if (bytes.size() < kMagic.size() + kDigest || !bytes.starts_with(kMagic)) return;
  const auto body = std::string_view(bytes).substr(0, bytes.size() - kDigest);
  if (sha256_hex(body) != std::string_view(bytes).substr(body.size())) return;
  Reader in(body.substr(kMagic.size()));
  if (in.number<std::uint32_t>() != kScannersVersion) return;
  FactStore loaded;
  const auto stamps = in.count(64);
  loaded.stamps_.reserve(stamps);
  for (std::size_t i = 0; i < stamps && in.good(); ++i) {
    std::string path(in.text());
    const auto stamp = read_stamp(in);
    loaded.stamps_[std::move(path)] = {stamp, in.oid(), false};
  }
  const auto references = in.count(32);
  loaded.references_.reserve(references);
  for (std::size_t i = 0; i < references && in.good(); ++i) {
    const Key key{in.oid(), in.number<std::uint64_t>()};
    loaded.references_[key].value = read_references(in);
  }
  const auto mentions = in.count(32);
  loaded.mentions_.reserve(mentions);
  for (std::size_t i = 0; i < mentions && in.good(); ++i) {
    const Key key{in.oid(), in.number<std::uint64_t>()};
    loaded.mentions_[key].value = read_mentions(in);
  }
  if (in.at_end()) *this = std::move(loaded);
}

void FactStore::drop_unused() {
  drop(stamps_);
  if (unused(references_) > kSpare) drop(references_);
  if (unused(mentions_) > kSpare) drop(mentions_);
}

bool FactStore::save(const std::filesystem::path& file) {
  if (!is_new_) return false;
  drop_unused();
  Writer out;
  out.bytes = kMagic;
  out.number(kScannersVersion);
  out.number(static_cast<std::uint32_t>(stamps_.size()));
  for (const auto& [path, each] : stamps_) {
    out.text(path);
    write(out, each.stamp);
    out.oid(each.blob);
  }
  out.number(static_cast<std::uint32_t>(references_.size()));
  for (const auto& [key, each] : references_) {
    out.oid(key.blob);
    out.number(key.what);
    write(out, each.value);
  }
  out.number(static_cast<std::uint32_t>(mentions_.size()));
  for (const auto& [key, each] : mentions_) {
    out.oid(key.blob);
    out.number(key.what);
    write(out, each.value);
  }
  out.bytes += sha256_hex(out.bytes);
  try {
    make_dirs(file.parent_path(), 0700);
    write_file_atomic(file, out.bytes, 0600);
  } catch (const SystemError&) {
    return false;
  }
  is_new_ = false;
  return true;
}

std::optional<git::Oid> FactStore::blob_of(const std::string& path, const FileStamp& stamp) {
  auto known = stamps_.find(path);
  if (known == stamps_.end() || known->second.stamp != stamp) return std::nullopt;
  known->second.used = true;
  return known->second.blob;
}

void FactStore::remember(const std::string& path, const FileStamp& stamp, const git::Oid& blob) {
  stamps_[path] = {stamp, blob, true};
  is_new_ = true;
}

const FactStore::References& FactStore::references(const git::Oid& blob, const std::string& path,
                                                   const std::function<std::string()>& read) {
  // The scanner is chosen by the path, and one content may stand at two.
  auto [known, is_new] = references_.try_emplace({blob, static_cast<std::uint64_t>(language_of(path))});
  if (is_new) {
    known->second.value = scan(path, read());
    is_new_ = true;
    ++scanned_;
  }
  known->second.used = true;
  return known->second.value;
}

const std::vector<Mention>& FactStore::mentions(const git::Oid& blob, const std::vector<std::string>& words,
                                                const std::function<std::string()>& read) {
  auto [known, is_new] = mentions_.try_emplace({blob, hash_of(words)});
  if (is_new) {
    known->second.value = find_mentions(read(), words);
    is_new_ = true;
    ++scanned_;
  }
  known->second.used = true;
  return known->second.value;
}

}  // namespace pika::invariants
