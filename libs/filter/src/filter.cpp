// Matching: all places of the pattern where the path read so far may stand, moved on byte by byte.
#include "pika/filter/filter.hpp"

#include <algorithm>

namespace pika {

bool Filter::matches(std::string_view path) const {
  return std::any_of(alternatives_.begin(), alternatives_.end(),
                     [&](const Alternative& alternative) { return matches(alternative, path); });
}

bool Filter::matches(const Alternative& alternative, std::string_view path) const {
  if (!path.starts_with(alternative.prefix)) return false;
  const auto& tokens = alternative.rest;
  std::size_t at = alternative.prefix.size();
  if (tokens.empty()) return at == path.size();
  if (tokens.size() == 1 && tokens[0].kind == Kind::deep_run) return true;

  std::vector<char> here(tokens.size() + 1), next(tokens.size() + 1);
  here[0] = 1;
  for (;; ++at) {
    bool segment_start = at == 0 || path[at - 1] == '/';
    bool alive = false;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (!here[i]) continue;
      alive = true;
      auto kind = tokens[i].kind;
      bool may_be_empty = kind == Kind::run || kind == Kind::deep_run || (kind == Kind::deep_folders && segment_start);
      if (may_be_empty) here[i + 1] = 1;
    }
    if (at == path.size()) return here.back() != 0;
    if (!alive) return false;
    auto byte = static_cast<unsigned char>(path[at]);
    std::fill(next.begin(), next.end(), 0);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (!here[i]) continue;
      switch (tokens[i].kind) {
        case Kind::byte:
          next[i + 1] |= byte == tokens[i].byte;
          break;
        case Kind::any:
          next[i + 1] |= byte != '/';
          break;
        case Kind::of_class:
          next[i + 1] |= classes_[tokens[i].of_class].test(byte);
          break;
        case Kind::run:
          next[i] |= byte != '/';
          break;
        case Kind::deep_run:
          next[i] = 1;
          break;
        case Kind::deep_folders:
          next[i] = 1;
          next[i + 1] |= byte == '/';
          break;
      }
    }
    here.swap(next);
  }
}

std::vector<Filter::Hint> Filter::hints() const {
  std::vector<Hint> out;
  for (const auto& [prefix, tokens] : alternatives_) {
    auto& hint = out.emplace_back(Hint{prefix, tokens.empty() ? prefix : std::string(), {}});
    for (auto t = tokens.rbegin(); t != tokens.rend() && t->kind == Kind::byte; ++t)
      hint.suffix.insert(hint.suffix.begin(), static_cast<char>(t->byte));
    // "**/" and then what can hold no '/': that is a file's name.
    auto within_a_name = [&](const Token& t) {
      return t.kind == Kind::any || t.kind == Kind::run || (t.kind == Kind::byte && t.byte != '/') ||
             (t.kind == Kind::of_class && !classes_[t.of_class].test('/'));
    };
    if (!prefix.empty() || tokens.empty() || tokens[0].kind != Kind::deep_folders ||
        !std::all_of(tokens.begin() + 1, tokens.end(), within_a_name))
      continue;
    for (auto t = tokens.begin() + 1; t != tokens.end() && t->kind == Kind::byte; ++t)
      hint.name_prefix += static_cast<char>(t->byte);
  }
  return out;
}

Result<FilterList> FilterList::parse(const std::vector<std::string>& patterns) {
  FilterList list;
  list.filters_.reserve(patterns.size());
  for (const auto& pattern : patterns) list.filters_.push_back(PIKA_TRY(Filter::parse(pattern)));
  return list;
}

const Filter* FilterList::choosing(std::string_view path) const {
  for (auto filter = filters_.rbegin(); filter != filters_.rend(); ++filter)
    if (filter->matches(path)) return filter->takes_out() ? nullptr : &*filter;
  return nullptr;
}

}  // namespace pika
