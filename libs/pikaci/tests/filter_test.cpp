#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cstdlib>

#include "pikaci/filter.hpp"
#include "pikaci/selection.hpp"

using pikaci::check_filter;
using pikaci::Filter;
using pikaci::filter_matches;
using pikaci::FilterList;

namespace {

// The same cases in every run; RC_PARAMS given from outside (script/nightly) wins.
const int kSeeded = setenv("RC_PARAMS", "seed=20 max_success=2000 max_size=30", 0);

// The language again, written for obviousness: braces become words, then plain backtracking. Exponential.
std::vector<std::string> naive_braces(const std::string& pattern) {
  auto open = pattern.find('{');
  if (open == std::string::npos) return {pattern};
  std::vector<std::string> parts(1), out;
  int depth = 1;
  auto at = open + 1;
  for (; depth > 0; ++at) {
    char c = pattern[at];
    if (c == '{') ++depth;
    if (c == '}' && --depth == 0) break;
    if (c == ',' && depth == 1)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  for (const auto& part : parts)
    for (auto& word : naive_braces(pattern.substr(0, open) + part + pattern.substr(at + 1)))
      out.push_back(std::move(word));
  return out;
}

bool naive_match(std::string_view pattern, std::string_view path, bool segment_start) {
  if (pattern.empty()) return path.empty();
  auto eat = [&](std::string_view rest_of_pattern) {
    return !path.empty() && naive_match(rest_of_pattern, path.substr(1), path[0] == '/');
  };
  if (pattern.starts_with("***")) return naive_match(pattern.substr(1), path, segment_start);
  if (pattern.starts_with("**/")) {
    if (segment_start && naive_match(pattern.substr(3), path, segment_start)) return true;
    return (!path.empty() && path[0] == '/' && naive_match(pattern.substr(3), path.substr(1), true)) || eat(pattern);
  }
  if (pattern.starts_with("**")) return naive_match(pattern.substr(2), path, segment_start) || eat(pattern);
  if (pattern[0] == '*')
    return naive_match(pattern.substr(1), path, segment_start) || (!path.starts_with('/') && eat(pattern));
  if (pattern[0] == '?') return !path.starts_with('/') && eat(pattern.substr(1));
  if (pattern.starts_with("[ab]")) return (path.starts_with('a') || path.starts_with('b')) && eat(pattern.substr(4));
  if (pattern.starts_with("[!a]")) return !path.starts_with('a') && !path.starts_with('/') && eat(pattern.substr(4));
  return path.starts_with(pattern[0]) && eat(pattern.substr(1));
}

bool naive(const std::string& pattern, const std::string& path) {
  for (auto word : naive_braces(pattern)) {
    if (word.ends_with('/')) word += "**";
    if (naive_match(word, path, true)) return true;
  }
  return false;
}

rc::Gen<std::string> pattern_of(int depth) {
  auto piece = rc::gen::weightedOneOf<std::string>({
      {8, rc::gen::elementOf(std::vector<std::string>{"a", "b", "é", "/", "/", ".", "\xff"})},
      {3, rc::gen::elementOf(std::vector<std::string>{"*", "**", "**/", "/**", "/**/", "?", "[ab]", "[!a]"})},
      {depth > 0 ? 1u : 0u, rc::gen::lazy([depth] {
         return rc::gen::map(rc::gen::pair(pattern_of(depth - 1), pattern_of(depth - 1)),
                             [](const auto& two) { return "{" + two.first + "," + two.second + "}"; });
       })},
  });
  return rc::gen::map(rc::gen::resize(7, rc::gen::container<std::vector<std::string>>(piece)), [](const auto& pieces) {
    std::string joined;
    for (const auto& p : pieces) joined += p;
    return joined;
  });
}

rc::Gen<std::string> any_path() {
  return rc::gen::map(rc::gen::resize(9, rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
                                             std::vector<std::string>{"a", "b", "/", "é", ".", "\xff", "\n", "c"}))),
                      [](const auto& pieces) {
                        std::string joined;
                        for (const auto& p : pieces) joined += p;
                        return joined;
                      });
}

}  // namespace

TEST_CASE("a filter matches what a naive reading of the language matches") {
  REQUIRE(kSeeded == 0);
  int matched = 0, compared = 0;
  bool holds = rc::check([&] {
    auto pattern = *pattern_of(2);
    auto path = *any_path();
    if (!check_filter(pattern)) return;  // refused patterns have tests of their own
    ++compared;
    matched += naive(pattern, path);
    RC_ASSERT(filter_matches(pattern, path) == naive(pattern, path));
  });
  CHECK(holds);
  CHECK(compared > 500);
  CHECK(matched > 20);
}

TEST_CASE("a lane is chosen by the same path as when every filter looks at every path") {
  int chosen = 0;
  bool holds = rc::check([&] {
    std::vector<std::string> patterns,
        paths = *rc::gen::resize(30, rc::gen::container<std::vector<std::string>>(any_path()));
    for (auto& pattern : *rc::gen::resize(40, rc::gen::container<std::vector<std::string>>(pattern_of(1)))) {
      if (*rc::gen::inRange(0, 4) == 0) pattern.insert(0, "!");
      if (check_filter(pattern)) patterns.push_back(pattern);
    }
    if (patterns.empty() || paths.empty()) return;
    auto filters = FilterList::parse(patterns).value();
    auto first = std::find_if(paths.begin(), paths.end(), [&](const auto& path) { return filters.choosing(path); });
    pikaci::Catalogue catalogue;
    pikaci::Lane lane;
    lane.id = "l";
    lane.paths = patterns;
    catalogue.lanes.push_back(lane);
    auto choice = select_lanes(catalogue, paths).at(0);
    RC_ASSERT(choice.selected == (first != paths.end()));
    if (first != paths.end()) {
      ++chosen;
      RC_ASSERT(choice.path == *first);
      RC_ASSERT(choice.filter == filters.choosing(*first)->text());
    }
  });
  CHECK(holds);
  CHECK(chosen > 200);
}

