// checkouts/<tree>/: the files of a snapshot, made once, read by every job that runs on it, written by nobody.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/gitx/oid.hpp"
#include "run/reach.hpp"
#include "snapshot/object_store.hpp"

namespace jerichoci {

class Checkouts {
 public:
  // `owner`: the user jobs run as, when that is another than ours. Checkouts of an earlier boot are dropped: they
  // were never synced, so after a power cut their files may be empty; making them again is cheaper than the fsyncs.
  Checkouts(const std::filesystem::path& state_root, std::optional<std::uint32_t> owner, FaultHook fault = {});

  // The folder with the tree's files. The first call for a tree makes it aside and renames it into place: from the
  // newest other checkout when that differs little, else from the store alone.
  pika::Result<std::filesystem::path> ensure(const ObjectStore& store, const pika::git::Oid& tree);

 private:
  struct Change {
    std::unordered_set<std::string> gone;  // of the other tree: changed or deleted
    std::string to_write;                  // NUL-separated paths that are new or changed
    std::size_t count = 0;
  };
  std::optional<pika::git::Oid> newest() const;
  std::optional<Change> change_from(const ObjectStore& store, const pika::git::Oid& from,
                                    const pika::git::Oid& to) const;
  pika::Status build(const ObjectStore& store, const pika::git::Oid& tree, const std::filesystem::path& aside) const;
  std::filesystem::path root_;
  std::optional<std::uint32_t> owner_;
  FaultHook fault_;
};

}  // namespace jerichoci
