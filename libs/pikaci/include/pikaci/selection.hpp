// Selection: which lanes a change set chooses. One matcher, used by the forge, the command line and the lint alike.
//
// Filter language (docs/catalogue.md): '*' any run of bytes but '/', '**' also across '/', '?' one byte but '/',
// '[a-z]' and '[!a-z]', '{a,b}'; a leading '!' takes matching paths out again; a filter ending in '/' means
// everything below. Matching is on bytes, case counts. No paths means always. An empty change set selects all. A
// change to the catalogue selects every lane. '**/' at the start of a folder or file name may also stand for nothing
// ("**/x" matches "x"); '\' takes the next byte as it is; the last filter of a list that matches a path decides.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/result.hpp"
#include "pikaci/catalogue.hpp"

namespace pikaci {

// invalid when the pattern is malformed ("[" without "]").
pika::Status check_filter(std::string_view pattern);
// Of one pattern alone, a leading '!' left away; lists are FilterList's (filter.hpp). A malformed pattern matches
// nothing.
bool filter_matches(std::string_view pattern, std::string_view path);

struct Choice {
  std::string lane;
  bool selected = false;
  std::string filter, path;  // what matched what; empty when it was no path that decided
  std::string reason;        // "libs/a.cpp matches libs/**", "has no paths: always", "no path matches"
};
// One entry a lane that is not nightly, in catalogue order.
std::vector<Choice> select_lanes(const Catalogue& catalogue, const std::vector<std::string>& changed_paths);

}  // namespace pikaci
