#include "pika/explain/colours.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "pika/base/files.hpp"
#include "pika/gitx/git.hpp"

using namespace pika;

TEST_CASE("colours are given by line, also of a comment that crosses lines, and never beyond a line's end") {
  TempDir dir("colours-");
  auto git_run = [&](std::vector<std::string> args) {
    args.insert(args.begin(), {"-c", "user.name=t", "-c", "user.email=t@x"});
    REQUIRE(git::run(dir.path(), args));
  };
  git_run({"init", "-q", "-b", "main"});
  const std::vector<std::string> lines = {"/* one", "   two */", "int f() { return \"x\"[0]; }"};
  std::ofstream(dir.path() / "a.cpp") << lines[0] << "\n" << lines[1] << "\n" << lines[2] << "\n";
  git_run({"add", "-A"});
  git_run({"commit", "-q", "-m", "c"});
  auto head = git::Repository::open(dir.path())->resolve_commit("HEAD").value();
  auto diff = git::make_diff(dir.path(), {}, head).value();
  explain::Colours colours(dir.path());
  auto paint_at = [&](int line, int byte) -> std::string {
    for (const auto& span : colours.line(diff.files[0], true, line)) {
      CHECK(span.begin < span.end);
      CHECK(span.end <= static_cast<int>(lines[static_cast<std::size_t>(line) - 1].size()));
      if (span.begin <= byte && byte < span.end) return std::string(span.paint);
    }
    return "";
  };
  CHECK(paint_at(1, 3) == "comment");
  CHECK(paint_at(2, 4) == "comment");
  CHECK(paint_at(3, 11) == "keyword");
  CHECK(paint_at(3, 18) == "string");
  CHECK(colours.line(diff.files[0], true, 99).empty());
  CHECK(colours.line(diff.files[0], false, 1).empty());
}
