// artifacts/<aa>/<sha256>: the contents of files that jobs left behind, each once however many runs made it.
//
// A content is read-only, named by the SHA-256 of its bytes (aa: the first two digits), and is there whole or not at
// all. Its modification time is when a run last wanted it kept: gc takes only what no record names and what is older
// than any run that is still at work. artifacts/.new-<hex> is being written; artifacts/.lock is held shared while
// contents get their names, and alone while gc removes some.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

class ArtifactStore {
 public:
  explicit ArtifactStore(const std::filesystem::path& state_root) : root_(state_root / "artifacts") {}
  const std::filesystem::path& root() const { return root_; }
  // invalid when it is no name of a content, not_found when it is not there.
  pika::Result<pika::UniqueFd> open(const std::string& content) const;
  // Says that these contents are wanted from now on, so that no collection takes them. False when one is not there;
  // throws SystemError.
  bool want(const std::vector<std::string>& contents) const;
  std::filesystem::path place(const std::string& content) const { return root_ / content.substr(0, 2) / content; }

 private:
  std::filesystem::path root_;
};

// 64 lower-case hex digits.
bool valid_content(std::string_view content);

// Contents on their way in: copied aside one by one, then synced and named together, because a sync for each of a
// thousand small files would take longer than the job. What was not published is removed with the object.
class ArtifactBatch {
 public:
  explicit ArtifactBatch(const ArtifactStore& store);
  ArtifactBatch(const ArtifactBatch&) = delete;
  ArtifactBatch& operator=(const ArtifactBatch&) = delete;
  ~ArtifactBatch();

  struct Content {
    std::string name;
    std::uint64_t bytes = 0;
  };
  // Copies what `fd` gives; nothing when that is more than `most` bytes. Throws SystemError.
  std::optional<Content> add(int fd, std::uint64_t most);
  void publish();  // throws SystemError

 private:
  struct Pending {
    std::filesystem::path aside;
    std::string content;
    pika::UniqueFd fd;
  };
  void sync();
  void name(const Pending& pending) const;
  const ArtifactStore& store_;
  std::vector<Pending> pending_;
};

}  // namespace jerichoci
