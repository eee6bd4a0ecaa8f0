// outputs/: what prepare nodes made, each once, named by what it was made from.
//
//   outputs/.lock              held for the moment in which something is taken into use, put in, or taken away
//   outputs/.making-<sha256>   who makes that one now (output_lock.hpp)
//   outputs/<sha256>/          put there whole by one rename, after everything in it was synced
//     output.json              {"schema_version": 1, "content", "id", "role", "trust", "run_id", "bytes", "files",
//                               "created_at"}, of a nix build also "built_path"; its modification time is the last use
//     payload/                 the folder itself, read-only; of a nix build as nix_build.hpp has it
//     users/<run>.<random>     locked (shared) by an engine while that run uses it
//     pins/<name>              somebody wants it kept, whatever the quota says
//   outputs/.gone-<random>/    on its way out
//
// A user that was killed holds no lock, so its file says nothing and is removed by whoever looks next.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "jerichoci/jerichoci.hpp"
#include "pika/base/fd.hpp"
#include "prepared/payload_manifest.hpp"
#include "run/reach.hpp"

namespace jerichoci {

// An output in use: it stays as long as this object lives.
class HeldOutput {
 public:
  // `folder` is the sealed payload. Throws SystemError: EIO when it is not as its record says.
  HeldOutput(std::string content, const std::filesystem::path& folder, std::string built_path);
  ~HeldOutput();
  HeldOutput(const HeldOutput&) = delete;
  HeldOutput& operator=(const HeldOutput&) = delete;

  const std::string& content() const { return content_; }
  const std::filesystem::path& payload() const { return payload_; }  // what jobs are shown
  // Of a nix build: the folder with what it refers to, which belongs to /nix/store of whoever is shown it.
  const std::optional<std::filesystem::path>& closure() const { return closure_; }
  const std::string& built_path() const { return built_path_; }
  const std::optional<PayloadManifest>& manifest() const { return manifest_; }
  std::uint64_t bytes = 0;
  // Where the run that uses it was given it (fulfill.hpp): a symlink to payload(); else payload() itself.
  std::filesystem::path exposed{};

 private:
  friend class OutputStore;
  std::string content_, built_path_;
  std::filesystem::path payload_, user_file_;
  std::optional<std::filesystem::path> closure_;
  std::optional<PayloadManifest> manifest_;
  pika::UniqueFd user_;
};
using OutputInUse = std::shared_ptr<const HeldOutput>;

// All methods are thread-safe, among processes too, and throw SystemError for trouble of the host.
class OutputStore {
 public:
  OutputStore(const std::filesystem::path& state_root, FaultHook fault);
  const std::filesystem::path& root() const { return root_; }

  // The output of that name, in use by the run from now on; null when there is none. One that cannot be read is
  // taken away and is none.
  std::shared_ptr<HeldOutput> hold(const std::string& content, const std::string& run_id);
  // Puts in what was made in `aside`/payload, sealed; `aside` is a folder of the same file system and is gone then.
  // Somebody who was quicker wins: the names are the same, so the contents serve as well.
  std::shared_ptr<HeldOutput> publish(const std::filesystem::path& aside, const PreparedOutput& output);

  std::set<std::string> contents();  // the names of all
  // Newest use first; what cannot be read is named in `warnings`.
  std::vector<PreparedOutput> list(std::vector<std::string>* warnings);
  pika::Status pin(const std::string& content, const std::string& name);
  pika::Status unpin(const std::string& content, const std::string& name);
  // Takes away the least recently used until the quota holds: never what is in use or pinned. Gives what went; with
  // dry_run what would.
  std::vector<PreparedOutput> collect(const PreparedQuota& quota, DryRun dry_run);

 private:
  struct Lock;
  pika::Result<PreparedOutput> read(const std::string& content, bool users);
  std::vector<std::string> users_of(const std::string& content);
  std::shared_ptr<HeldOutput> use(const std::string& content, const std::string& run_id);
  std::filesystem::path take_away(const std::string& content);
  std::filesystem::path root_;
  FaultHook fault_;
};

}  // namespace jerichoci
