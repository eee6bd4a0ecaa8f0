#include "pika/json/json.hpp"

#include <doctest/doctest.h>

using namespace pika;

TEST_CASE("a broken text is refused with line and column") {
  auto r = json::parse("{\n  \"a\": ?\n}", "body");
  REQUIRE_FALSE(r);
  CHECK(r.error().what.starts_with("body: line 2, column 8"));
  CHECK_FALSE(json::parse("{} x"));
  CHECK_FALSE(json::parse(""));
  CHECK_FALSE(json::parse(std::string(1000, '[')));
}

TEST_CASE("fields are found by type") {
  auto v = json::parse(R"({"a":"x","n":3,"b":true})").value();
  CHECK(json::find_string(v, "a") == "x");
  CHECK_FALSE(json::find_string(v, "n"));
  CHECK(json::find_int(v, "n") == 3);
  CHECK(json::get_string(v, "zz").error().what.find("'zz'") != std::string::npos);
}
