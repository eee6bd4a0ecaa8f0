// A catalogue while it is being read: what was found so far and every complaint, with the readers that the two file
// formats share.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/table_reader.hpp"
#include "catalogue/variable.hpp"
#include "jerichoci/model.hpp"
#include "pikaci/catalogue.hpp"

namespace pikaci {

using pika::toml::Position;
using pika::toml::Value;
using Complaints = std::vector<pika::toml::Problem>;

struct Draft {
  Catalogue catalogue;
  Complaints problems;
  std::map<std::string, std::string> lane_places;          // lane id -> "ci/pikaci.toml:7"
  std::size_t path_count = 0;                              // filters of all lanes, groups expanded
  std::map<std::string, std::vector<Place>> group_places;  // of each filter of a group
  std::size_t cells = 0;                                   // of all matrices
  std::size_t made_bytes = 0;                              // of what cells and services multiply
  // Targets with placeholders: each cell of a matrix that runs one gets its own.
  struct Template {
    const Value* value;
    bool used = false;
  };
  std::map<std::string, Template> templates;
  std::map<std::string, std::vector<pika::toml::Word>> lane_needs;  // lane id -> as written
  // More complaints than are ever shown: the rest of a hopeless file is not worth the time.
  bool enough() const {
    constexpr std::size_t kEnough = 200;
    return problems.size() >= kEnough;
  }
};

// [a-z0-9_-]{1,64}
bool is_id(std::string_view text);
// A required id at `key`; complains when it is missing or malformed. `what` is "lane", "job", ...
std::optional<std::string> read_id(TableReader& table, std::string_view key, std::string_view what);
// A short text for people: UTF-8 without control characters, at most 200 bytes.
std::string read_words(TableReader& table, std::string_view key);
// "version = 1"; false when the rest of the file must not be read.
bool read_version(TableReader& table);

// Placement, runtime, network, limits, env, env_allow, and the keeping keys.
void read_execution(TableReader& table, jerichoci::JobSpec& job, Draft& draft);
// Caches, secrets, artifacts, reuse, retries, weight.
void read_keeping(TableReader& table, jerichoci::JobSpec& job);
std::map<jerichoci::FailureKind, unsigned> read_retries(TableReader& table);
// The argv at "command", or another key; empty when it is absent or wrong.
std::vector<std::string> read_command(TableReader& table, std::string_view key = "command");
// The variables at "env".
std::map<std::string, std::string> read_variables(TableReader& table);
// [services.*]; before the jobs that name them.
void read_services(TableReader& root, Draft& draft, const std::string& file);
// "services" of a job whose command has been read.
void put_services(TableReader& table, jerichoci::JobSpec& job, Draft& draft);
// Counts what a short text makes many times over; false, and a complaint, when that is too much.
bool count_made(TableReader& table, Draft& draft, Position at, std::size_t bytes);
// [targets.*] with their jobs.
void read_targets(TableReader& root, Draft& draft, const std::string& file);
Target read_target(const std::string& id, const Value& value, const std::string& file, Draft& draft);

// Enters a lane; complains about an id that is taken.
void add_lane(Draft& draft, TableReader& table, const std::string& file, Lane lane);
// The job of a lane's own command; how it runs is left as it is by default.
jerichoci::JobSpec own_job(TableReader& table, const Lane& lane);
// A lane's own command as a target with one job of the lane's id; complains when a target has that id.
void add_own_target(Draft& draft, TableReader& table, Lane& lane, jerichoci::JobSpec job);
// "paths", with "@name" replaced by the group.
void read_paths(TableReader& table, Draft& draft, Lane& lane);
// "HH:MM"
std::string read_schedule(TableReader& table);
bool check_time_of_day(TableReader& table, const pika::toml::Word& word);
// One [[lane]], or the cells of its matrix.
void read_lane(const Value& value, Draft& draft);
// When all lanes are read: their needs, by id.
void settle_needs(Draft& draft);

void read_native(const Value& root, Draft& draft);
void read_older(const Value& root, Draft& draft);

}  // namespace pikaci
