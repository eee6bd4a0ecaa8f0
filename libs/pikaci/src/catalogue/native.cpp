// ci/pikaci.toml
#include <fmt/format.h>

#include <algorithm>

#include "catalogue/draft.hpp"
#include "pika/base/text.hpp"
#include "pikaci/selection.hpp"

namespace pikaci {

using pika::toml::show;

namespace {

const std::string kFile(kCataloguePath);

void read_groups(TableReader& root, Draft& draft) {
  auto* groups = root.table("groups");
  if (!groups) return;
  TableReader table(nullptr, *groups, kFile, draft.problems);
  for (const auto& entry : groups->entries) {
    if (!is_id(entry.key)) {
      root.complain(entry.at, fmt::format("'{}' is no group id: up to 64 of a-z, 0-9, '-' and '_'", show(entry.key)));
      continue;
    }
    auto& patterns = draft.catalogue.groups[entry.key];
    auto words = table.strings(entry.key);
    if (words && words->empty()) root.complain(entry.value.at, fmt::format("the group '{}' is empty", entry.key));
    for (const auto& word : words.value_or(std::vector<pika::toml::Word>{})) {
      if (word.text.starts_with('@')) {
        root.complain(word.at,
                      fmt::format("'{}': a group cannot hold another; name both on the lane", show(word.text)));
        continue;
      }
      if (auto status = check_filter(word.text); !status)
        root.complain(word.at, pika::join({status.error().what, status.error().advice}, "; "));
      patterns.push_back(word.text);
    }
  }
}

void read_target_name(TableReader& table, Draft& draft, Lane& lane) {
  for (const auto& key : keys::execution())
    if (table.has(key.name))
      table.complain(table.at_key(key.name),
                     fmt::format("'{}' belongs on the jobs of the target, not on a lane that names one", key.name));
  auto word = table.string("target");
  if (!word) return;
  if (draft.catalogue.targets.contains(word->text)) {
    lane.target = word->text;
    return;
  }
  std::vector<std::string> ids;
  for (const auto& [id, target] : draft.catalogue.targets) ids.push_back(id);
  table.complain(word->at,
                 fmt::format("there is no target '{}'{}", show(word->text), pika::toml::did_you_mean(word->text, ids)));
}

void read_lane(const Value& value, Draft& draft) {
  TableReader table(keys::lane(), value, kFile, draft.problems);
  Lane lane;
  auto id = read_id(table, "id", "lane");
  lane.id = id.value_or("");
  lane.title = read_words(table, "title");
  if (lane.title.empty()) lane.title = lane.id;
  lane.entrypoint = read_words(table, "entrypoint");
  lane.paths = read_paths(table, draft);
  lane.concurrency_group = read_words(table, "concurrency_group");
  lane.nightly = table.boolean("nightly").value_or(false);
  bool has_target = table.has("target"), has_command = table.has("command");
  if (has_target) read_target_name(table, draft, lane);
  if (has_command) {
    auto job = own_job(table, lane);
    if (!has_target) read_execution(table, job);
    if (!has_target && id) add_own_target(draft, table, lane, std::move(job));
  }
  if (has_target && has_command)
    table.complain(table.at_key("command"), "a lane has a 'target' or a 'command', not both");
  if (!has_target && !has_command)
    table.complain(table.at(), "this lane has neither a 'target' nor a 'command', so that it could never run");
  table.finish();
  if (id) add_lane(draft, table, kFile, std::move(lane));
}

}  // namespace

void read_native(const Value& value, Draft& draft) {
  TableReader root(keys::catalogue(), value, kFile, draft.problems);
  if (!read_version(root)) return;
  draft.catalogue.nightly_schedule_utc = read_schedule(root);
  read_groups(root, draft);
  read_targets(root, draft, kFile);
  for (auto* lane : root.tables("lane")) read_lane(*lane, draft);
  root.finish();
}

}  // namespace pikaci
