// Ids, titles, versions, paths: what lanes of both formats are made of.
#include <fmt/format.h>

#include <algorithm>

#include "catalogue/draft.hpp"
#include "pika/base/text.hpp"
#include "pikaci/selection.hpp"

namespace pikaci {

using pika::toml::show;
using pika::toml::Word;

namespace {
constexpr std::size_t kMaxWords = 200;
constexpr std::size_t kMaxPaths = 20'000;

std::vector<std::string> group_names(const Catalogue& catalogue) {
  std::vector<std::string> names;
  for (const auto& [name, patterns] : catalogue.groups) names.push_back("@" + name);
  return names;
}

struct Filters {
  std::vector<std::string> patterns;
  std::vector<Place> places;
};

// The filters that one word of "paths" stands for.
Filters expand(TableReader& table, const Draft& draft, const Word& word) {
  if (word.text.starts_with("!@")) {
    table.complain(word.at,
                   fmt::format("'{}': a group cannot be taken out; write its '!' filters one by one", show(word.text)));
    return {};
  }
  if (!word.text.starts_with('@')) return {{word.text}, {{word.at.line, word.at.column}}};
  auto group = draft.catalogue.groups.find(word.text.substr(1));
  if (group != draft.catalogue.groups.end()) {
    auto places = draft.group_places.find(group->first);
    return {group->second, places == draft.group_places.end() ? std::vector<Place>() : places->second};
  }
  table.complain(word.at, fmt::format("there is no group '{}' in [groups]{}", show(word.text),
                                      pika::toml::did_you_mean(word.text, group_names(draft.catalogue))));
  return {};
}
}  // namespace

bool is_id(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
}

std::optional<std::string> read_id(TableReader& table, std::string_view key, std::string_view what) {
  if (!table.has(key)) {
    table.known(key);
    table.complain(table.at(), fmt::format("this {} has no '{}'", what, key));
    return std::nullopt;
  }
  auto word = table.string(key);
  if (!word) return std::nullopt;
  if (is_id(word->text)) return word->text;
  table.complain(word->at, fmt::format("'{}' is no {} id: up to 64 of a-z, 0-9, '-' and '_'", show(word->text), what));
  return std::nullopt;
}

std::string read_words(TableReader& table, std::string_view key) {
  auto word = table.string(key);
  if (!word) return {};
  bool control = std::any_of(word->text.begin(), word->text.end(),
                             [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!control && word->text.size() <= kMaxWords) return word->text;
  table.complain(word->at, fmt::format("'{}' must be one line of at most {} bytes", key, kMaxWords));
  return {};
}

bool read_version(TableReader& table) {
  if (!table.has("version")) {
    table.known("version");
    table.complain({1, 1}, "'version = 1' is missing; write it as the first line");
    return true;
  }
  auto at = table.at("version");
  // Not by its range: a file of another version has words of its own, and none of them is wrong.
  auto version = table.pika::toml::TableReader::integer("version");
  if (!version || *version == 1) return true;
  table.complain(at, fmt::format("version {} is not known to this program, which reads version 1", *version));
  return false;
}

void read_paths(TableReader& table, Draft& draft, Lane& lane) {
  auto& paths = lane.paths;
  auto at = table.at("paths");
  auto words = table.strings("paths");
  if (!words) return;
  bool fine = true;
  for (const auto& word : *words) {
    if (draft.enough()) return;
    auto [filters, places] = expand(table, draft, word);
    fine = fine && !filters.empty();
    if (!word.text.starts_with('@')) {
      for (const auto& filter : filters) {
        auto status = check_filter(filter);
        if (!status) table.complain(word.at, pika::join({status.error().what, status.error().advice}, "; "));
        fine = fine && status.has_value();
      }
    }
    draft.path_count += filters.size();
    if (draft.path_count > kMaxPaths) {
      table.complain(word.at, fmt::format("the lanes have more than {} filters together", kMaxPaths));
      return;
    }
    paths.insert(paths.end(), filters.begin(), filters.end());
    lane.path_places.insert(lane.path_places.end(), places.begin(), places.end());
  }
  if (words->empty() && fine) table.complain(at, "'paths' is empty; leave it out for a lane that always runs");
  bool only_out =
      !paths.empty() && std::all_of(paths.begin(), paths.end(), [](const auto& p) { return p.starts_with('!'); });
  if (only_out && fine) table.complain(at, R"(only '!' filters, so that no path is ever chosen; begin with "**")");
}

bool count_made(TableReader& table, Draft& draft, Position at, std::size_t bytes) {
  constexpr std::size_t kMost = 32 << 20;
  draft.made_bytes += bytes;
  if (draft.made_bytes <= kMost) return true;
  table.complain(at, "matrices and services make more than 32 MiB of jobs of this file");
  return false;
}

bool check_time_of_day(TableReader& table, const Word& word) {
  const auto& text = word.text;
  auto hour = pika::parse_number<unsigned>(text.substr(0, 2));
  auto minute = text.size() == 5 ? pika::parse_number<unsigned>(text.substr(3)) : std::nullopt;
  if (text.size() == 5 && text[2] == ':' && hour && minute && *hour < 24 && *minute < 60) return true;
  table.complain(word.at, fmt::format("'{}' is no time of day; write it like \"08:00\"", show(text)));
  return false;
}

std::string read_schedule(TableReader& table) {
  auto word = table.string("nightly_schedule_utc");
  return word && check_time_of_day(table, *word) ? word->text : std::string();
}

void add_lane(Draft& draft, TableReader& table, const std::string& file, Lane lane) {
  auto at = table.at("id");
  auto [place, is_new] = draft.lane_places.emplace(lane.id, fmt::format("{}:{}", file, at.line));
  if (!is_new) {
    table.complain(at, fmt::format("there is a lane '{}' already, at {}", lane.id, place->second));
    return;
  }
  draft.catalogue.lanes.push_back(std::move(lane));
}

jerichoci::JobSpec own_job(TableReader& table, const Lane& lane) {
  jerichoci::JobSpec job;
  job.id = lane.id;
  job.description = lane.title;
  job.command = read_command(table);
  return job;
}

void add_own_target(Draft& draft, TableReader& table, Lane& lane, jerichoci::JobSpec job) {
  if (draft.catalogue.targets.contains(lane.id)) {
    // A second lane of this id has its own complaint from add_lane.
    if (!draft.lane_places.contains(lane.id))
      table.complain(table.at_key("command"),
                     fmt::format("lane '{0}' has a command of its own, and there is a target '{0}' too; say target = "
                                 "\"{0}\" or rename one",
                                 lane.id));
    return;
  }
  lane.target = lane.id;
  draft.catalogue.targets[lane.id] = {.id = lane.id, .description = lane.title, .jobs = {std::move(job)}};
}

}  // namespace pikaci
