// ci/policy.toml
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "catalogue/draft.hpp"
#include "catalogue/problems.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

using pika::toml::show;

namespace {

const std::string kFile(kPolicyPath);

// Who may be trusted with landing over red; readers may not.
std::vector<std::string> overriding_roles() {
  const auto& words = keys::policy_target()->find("override")->shape.forms.at(0).words;
  return {words.begin(), words.end()};
}

TargetPolicy read_target(const Value& value, std::string_view branch, Complaints& problems) {
  TableReader table(keys::policy_target(), value, kFile, problems);
  TargetPolicy policy;
  auto place = table.at_key("required_lanes");
  policy.line = place.line;
  policy.column = place.column;
  if (!table.has("required_lanes"))
    table.complain(table.at(),
                   fmt::format("the target '{}' has no 'required_lanes'; write [] where none is", show(branch)));
  std::set<std::string> seen;
  for (const auto& word : table.strings("required_lanes").value_or(std::vector<pika::toml::Word>{})) {
    auto& lanes = policy.required_lanes;
    if (!is_id(word.text.substr(0, word.text.find('.'))))
      table.complain(word.at, fmt::format("'{}' is no lane id: up to 64 of a-z, 0-9, '-' and '_'", show(word.text)));
    else if (seen.insert(word.text).second)
      lanes.push_back(word.text);
  }
  for (const auto& word : table.strings("override").value_or(std::vector<pika::toml::Word>{})) {
    static const auto roles = overriding_roles();
    if (std::find(roles.begin(), roles.end(), word.text) != roles.end())
      policy.override_roles.push_back(word.text);
    else
      table.complain(word.at, fmt::format("there is no role '{}' that could override, only {}{}", show(word.text),
                                          pika::join(roles, ", "), pika::toml::did_you_mean(word.text, roles)));
  }
  policy.allow_nothing_to_run = table.boolean("allow_nothing_to_run").value_or(false);
  table.finish();
  return policy;
}

}  // namespace

PolicyResult load_policy(const FileReader& read) {
  PolicyResult result;
  auto text = read(kPolicyPath);
  if (!text) {
    result.policy.hash = "default";
    return result;
  }
  result.policy.present = true;
  result.policy.hash = pika::sha256_hex(*text);
  Complaints problems;
  auto value = pika::toml::parse(*text, kFile);
  if (!value) {
    problems.push_back(value.error());
  } else {
    TableReader root(keys::policy(), *value, kFile, problems);
    if (read_version(root)) {
      if (auto* targets = root.table("target")) {
        for (const auto& entry : targets->entries) {
          if (entry.value.kind == pika::toml::Kind::table)
            result.policy.targets[entry.key] = read_target(entry.value, entry.key, problems);
          else
            root.complain(entry.value.at, fmt::format("the target '{}' must be a table", show(entry.key)));
        }
      }
      root.finish();
    }
  }
  result.problems = in_order(std::move(problems));
  return result;
}

namespace {
// "unit" of a matrix is all its cells; what the catalogue does not have stays as it is written, and is never passed.
std::vector<std::string> cells_one_by_one(const std::vector<std::string>& names, const Catalogue& catalogue) {
  std::vector<std::string> out;
  std::set<std::string> seen;
  auto add = [&](const std::string& id) {
    if (seen.insert(id).second) out.push_back(id);
  };
  for (const auto& name : names) {
    auto found = catalogue.find_lanes(name);
    if (found.empty()) add(name);
    for (const auto* lane : found) add(lane->id);
  }
  return out;
}
}  // namespace

std::vector<std::string> required_lanes(const Policy& policy, const Catalogue& catalogue,
                                        std::string_view target_branch) {
  if (auto target = policy.targets.find(std::string(target_branch)); target != policy.targets.end())
    return cells_one_by_one(target->second.required_lanes, catalogue);
  std::vector<std::string> lanes;
  for (const auto& lane : catalogue.lanes)
    if (lane.required.value_or(!lane.nightly)) lanes.push_back(lane.id);
  return lanes;
}

std::vector<Problem> check_policy(const Policy& policy, const Catalogue& catalogue) {
  std::vector<Problem> problems;
  std::vector<std::string> ids;
  for (const auto& lane : catalogue.lanes) {
    ids.push_back(lane.id);
    if (!lane.matrix_lane.empty()) ids.push_back(lane.matrix_lane);
  }
  for (const auto& [branch, target] : policy.targets) {
    auto complain = [&](std::string text) { problems.push_back({kFile, target.line, target.column, std::move(text)}); };
    for (const auto& id : target.required_lanes) {
      auto found = catalogue.find_lanes(id);
      if (found.empty()) {
        complain(fmt::format("'{}' requires the lane '{}', which the catalogue does not have{}", show(branch), id,
                             pika::toml::did_you_mean(id, ids)));
        continue;
      }
      if (found.front()->nightly)
        complain(fmt::format("'{}' requires the lane '{}', which runs at night only", show(branch), id));
      else if (!found.front()->unrunnable.empty())
        complain(fmt::format("'{}' requires the lane '{}', which can never pass: {}", show(branch), id,
                             found.front()->unrunnable));
    }
  }
  return problems;
}

}  // namespace pikaci
