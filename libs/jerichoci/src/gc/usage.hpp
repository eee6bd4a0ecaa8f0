// How much of the disk each class of things in a state root takes.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace jerichoci {

inline constexpr std::string_view kGcClasses[] = {"runs",   "logs",    "artifacts", "snapshots", "checkouts",
                                                  "caches", "outputs", "nix",       "images",    "verdicts",
                                                  "work",   "tmp",     "other"};

// Bytes by class of everything below a state root, as `du` counts them: allocated blocks, folders too, a file with
// several names once (for the class that has it first, in the order above). The sum is the state root's `du`. What
// vanishes meanwhile is left out.
std::map<std::string_view, std::uint64_t> measure_usage(const std::filesystem::path& state_root);

// What the removal of some paths would give back: a file's blocks count when all of its names are among them.
class Freed {
 public:
  void add(const std::filesystem::path& path);  // and everything below it
  std::uint64_t bytes() const { return bytes_; }

 private:
  void entry(int folder, const std::string& name);
  std::uint64_t bytes_ = 0;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> names_left_;  // (device, inode)
};

}  // namespace jerichoci
