// Root filesystems for jobs, by the names of EngineConfig::roots: a folder as it stands, or an OCI image layout,
// whose layers are unpacked once:
//   <state root>/images/<manifest's digest>/   the unpacked files, published by rename; .lock, .new-* beside it
//   <state root>/images/.<digest>.lock         held shared by who uses them; its modification time is the last use
//   <state root>/roots/<hash of the path>      two lines: what a folder looked like, and its digest then; its
//                                              modification time is the last use
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

struct Root {
  std::filesystem::path folder;
  std::string digest;  // "sha256:<hex>": of an image's manifest, or of all a folder holds
  std::vector<std::pair<std::string, std::string>> env;  // of an image
  std::shared_ptr<const pika::UniqueFd> in_use{};        // while it lives an image's files stay
};

class RootStore {
 public:
  explicit RootStore(std::filesystem::path state_root) : state_root_(std::move(state_root)) {}
  // Thread-safe, also with other engines. Throws SystemError.
  pika::Result<Root> ensure(const std::filesystem::path& configured) const;

  // For who collects what is not used: unpacked images and kept digests of folders, in no order.
  struct Kept {
    std::string digest;  // of an image, without "sha256:"; empty for a digest of a folder
    std::filesystem::path path;
    pika::Micros used_at = 0;
  };
  std::vector<Kept> list() const;
  // False when a job uses the image.
  bool remove_image(const std::string& digest) const;

 private:
  pika::Result<Root> from_layout(const std::filesystem::path& layout) const;
  pika::Result<Root> from_folder(const std::filesystem::path& folder) const;
  std::filesystem::path state_root_;
};

// The digest of a folder's content: names, kinds, modes, bytes, targets of links. A file <folder>.digest with 64 hex
// digits beside it is believed instead, for roots that an administrator keeps.
std::string folder_digest(const std::filesystem::path& folder);

}  // namespace jerichoci
