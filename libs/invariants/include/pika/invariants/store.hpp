// What is known of file contents already: their references and the words that were found in them, by blob name; and
// which blob a file of a work tree is, by its size, times and inode. Kept in one file between runs.
//
// Format of the file, little-endian: "PIKAINV1", u32 version of the scanners, then the three tables as store.cpp writes
// them, then the SHA-256 of all before it. A file that is not exactly so is as good as none: what it would have said is
// read again. One store belongs to one thread.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pika/gitx/oid.hpp"
#include "pika/invariants/tree.hpp"

namespace pika::invariants {

// Raised whenever a scanner, a reference's form or find_mentions() changes what it gives.
inline constexpr std::uint32_t kScannersVersion = 2;

// Of lstat(2): what a change of content cannot leave as it was, unless within the clock's step.
struct FileStamp {
  std::uint64_t size = 0, inode = 0, device = 0;
  std::int64_t modified = 0, changed = 0;  // nanoseconds since 1970
  bool operator==(const FileStamp&) const = default;
};

class FactStore {
 public:
  using References = std::vector<Reference>;

  // Nothing is read where there is no such file, or a broken one.
  void load(const std::filesystem::path& file);
  // Writes when something is new. Trouble is no error: the next run takes longer. False: not written.
  bool save(const std::filesystem::path& file);

  // The blob a path was when it had this stamp.
  std::optional<git::Oid> blob_of(const std::string& path, const FileStamp& stamp);
  void remember(const std::string& path, const FileStamp& stamp, const git::Oid& blob);

  // `read` is called when the blob is not known; its pointer stays valid as long as the store.
  const References& references(const git::Oid& blob, const std::string& path, const std::function<std::string()>& read);
  const std::vector<Mention>& mentions(const git::Oid& blob, const std::vector<std::string>& words,
                                       const std::function<std::string()>& read);
  std::size_t scanned() const { return scanned_; }  // contents that had to be read

 private:
  struct Key {
    git::Oid blob;
    std::uint64_t what = 0;  // the language, or a hash of the words
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<git::Oid>()(key.blob) ^ (key.what * 0x9E3779B97F4A7C15u);
    }
  };
  template <class T>
  struct Kept {
    T value;
    bool used = false;
  };
  struct Stamped {
    FileStamp stamp;
    git::Oid blob;
    bool used = false;
  };
  void drop_unused();

  std::unordered_map<std::string, Stamped> stamps_;
  std::unordered_map<Key, Kept<References>, KeyHash> references_;
  std::unordered_map<Key, Kept<std::vector<Mention>>, KeyHash> mentions_;
  bool is_new_ = false;
  std::size_t scanned_ = 0;
};

}  // namespace pika::invariants
