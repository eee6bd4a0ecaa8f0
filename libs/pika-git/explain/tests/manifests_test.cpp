// The dependencies that manifests of several ecosystems name.
#include <doctest/doctest.h>

#include "scratch.hpp"

using namespace pika;
using namespace pika::explain;

namespace {

// The title and the words of the page's one step.
std::string step_of(const std::string& file, std::string_view before, std::string_view after) {
  Scratch s;
  s.write(file, before);
  auto a = s.commit("base");
  s.write(file, after);
  auto b = s.commit("head");
  auto e = s.explain(a, b);
  check_promises(e);
  REQUIRE(e.tutorial.steps.size() == 1);
  return e.tutorial.steps[0].title + "\n" + e.tutorial.steps[0].body_markdown;
}

bool says(const std::string& page, std::string_view words) {
  return page.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("go.mod: what it requires, alone or in a block") {
  auto page =
      step_of("go.mod",
              "module x.org/a\n\ngo 1.20\n\nrequire x.org/one v1.0.0\n\nrequire (\n\tx.org/two v1.2.0 // indirect\n"
              "\tx.org/gone v0.1.0\n)\n",
              "module x.org/a\n\ngo 1.21\n\nrequire x.org/one v1.0.0\n\nrequire (\n\tx.org/two v1.3.0 // indirect\n"
              "\tx.org/new v0.0.0-20210220033148-5ea612d1eb83\n)\n");
  CHECK(says(page, "adds `x.org/new`, drops `x.org/gone`, changes `x.org/two` (`v1.2.0 to v1.3.0`)"));
}

TEST_CASE("pip's requirements: a file by its name, and files of a folder") {
  for (auto file : {"requirements.txt", "requirements-dev.txt", "requirements/tests.in"}) {
    auto page =
        step_of(file, "# made by hand\nclick==8.0\nattrs[tests]>=20 ; python_version < \"3\"\nold==1\n",
                "# made by hand\nclick==8.1\nattrs[tests]>=20 ; python_version < \"3\"\nnew~=2.0\n    --hash=x\n"
                "-r other.txt\nthird==1\nfourth==2\n");
    CHECK(says(page, "adds `fourth`, `new` and `third`, drops `old`, changes `click` (`8.0 to 8.1`)"));
  }
}

TEST_CASE("pyproject.toml: dependencies, optional ones and groups; nothing else of it") {
  auto page = step_of(
      "pyproject.toml",
      "[project]\nname = \"a\"\ndependencies = [\n  \"click>=8.0\",\n]\n[project.optional-dependencies]\nx = "
      "[\"one==1\"]\n"
      "[tool.y]\nlist = [\"none\"]\n",
      "[project]\nname = \"a\"\ndependencies = [\n  \"click>=8.1\",\n  "
      "\"flask\",\n]\n[project.optional-dependencies]\nx = "
      "[\"one==1\", \"two\"]\n[dependency-groups]\ndev = [\n  \"three\",\n]\n[tool.y]\nlist = [\"none\", \"other\"]\n");
  CHECK(says(page, "adds `flask`, `three` and `two`, changes `click` (`>=8.0 to >=8.1`)"));
  CHECK_FALSE(says(page, "`other`"));
}
