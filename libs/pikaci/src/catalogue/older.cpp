// ci/forge-lanes.toml, the older form: [[branch.lanes]] and [[nightly.lanes]].
#include <fmt/format.h>

#include "catalogue/draft.hpp"

namespace pikaci {

using pika::toml::show;

namespace {

const std::string kFile(kOlderCataloguePath);

void read_staged_target(TableReader& table, Draft& draft, Lane& lane) {
  auto word = table.string("staged_linux_target");
  if (!word) return;
  if (word->text.empty()) table.complain(word->at, "'staged_linux_target' is empty");
  if (draft.catalogue.targets.contains(word->text))
    lane.target = word->text;
  else
    lane.unrunnable = fmt::format("staged target '{}' is not in {}", show(word->text), kCataloguePath);
}

void read_lane(const Value& value, Draft& draft, bool nightly) {
  TableReader table(keys::older_lane(), value, kFile, draft.problems);
  Lane lane;
  lane.nightly = nightly;
  auto id = read_id(table, "id", "lane");
  lane.id = id.value_or("");
  lane.title = read_words(table, "title");
  if (lane.title.empty()) lane.title = lane.id;
  lane.entrypoint = read_words(table, "entrypoint");
  lane.concurrency_group = read_words(table, "concurrency_group");
  read_paths(table, draft, lane);
  bool staged = table.has("staged_linux_target"), has_command = table.has("command");
  if (staged) read_staged_target(table, draft, lane);
  if (has_command) {
    auto job = own_job(table, lane);
    if (!staged && id) add_own_target(draft, table, lane, std::move(job));
  }
  // Both at once is how the older frontend wrote a staged lane that also shows its command; the staged target decides.
  if (!staged && !has_command)
    table.complain(table.at(),
                   "this lane has neither a 'command' nor a 'staged_linux_target', so that it could never run");
  table.finish();
  if (id) add_lane(draft, table, kFile, std::move(lane));
}

void read_lanes(TableReader& root, std::string_view key, Draft& draft) {
  auto* section = root.table(key);
  if (!section) return;
  TableReader table(keys::older_lanes(), *section, kFile, draft.problems);
  for (auto* lane : table.tables("lanes")) read_lane(*lane, draft, key == "nightly");
  table.finish();
}

}  // namespace

void read_older(const Value& value, Draft& draft) {
  TableReader root(keys::older(), value, kFile, draft.problems);
  if (!read_version(root)) return;
  draft.catalogue.nightly_schedule_utc = read_schedule(root);
  read_lanes(root, "branch", draft);
  read_lanes(root, "nightly", draft);
  root.finish();
}

}  // namespace pikaci
