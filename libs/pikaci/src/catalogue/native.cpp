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
      draft.group_places[entry.key].push_back({word.at.line, word.at.column});
    }
  }
}

void read_concurrency_groups(TableReader& root, Draft& draft) {
  const auto* groups = root.table("concurrency_groups");
  if (!groups) return;
  for (const auto& entry : groups->entries) {
    if (entry.value.kind != pika::toml::Kind::integer || entry.value.integer < 1 || entry.value.integer > 1000)
      root.complain(entry.value.at, fmt::format("'{}' must be how many lanes of the group run at once, from 1 to 1000",
                                                show(entry.key)));
    else
      draft.catalogue.group_sizes[entry.key] = static_cast<unsigned>(entry.value.integer);
  }
}

// A size of a group that no lane is in would quietly do nothing.
void check_concurrency_groups(TableReader& root, Draft& draft) {
  std::vector<std::string> used;
  for (const auto& lane : draft.catalogue.lanes)
    if (!lane.concurrency_group.empty()) used.push_back(lane.concurrency_group);
  const auto* groups = root.any("concurrency_groups");
  for (const auto& [name, size] : draft.catalogue.group_sizes)
    if (std::find(used.begin(), used.end(), name) == used.end())
      root.complain(groups->find(name)->at, fmt::format("no lane is in the concurrency group '{}'{}", show(name),
                                                        pika::toml::did_you_mean(name, used)));
}

void read_images(TableReader& root, Draft& draft) {
  const auto* images = root.table("images");
  if (!images) return;
  for (const auto& entry : images->entries) {
    if (!is_id(entry.key)) {
      root.complain(entry.at,
                    fmt::format("'{}' is no image's name: up to 64 of a-z, 0-9, '-' and '_'", show(entry.key)));
      continue;
    }
    if (entry.value.kind != pika::toml::Kind::table) {
      root.complain(entry.value.at, fmt::format("the image '{0}' must be a table; write [images.{0}]", entry.key));
      continue;
    }
    TableReader table(keys::image(), entry.value, kFile, draft.problems);
    auto& image = draft.catalogue.images[entry.key];
    image.description = read_words(table, "description");
    if (auto digest = table.string("digest")) {
      if (jerichoci::valid_root_digest(digest->text))
        image.digest = digest->text;
      else
        table.complain(digest->at,
                       fmt::format("'{}' is no digest; write \"sha256:\" and 64 of 0-9 and a-f", show(digest->text)));
    }
    table.finish();
  }
}

void check_templates(TableReader& root, Draft& draft) {
  for (const auto& [id, found] : draft.templates)
    if (!found.used)
      root.complain(found.value->at, fmt::format("the target '{}' has ${{matrix…}} in it, and no lane with a 'matrix' "
                                                 "runs it",
                                                 id));
}

}  // namespace

void read_native(const Value& value, Draft& draft) {
  TableReader root(keys::catalogue(), value, kFile, draft.problems);
  if (!read_version(root)) return;
  draft.catalogue.nightly_schedule_utc = read_schedule(root);
  read_groups(root, draft);
  read_concurrency_groups(root, draft);
  read_images(root, draft);
  read_services(root, draft, kFile);
  read_targets(root, draft, kFile);
  for (auto* lane : root.tables("lane"))
    if (!draft.enough()) read_lane(*lane, draft);
  settle_needs(draft);
  check_concurrency_groups(root, draft);
  check_templates(root, draft);
  root.finish();
}

}  // namespace pikaci
