// From the text of invariants.toml to values, with every complaint in one pass.
#include "pika/invariants/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "pika/base/text.hpp"
#include "pika/toml/reader.hpp"

namespace pika::invariants {
namespace {

using toml::did_you_mean;
using toml::show;
using toml::TableReader;
using toml::Word;

constexpr std::size_t kMaxLine = 1000;
constexpr std::size_t kMaxWords = 1000;  // filters or words of one list

struct RuleName {
  RuleKind kind;
  std::string_view name;
};
constexpr std::array kRules = {
    RuleName{RuleKind::depends_only_on, "depends_only_on"},
    RuleName{RuleKind::must_not_depend_on, "must_not_depend_on"},
    RuleName{RuleKind::must_not_mention, "must_not_mention"},
    RuleName{RuleKind::must_exist, "must_exist"},
    RuleName{RuleKind::no_cycle, "no_cycle"},
    RuleName{RuleKind::public_api_only, "public_api_only"},
    RuleName{RuleKind::owned_by, "owned_by"},
};

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool is_line(std::string_view text) {
  return text.size() <= kMaxLine && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

// One line for people; complains when it is required and absent or blank.
std::string read_line(TableReader& table, std::string_view key, bool required) {
  if (!table.has(key)) {
    table.known(key);
    if (required) table.complain(table.at(), fmt::format("'{}' is missing", key));
    return {};
  }
  auto word = table.string(key);
  if (!word) return {};
  if (!is_line(word->text))
    table.complain(word->at, fmt::format("'{}' must be one line of at most {} bytes", key, kMaxLine));
  else if (required && trim(word->text).empty())
    table.complain(word->at, fmt::format("'{}' is empty", key));
  return word->text;
}

std::vector<Word> read_list(TableReader& table, std::string_view key) {
  auto at = table.at(key);
  auto words = table.strings(key);
  if (!words) return {};
  if (words->empty()) table.complain(at, fmt::format("'{}' is empty", key));
  if (words->size() > kMaxWords) {
    table.complain(at, fmt::format("'{}' has more than {} entries", key, kMaxWords));
    words->resize(kMaxWords);
  }
  return std::move(*words);
}

FilterList read_filters(TableReader& table, std::string_view key) {
  auto at = table.at(key);
  std::vector<std::string> patterns;
  bool only_out = true;
  for (auto& word : read_list(table, key)) {
    auto filter = Filter::parse(word.text);
    if (!filter) {
      table.complain(word.at, join({filter.error().what, filter.error().advice}, "; "));
      only_out = false;
      continue;
    }
    only_out = only_out && filter->takes_out();
    patterns.push_back(std::move(word.text));
  }
  if (!patterns.empty() && only_out)
    table.complain(at, fmt::format("'{}' has only '!' filters, so that it chooses no path; begin with \"**\"", key));
  return FilterList::parse(patterns).value_or(FilterList());
}

std::vector<std::string> read_words(TableReader& table, std::string_view key) {
  std::vector<std::string> words;
  for (auto& word : read_list(table, key)) {
    if (trim(word.text).empty() || !is_line(word.text))
      table.complain(word.at, fmt::format("an entry of '{}' must be one line that is not blank", key));
    words.push_back(std::move(word.text));
  }
  return words;
}

void read_value(TableReader& table, std::string_view key, Rule& rule) {
  switch (rule.kind) {
    case RuleKind::must_not_mention:
    case RuleKind::owned_by:
      rule.words = read_words(table, key);
      break;
    case RuleKind::no_cycle:
      if (auto value = table.boolean(key); value && !*value)
        table.complain(table.at(key), "'no_cycle' can only be true; leave the rule out when cycles may be");
      break;
    case RuleKind::depends_only_on:
    case RuleKind::must_not_depend_on:
    case RuleKind::must_exist:
    case RuleKind::public_api_only:
      rule.paths = read_filters(table, key);
      break;
  }
}

std::optional<Rule> read_rule(TableReader& parent) {
  auto* value = parent.table("rule");
  if (!value) return std::nullopt;
  TableReader table(*value, parent.file(), parent.problems());
  std::optional<Rule> found;
  for (const auto& [kind, name] : kRules) {
    if (!table.has(name)) {
      table.known(name);
      continue;
    }
    Rule rule{.kind = kind, .paths = {}, .words = {}, .at = table.at_key(name)};
    read_value(table, name, rule);
    if (found)
      table.complain(rule.at, fmt::format("'{}' beside '{}': an invariant has one rule; write another invariant", name,
                                          name_of(found->kind)));
    else
      found = std::move(rule);
  }
  if (value->entries.empty())
    table.complain(table.at(), "the rule is empty; leave it out for a statement of words only");
  table.finish();
  return found;
}

Kind read_kind(TableReader& table) {
  auto word = table.string("kind");
  if (!word) {
    if (!table.has("kind")) table.complain(table.at(), "'kind' is missing: \"must\" or \"allowed\"");
    return Kind::must;
  }
  if (word->text == "allowed") return Kind::allowed;
  if (word->text != "must")
    table.complain(word->at, fmt::format("'{}' is no kind, which is \"must\" or \"allowed\"{}", show(word->text),
                                         did_you_mean(word->text, {"must", "allowed"})));
  return Kind::must;
}

Invariant read_invariant(TableReader& table, std::map<std::string, int>& lines) {
  Invariant invariant;
  invariant.at = table.at("id");
  invariant.id = read_line(table, "id", true);
  if (!invariant.id.empty() && !is_id(invariant.id))
    table.complain(invariant.at, fmt::format("'{}' is no id: up to 64 of a-z, 0-9, '-' and '_'", show(invariant.id)));
  if (auto [first, is_new] = lines.emplace(invariant.id, invariant.at.line); !is_new && !invariant.id.empty())
    table.complain(invariant.at, fmt::format("there is an invariant '{}' already, at {}:{}", show(invariant.id),
                                             table.file(), first->second));
  invariant.area = read_line(table, "area", true);
  invariant.kind = read_kind(table);
  invariant.statement = read_line(table, "statement", true);
  invariant.hint = read_line(table, "hint", false);
  if (table.has("scope"))
    invariant.scope = read_filters(table, "scope");
  else
    invariant.scope = FilterList::parse({"**"}).value();
  table.known("scope");
  invariant.rule = read_rule(table);
  table.finish();
  return invariant;
}

// False when the rest of the file must not be read.
bool read_version(TableReader& root) {
  if (!root.has("version")) {
    root.known("version");
    root.complain({1, 1}, "'version = 1' is missing; write it as the first line");
    return true;
  }
  auto version = root.integer("version");
  if (!version || *version == 1) return true;
  root.complain(root.at("version"),
                fmt::format("version {} is not known to this program, which reads version 1", *version));
  return false;
}

void in_order(std::vector<toml::Problem>& problems) {
  std::sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) {
    return std::tie(a.line, a.column, a.text) < std::tie(b.line, b.column, b.text);
  });
  constexpr std::size_t kMost = 100;
  if (problems.size() <= kMost) return;
  auto rest = fmt::format("and {} more problems", problems.size() - kMost);
  problems.resize(kMost);
  problems.push_back({problems.front().file, 0, 0, std::move(rest)});
}

}  // namespace

std::string_view name_of(RuleKind kind) {
  return std::find_if(kRules.begin(), kRules.end(), [&](const auto& rule) { return rule.kind == kind; })->name;
}

FileResult read_invariants(std::string_view text, const std::string& file) {
  FileResult result;
  auto value = toml::parse(text, file);
  if (!value) {
    result.problems.push_back(value.error());
    return result;
  }
  TableReader root(*value, file, result.problems);
  if (!read_version(root)) return result;
  result.file.name = read_line(root, "name", true);
  auto tables = root.tables("invariant");
  if (tables.size() > kMaxInvariants) {
    root.complain(tables[kMaxInvariants]->at, fmt::format("there are more than {} invariants", kMaxInvariants));
    tables.resize(kMaxInvariants);
  }
  std::map<std::string, int> lines;
  for (const auto* each : tables) {
    TableReader table(*each, file, result.problems);
    result.file.invariants.push_back(read_invariant(table, lines));
  }
  root.finish();
  in_order(result.problems);
  return result;
}

}  // namespace pika::invariants