TEST_CASE("a filter that was made from a path matches it") {
  CHECK(rc::check([] {
    auto path = *rc::gen::suchThat(any_path(), [](const std::string& p) { return !p.empty() && p[0] != '/'; });
    std::string pattern;
    for (char c : path) {
      auto how = *rc::gen::inRange(0, 4);
      if (how == 0 && c != '/')
        pattern += '?';
      else if (how == 1 && c != '/')
        pattern += "*";
      else if (how == 2)
        pattern += "{" + std::string(1, c) + ",zz}";
      else
        pattern += c;
    }
    if (pattern.ends_with('/') || !check_filter(pattern)) return;
    RC_ASSERT(filter_matches(pattern, path));
  }));
}

TEST_CASE("the words of the filter language mean what the documentation says") {
  CHECK(filter_matches("libs/**", "libs/base/src/fd.cpp"));
  CHECK_FALSE(filter_matches("libs/**", "libs2/a"));
  CHECK_FALSE(filter_matches("libs/**", "libs"));
  CHECK(filter_matches("docs/", "docs/a/b.md"));
  CHECK_FALSE(filter_matches("docs/", "docs"));
  CHECK_FALSE(filter_matches("docs/", "old/docs/a"));
  CHECK(filter_matches("*.md", "README.md"));
  CHECK_FALSE(filter_matches("*.md", "docs/README.md"));
  CHECK(filter_matches("**/*.md", "README.md"));
  CHECK(filter_matches("**/*.md", "docs/a/README.md"));
  CHECK(filter_matches("a/**/b", "a/b"));
  CHECK(filter_matches("a/**/b", "a/x/y/b"));
  CHECK_FALSE(filter_matches("a/**/b", "a/xb"));
  CHECK(filter_matches("src/?.c", "src/a.c"));
  CHECK_FALSE(filter_matches("src/?.c", "src//.c"));
  CHECK(filter_matches("[a-c]x", "bx"));
  CHECK_FALSE(filter_matches("[!a-c]x", "bx"));
  CHECK_FALSE(filter_matches("a[!x]b", "a/b"));
  CHECK(filter_matches("[]-]", "]"));
  CHECK(filter_matches("[]-]", "-"));
  CHECK(filter_matches("*.{cpp,hpp}", "a.hpp"));
  CHECK(filter_matches("{a,b{c,d}}/x", "bd/x"));
  CHECK(filter_matches("x{,.bak}", "x"));
  CHECK(filter_matches("\\{\\*\\}", "{*}"));
  CHECK(filter_matches("[{]a,b[}]", "{a,b}"));
  CHECK(filter_matches("a,b", "a,b"));
  CHECK_FALSE(filter_matches("README.md", "readme.md"));
  CHECK(filter_matches("**", "any thing\n\xff"));
}

TEST_CASE("names are bytes: é, a newline and 0xFF are matched as they are") {
  CHECK(filter_matches("d\xc3\xa9j\xc3\xa0/*", "d\xc3\xa9j\xc3\xa0/vu"));
  CHECK_FALSE(filter_matches("?", "\xc3\xa9"));  // two bytes
  CHECK(filter_matches("a?b", "a\nb"));
  CHECK(filter_matches("*", "\xff"));
  CHECK(filter_matches("[\x80-\xff]", "\xfe"));
}

TEST_CASE("a malformed filter, or one that could never match, is refused with a sentence") {
  for (auto bad : {"",    "!",      "[a", "[",    "[!",  "{a",    "a}",  "{a,{b}", "a\\", "[z-a]", "/libs/**",
                   "./x", "a/../b", "..", "a//b", "a//", "a/./b", "a/.", "[/]",    "{}",  "a[\\"}) {
    CAPTURE(bad);
    auto status = check_filter(bad);
    REQUIRE_FALSE(status);
    CHECK(status.error().kind == pika::ErrorKind::invalid);
    CHECK(status.error().what.starts_with("the filter"));
    CHECK_FALSE(filter_matches(bad, "a"));
  }
  CHECK_FALSE(check_filter(std::string(2000, 'a')));
  CHECK_FALSE(check_filter("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"));
  CHECK_FALSE(check_filter("{{{{{{{{{{a}}}}}}}}}}"));
  CHECK_FALSE(check_filter(std::string(900, 'a') + "{a,b}{a,b}{a,b}{a,b}"));
}

TEST_CASE("stars on stars take polynomial time") {
  std::string pattern, path;
  for (int i = 0; i < 300; ++i) pattern += "**/";
  pattern += "b";
  for (int i = 0; i < 2000; ++i) path += "a/";
  path += "c";
  CHECK_FALSE(filter_matches(pattern, path));  // exponential matchers do not come back from here
  std::string stars;
  for (int i = 0; i < 200; ++i) stars += "*a";
  CHECK_FALSE(filter_matches(stars + "b", std::string(4000, 'a')));
  CHECK(filter_matches(stars, std::string(4000, 'a')));
}

TEST_CASE("in a list the last filter that matches decides") {
  auto list = FilterList::parse({"libs/**", "!libs/**/*.md", "libs/keep.md"}).value();
  CHECK(list.choosing("libs/a.cpp")->text() == "libs/**");
  CHECK(list.choosing("libs/x/a.md") == nullptr);
  CHECK(list.choosing("libs/keep.md")->text() == "libs/keep.md");
  CHECK(list.choosing("apps/a.cpp") == nullptr);
}
