#include "artifacts/glob.hpp"

#include <algorithm>

#include "pika/base/check.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

namespace {

// One element of a pattern at `at`: does it take `c`, and where does the next begin?
struct Element {
  bool takes;
  std::size_t next;
};

// [a-z] with ranges, ! or ^ for all others, ] first as itself; without an end it is a plain bracket.
Element bracket(std::string_view pattern, std::size_t at, unsigned char c) {
  auto i = at + 1;
  bool other = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (other) ++i;
  bool found = false;
  for (auto first = i; i < pattern.size() && (pattern[i] != ']' || i == first); ++i) {
    auto low = static_cast<unsigned char>(pattern[i]), high = low;
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      high = static_cast<unsigned char>(pattern[i + 2]);
      i += 2;
    }
    found = found || (low <= c && c <= high);
  }
  if (i >= pattern.size()) return {c == '[', at + 1};
  return {found != other, i + 1};
}

Element element(std::string_view pattern, std::size_t at, char c) {
  if (pattern[at] == '?') return {true, at + 1};
  if (pattern[at] == '[') return bracket(pattern, at, static_cast<unsigned char>(c));
  if (pattern[at] == '\\' && at + 1 < pattern.size()) return {pattern[at + 1] == c, at + 2};
  return {pattern[at] == c, at + 1};
}

}  // namespace

bool match_name(std::string_view pattern, std::string_view name) {
  // Only the last * is ever tried again: what an earlier one took, a later one could have taken.
  std::size_t p = 0, n = 0, star = std::string_view::npos, star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_name = n;
      continue;
    }
    auto e = p < pattern.size() ? element(pattern, p, name[n]) : Element{false, p};
    if (e.takes) {
      p = e.next;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

GlobWalk::GlobWalk(const std::vector<std::string>& globs) {
  for (const auto& glob : globs) {
    std::vector<std::string> parts;
    for (auto part : pika::split(glob, '/')) {
      if (part.empty() || part == ".") continue;
      if (part == "**" && !parts.empty() && parts.back() == "**") continue;
      parts.emplace_back(part);
    }
    if (glob.ends_with('/') && (parts.empty() || parts.back() != "**")) parts.emplace_back("**");
    globs_.push_back(std::move(parts));
  }
  States start;
  for (std::size_t g = 0; g < globs_.size(); ++g) add(start, {g, 0});
  stack_.push_back(std::move(start));
  matched_.resize(globs_.size());
}

void GlobWalk::add(States& states, State state) const {
  const auto& parts = globs_[state.glob];
  while (true) {
    if (std::find(states.begin(), states.end(), state) == states.end()) states.push_back(state);
    if (state.part >= parts.size() || parts[state.part] != "**" || state.part + 1 == parts.size()) return;
    ++state.part;
  }
}

GlobWalk::States GlobWalk::step(std::string_view name) const {
  States next;
  for (auto state : stack_.back()) {
    const auto& parts = globs_[state.glob];
    if (state.part >= parts.size()) continue;
    if (parts[state.part] == "**") {
      add(next, state);
    } else if (match_name(parts[state.part], name)) {
      add(next, {state.glob, state.part + 1});
    }
  }
  return next;
}

bool GlobWalk::enter(std::string_view folder) {
  auto next = step(folder);
  std::erase_if(next, [&](const State& s) { return s.part >= globs_[s.glob].size(); });
  if (next.empty()) return false;
  stack_.push_back(std::move(next));
  return true;
}

void GlobWalk::leave() {
  PIKA_CHECK(stack_.size() > 1, "left a folder that was not entered");
  stack_.pop_back();
}

bool GlobWalk::matches(std::string_view file) {
  bool any = false;
  for (const auto& s : step(file)) {
    const auto& parts = globs_[s.glob];
    if (s.part != parts.size() && !(s.part + 1 == parts.size() && parts[s.part] == "**")) continue;
    matched_[s.glob] = any = true;
  }
  return any;
}

}  // namespace jerichoci
