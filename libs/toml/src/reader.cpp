#include "pika/toml/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"

namespace pika::toml {

namespace {
// "prot" for "port": the commonest slip, and two edits for nearest().
std::optional<std::string> untangle(std::string_view word, const std::vector<std::string>& known) {
  std::string turned(word);
  for (std::size_t i = 0; i + 1 < turned.size(); ++i) {
    std::swap(turned[i], turned[i + 1]);
    if (std::find(known.begin(), known.end(), turned) != known.end()) return turned;
    std::swap(turned[i], turned[i + 1]);
  }
  return std::nullopt;
}
}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  if (word.size() > 100 || known.size() > 1000) return {};
  auto near = untangle(word, known);
  if (!near) near = nearest(word, known);
  return near && *near != word ? fmt::format("; did you mean '{}'?", *near) : std::string();
}

std::string show(std::string_view word) {
  constexpr std::size_t kMost = 60;
  auto text = word.size() > kMost ? to_utf8(word.substr(0, kMost)) + "…" : std::string(word);
  auto shown = quote_name(text);
  if (shown.starts_with('"') && shown.size() >= 2) shown = shown.substr(1, shown.size() - 2);
  return shown;
}

TableReader::TableReader(const Value& table, const std::string& file, std::vector<Problem>& problems)
    : table_(table), file_(file), problems_(problems) {}

void TableReader::complain(Position at, std::string text) {
  problems_.push_back({file_, at.line, at.column, std::move(text)});
}

void TableReader::known(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
}

bool TableReader::has(std::string_view key) const {
  return table_.find(key) != nullptr;
}

Position TableReader::at(std::string_view key) const {
  auto* entry = table_.find(key);
  return entry ? entry->value.at : table_.at;
}

Position TableReader::at_key(std::string_view key) const {
  auto* entry = table_.find(key);
  return entry ? entry->at : table_.at;
}

const Value* TableReader::any(std::string_view key) {
  known(key);
  auto* entry = table_.find(key);
  return entry ? &entry->value : nullptr;
}

const Value* TableReader::find(std::string_view key, Kind kind) {
  auto* value = any(key);
  if (!value || value->kind == kind) return value;
  complain(value->at, fmt::format("'{}' must be {}, and this is {}", key, words_for(kind), words_for(value->kind)));
  return nullptr;
}

std::optional<Word> TableReader::string(std::string_view key) {
  auto* value = find(key, Kind::string);
  if (!value) return std::nullopt;
  return Word{value->text, value->at};
}

std::optional<std::int64_t> TableReader::integer(std::string_view key) {
  auto* value = find(key, Kind::integer);
  if (!value) return std::nullopt;
  return value->integer;
}

std::optional<double> TableReader::number(std::string_view key) {
  auto* value = any(key);
  if (value && value->kind == Kind::integer) return value->number;
  value = find(key, Kind::number);
  if (!value) return std::nullopt;
  return value->number;
}

std::optional<bool> TableReader::boolean(std::string_view key) {
  auto* value = find(key, Kind::boolean);
  if (!value) return std::nullopt;
  return value->boolean;
}

std::optional<std::vector<Word>> TableReader::strings(std::string_view key) {
  auto* value = any(key);
  if (!value) return std::nullopt;
  if (value->kind != Kind::array) {
    complain(value->at, fmt::format("'{}' must be a list of strings, and this is {}", key, words_for(value->kind)));
    return std::nullopt;
  }
  std::vector<Word> words;
  for (const auto& item : value->items) {
    if (item.kind == Kind::string)
      words.push_back({item.text, item.at});
    else
      complain(item.at, fmt::format("'{}' must hold strings, and this is {}", key, words_for(item.kind)));
  }
  return words;
}

const Value* TableReader::table(std::string_view key) {
  return find(key, Kind::table);
}

std::vector<const Value*> TableReader::tables(std::string_view key) {
  std::vector<const Value*> found;
  auto* value = any(key);
  if (!value) return found;
  if (value->kind != Kind::array) {
    complain(value->at, fmt::format("'{}' must be a list of tables: write [[{}]] where this is {}", key, key,
                                    words_for(value->kind)));
    return found;
  }
  for (const auto& item : value->items) {
    if (item.kind == Kind::table)
      found.push_back(&item);
    else
      complain(item.at, fmt::format("'{}' must hold tables, and this is {}", key, words_for(item.kind)));
  }
  return found;
}

void TableReader::finish() {
  for (const auto& entry : table_.entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    complain(entry.at, fmt::format("unknown key '{}'{}", show(entry.key), did_you_mean(entry.key, known_)));
  }
}

}  // namespace pika::toml
