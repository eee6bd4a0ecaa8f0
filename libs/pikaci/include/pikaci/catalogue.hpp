// The catalogue: lanes and targets of a repository, as data in it (ci/pikaci.toml, and the older
// ci/forge-lanes.toml), and its policy (ci/policy.toml). Format: docs/catalogue.md.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jerichoci/model.hpp"
#include "pika/base/result.hpp"

namespace pikaci {

// One complaint: "ci/pikaci.toml:14:9: unknown key 'comand'; did you mean 'command'?"
struct Problem {
  std::string file;
  int line = 0, column = 0;
  std::string text;
  std::string print() const;
};

// Of a word in a catalogue's file; from 1, columns in code points.
struct Place {
  int line = 0, column = 0;
};

struct Target {
  std::string id, description;
  std::vector<jerichoci::JobSpec> jobs;
};

struct Lane {
  std::string id;                    // [a-z0-9_-]{1,64}; of a cell of a matrix "unit-gcc-debug"
  std::string title;                 // "check-unit"; the id when none is given
  std::string entrypoint;            // words to show, from the older form
  std::vector<std::string> paths;    // filters, groups expanded; empty: always
  std::vector<Place> path_places{};  // of each in Catalogue::source; of one from a group: there
  std::string target;                // id in targets; empty: see `unrunnable`
  std::string concurrency_group;     // empty: none
  bool nightly = false;
  std::vector<std::string> schedules_utc{};     // of a nightly lane: its own times, "03:30"; empty: the catalogue's
  std::vector<std::string> needs{};             // ids of lanes that must pass first; no cycles, cells one by one
  std::optional<bool> required{};               // as the lane says it; a policy with an entry for the branch wins
  std::string matrix_lane{}, cell{};            // of a cell: the id as written ("unit") and its own ("gcc-debug")
  std::map<std::string, std::string> values{};  // of a cell: cc -> gcc
  // Set when there is nothing to run ("staged target 'X' is not in ci/pikaci.toml"): a visible state, never green.
  std::string unrunnable;
};

// A root filesystem that jobs name. Where it lies is told by whoever runs them.
struct Image {
  std::string description;
  std::string digest;  // "sha256:..." that it must have; empty: any
};

// A program that runs beside a job's command, in the same world, for as long as that.
struct Service {
  std::string description{};
  std::vector<std::string> command{};  // stays in the foreground
  std::vector<std::string> ready{};    // tried until it succeeds; empty: it is ready at once
  pika::Micros ready_within = 60 * pika::kSecond;
  std::map<std::string, std::string> env{};
};

struct Catalogue {
  bool present = false;                   // false: the tree has no catalogue file
  std::vector<Lane> lanes;                // in the order of the file
  std::map<std::string, Target> targets;  // a lane with its own command gets a target of the lane's id
  std::map<std::string, std::vector<std::string>> groups;
  std::map<std::string, unsigned> group_sizes;  // of concurrency groups: lanes at once; not named here: 1
  std::map<std::string, Image> images;
  std::map<std::string, Service> services;  // jobs that name them have them in their command already
  std::string source;                       // the file the lanes came from
  std::string nightly_schedule_utc;         // "08:00"; empty: none
  const Lane* find_lane(std::string_view id) const;
  // What a name on the command line or in a policy means: a lane, a cell ("unit.gcc-debug", or its id), or all cells of
  // a matrix ("unit"). Empty: nothing.
  std::vector<const Lane*> find_lanes(std::string_view name) const;
  unsigned group_size(const std::string& group) const;
};

struct TargetPolicy {
  std::vector<std::string> required_lanes;
  std::vector<std::string> override_roles;  // who may merge over red: "admin"
  bool allow_nothing_to_run = false;        // nothing selected may land
  int line = 0, column = 0;                 // of required_lanes in ci/policy.toml
};

struct Policy {
  bool present = false;
  std::map<std::string, TargetPolicy> targets;  // by branch name
  std::string hash;                             // of the file's bytes; "default" when there is none
};

inline constexpr std::string_view kCataloguePath = "ci/pikaci.toml";
inline constexpr std::string_view kOlderCataloguePath = "ci/forge-lanes.toml";
inline constexpr std::string_view kPolicyPath = "ci/policy.toml";
// One of the two catalogue files.
bool is_catalogue_path(std::string_view path);

// Reads a file of the tree that is meant; nullopt when it is not there.
using FileReader = std::function<std::optional<std::string>(std::string_view path)>;

struct CatalogueResult {
  Catalogue catalogue;
  std::vector<Problem> problems;  // not empty: the catalogue must not be used
};
CatalogueResult load_catalogue(const FileReader& read);

struct PolicyResult {
  Policy policy;
  std::vector<Problem> problems;
};
PolicyResult load_policy(const FileReader& read);
// Lanes that must pass on `target_branch`: as the policy says, cells one by one; where it has nothing for that branch,
// every lane that is neither nightly nor says required = false.
std::vector<std::string> required_lanes(const Policy& policy, const Catalogue& catalogue,
                                        std::string_view target_branch);
// What a policy asks of a catalogue that has no such lane, or one that can never pass: for the lint and the gate.
std::vector<Problem> check_policy(const Policy& policy, const Catalogue& catalogue);

}  // namespace pikaci
