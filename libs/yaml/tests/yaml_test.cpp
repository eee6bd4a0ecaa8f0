#include "pika/yaml/yaml.hpp"

#include <doctest/doctest.h>

using namespace pika::yaml;

TEST_CASE("a tree of words with their lines") {
  auto value = parse(
      "on: push\njobs:\n  test:\n    steps:\n      - run: |\n          make\n          make test\n      - {name: x, "
      "'n': \"1\"}\n",
      "w.yml");
  REQUIRE(value);
  CHECK(value->scalar("on") == "push");
  const auto* steps = value->find("jobs")->find("test")->find("steps");
  REQUIRE(steps);
  REQUIRE(steps->items.size() == 2);
  CHECK(steps->items[0].scalar("run") == "make\nmake test\n");
  CHECK(steps->items[0].line == 5);
  CHECK(steps->items[1].scalar("name") == "x");
  CHECK(steps->items[1].find("name")->plain);
  CHECK_FALSE(steps->items[1].find("n")->plain);
  CHECK(value->find("nothing") == nullptr);
  CHECK(parse("", "e.yml")->kind == Kind::null);
}

TEST_CASE("aliases are copied, and a bomb of them is refused") {
  auto value = parse("a: &x [1, 2]\nb: *x\n", "w.yml");
  REQUIRE(value);
  CHECK(value->find("b")->items.size() == 2);
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 10; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j ? ",*a" : "*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  auto refused = parse(bomb, "w.yml");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("more than 200000 values") != std::string::npos);
}

TEST_CASE("what is no YAML, or none that is read, is told with its place") {
  CHECK(parse("a: [1\nb: 2\n", "w.yml").error().line >= 1);
  CHECK(parse("a: 1\na: 2\n", "w.yml").error().print() == "w.yml:2:1: the key 'a' a second time");
  CHECK(parse("a: *x\n", "w.yml").error().text == "an alias of nothing above it");
  CHECK(parse("--- 1\n--- 2\n", "w.yml").error().text.find("second document") != std::string::npos);
  CHECK(parse("\xff", "w.yml").error().text == "not UTF-8");
  CHECK(parse(std::string(200, '['), "w.yml").error().text.find("64 deep") != std::string::npos);
  CHECK(parse(std::string(pika::yaml::kMaxBytes + 1, ' '), "w.yml").error().text == "larger than 1 MiB");
}
