#include "pikaci/selection.hpp"

#include <doctest/doctest.h>

using namespace pikaci;

namespace {
Catalogue catalogue_of(std::vector<Lane> lanes) {
  Catalogue catalogue;
  catalogue.present = true;
  catalogue.lanes = std::move(lanes);
  return catalogue;
}
Lane lane(std::string id, std::vector<std::string> paths) {
  Lane made;
  made.id = made.title = made.target = std::move(id);
  made.paths = std::move(paths);
  return made;
}
}  // namespace

TEST_CASE("each lane tells which path matched which filter") {
  auto choices = select_lanes(catalogue_of({lane("unit", {"libs/**"}), lane("docs", {"docs/"}), lane("always", {})}),
                              {"README.md", "libs/a.cpp"});
  REQUIRE(choices.size() == 3);
  CHECK(choices[0].selected);
  CHECK(choices[0].reason == "libs/a.cpp matches libs/**");
  CHECK(choices[0].path == "libs/a.cpp");
  CHECK(choices[0].filter == "libs/**");
  CHECK_FALSE(choices[1].selected);
  CHECK(choices[1].reason == "no path matches");
  CHECK(choices[2].selected);
  CHECK(choices[2].reason == "has no paths: always");
}

TEST_CASE("an empty change set selects every lane") {
  auto choices = select_lanes(catalogue_of({lane("unit", {"libs/**"})}), {});
  CHECK(choices[0].selected);
}

TEST_CASE("a change to either catalogue file selects every lane, and says so") {
  for (std::string file : {"ci/pikaci.toml", "ci/forge-lanes.toml"}) {
    auto choices = select_lanes(catalogue_of({lane("unit", {"libs/**"})}), {file});
    CHECK(choices[0].selected);
    CHECK(choices[0].path == file);
    CHECK(choices[0].reason.find("catalogue") != std::string::npos);
  }
  CHECK_FALSE(select_lanes(catalogue_of({lane("unit", {"libs/**"})}), {"x/ci/pikaci.toml"})[0].selected);
}

TEST_CASE("nightly lanes are not chosen by a change set") {
  auto night = lane("night", {});
  night.nightly = true;
  CHECK(select_lanes(catalogue_of({night, lane("unit", {})}), {"a"}).size() == 1);
}

TEST_CASE("a path that is taken out selects nothing") {
  auto c = catalogue_of({lane("unit", {"**", "!docs/**"})});
  CHECK_FALSE(select_lanes(c, {"docs/a.md"})[0].selected);
  CHECK(select_lanes(c, {"docs/a.md", "x"})[0].path == "x");
}

TEST_CASE("a reason is text, whatever bytes the name holds") {
  auto choices = select_lanes(catalogue_of({lane("unit", {"**"})}), {"a\n\xff<script>"});
  CHECK(choices[0].path == "a\n\xff<script>");
  CHECK(choices[0].reason == "\"a\\n\\377<script>\" matches **");
}

TEST_CASE("what a filter begins or ends with never hides a path that it matches") {
  std::vector<std::string> paths = {"x/a/bc.c", "a/b.h", "deep/er/name.py", "m", "m/n/o", "q.tar.gz"};
  for (auto [filter, path] : std::vector<std::pair<std::string, std::string>>{{"**/a/b*", "x/a/bc.c"},
                                                                              {"**/b[.]h", "a/b.h"},
                                                                              {"**/{er,xx}/*.py", "deep/er/name.py"},
                                                                              {"**/m", "m"},
                                                                              {"**/n/**", "m/n/o"},
                                                                              {"m/**/o", "m/n/o"},
                                                                              {"**/name*", "deep/er/name.py"},
                                                                              {"*.tar.gz", "q.tar.gz"},
                                                                              {"**.gz", "q.tar.gz"},
                                                                              {"**/?.tar.*", "q.tar.gz"}}) {
    CAPTURE(filter);
    auto choice = select_lanes(catalogue_of({lane("l", {filter})}), paths).at(0);
    CHECK(choice.selected);
    CHECK(choice.path == path);
  }
}
