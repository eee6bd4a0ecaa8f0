#include "pika/toml/toml.hpp"

#include <doctest/doctest.h>

#include "pika/toml/reader.hpp"

using namespace pika;

TEST_CASE("keys and values know their line and column, in the order of the file") {
  auto v = toml::parse("zeta = 1\nalpha = [\"x\",\n  \"y\"]\n[t.u]\nk = true\n", "f.toml");
  REQUIRE(v);
  REQUIRE(v->entries.size() == 3);
  CHECK(v->entries[0].key == "zeta");
  CHECK(v->entries[0].value.integer == 1);
  CHECK(v->entries[1].key == "alpha");
  CHECK(v->entries[1].value.items[1].at.line == 3);
  CHECK(v->entries[1].value.items[1].at.column == 3);
  auto* k = v->find("t")->value.find("u")->value.find("k");
  CHECK(k->at.line == 5);
  CHECK(k->at.column == 1);
  CHECK(k->value.at.column == 5);
  CHECK(k->value.boolean);
}

TEST_CASE("a syntax error names file, line and column") {
  auto v = toml::parse("a = 1\nb = off\n", "ci/pikaci.toml");
  REQUIRE_FALSE(v);
  CHECK(v.error().print().starts_with("ci/pikaci.toml:2:"));
  CHECK_FALSE(toml::parse("a = 1\na = 2\n", "f"));
  CHECK_FALSE(toml::parse("a = \"\xff\"\n", "f"));
}

TEST_CASE("size and depth are bounded, however the depth is written") {
  CHECK_FALSE(toml::parse(std::string(toml::kMaxBytes + 1, '\n'), "f"));
  CHECK_FALSE(toml::parse("a = " + std::string(200'000, '['), "f"));
  std::string dotted = "a";
  for (int i = 0; i < 100'000; ++i) dotted += ".a";
  auto key = toml::parse(dotted + " = 1\n", "f");
  REQUIRE_FALSE(key);
  CHECK(key.error().line == 1);
  CHECK_FALSE(toml::parse("[" + dotted + "]\n", "f"));
  CHECK_FALSE(toml::parse("x = '''\n'''\n[[" + dotted + "]]\n", "f"));
  CHECK(toml::parse("a.b.c.d = 1\n", "f"));
}

TEST_CASE("dots in strings and comments are no key") {
  std::string dots(500, '.');
  CHECK(toml::parse("a = \"" + dots + "\" # " + dots + "\nb = '" + dots + "'\nc = \"\"\"\n" + dots +
                        "\"\"\"\"\"\nd = '''" + dots + "'''\n",
                    "f"));
}

TEST_CASE("the reader finds every wrong type and unknown key in one pass") {
  auto v = toml::parse("prot = 1\nhost = 3\nlist = [1, 'a']\nsub = 'x'\n", "server.toml");
  REQUIRE(v);
  std::vector<toml::Problem> problems;
  std::string file = "server.toml";
  toml::TableReader reader(*v, file, problems);
  CHECK_FALSE(reader.integer("port"));
  CHECK_FALSE(reader.string("host"));
  CHECK(reader.strings("list")->size() == 1);
  CHECK_FALSE(reader.table("sub"));
  reader.finish();
  REQUIRE(problems.size() == 4);
  CHECK(problems[0].print() == "server.toml:2:8: 'host' must be a string, and this is a whole number");
  CHECK(problems[3].print() == "server.toml:1:1: unknown key 'prot'; did you mean 'port'?");
}

TEST_CASE("what makes toml++ abort is refused with its place: found by the fuzzer") {
  auto control = toml::parse("version = 1\n[\x01taegsr]\n", "f");
  REQUIRE_FALSE(control);
  CHECK(control.error().print() == "f:2:2: a control character (byte 0x01)");
  auto letter = toml::parse("é = 1\n", "f");
  REQUIRE_FALSE(letter);
  CHECK(letter.error().print().starts_with("f:1:1: a letter that is not ASCII outside of a string"));
  CHECK_FALSE(toml::parse("a = 1 # x\r y\n", "f"));
  CHECK_FALSE(toml::parse("a = \"\x7f\"\n", "f"));
  CHECK_FALSE(toml::parse(std::string("a = '\0'\n", 8), "f"));
}

TEST_CASE("letters, Windows line ends and a byte order mark are fine where TOML has them") {
  auto v = toml::parse("\xef\xbb\xbf# é\r\n\"é\" = \"è\"\r\nb = 'ü'\r\n", "f");
  REQUIRE(v);
  CHECK(v->entries[0].key == "é");
  CHECK(v->entries[0].value.text == "è");
  CHECK(v->entries[1].at.line == 3);
}
