// What is made of the key tables is current. PIKA_UPDATE=1 writes it anew:
//   PIKA_UPDATE=1 build/dev/libs/pikaci/pikaci-test -tc='*made of the keys*'
#include "pikaci/schema.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <regex>
#include <set>

#include "catalogue_support.hpp"
#include "pika/base/files.hpp"

using namespace pikaci;
namespace fs = std::filesystem;
namespace json = pika::json;

namespace {

const fs::path kSource = PIKA_SOURCE_DIR;

void check_current(const fs::path& path, const std::string& wanted) {
  auto file = kSource / path;
  if (std::getenv("PIKA_UPDATE")) pika::write_file_atomic(file, wanted);
  auto is = pika::read_file(file);
  INFO(path.string(), " is not what the keys make of it; PIKA_UPDATE=1 writes it");
  CHECK((is && *is == wanted));
}

// The document with every block between "<!-- keys NAME -->" and "<!-- end -->" made anew.
std::string with_tables(const std::string& text) {
  std::string out;
  std::size_t at = 0;
  constexpr std::string_view kBegin = "<!-- keys ", kEnd = "<!-- end -->";
  for (std::size_t begin; (begin = text.find(kBegin, at)) != std::string::npos;) {
    auto line_end = text.find('\n', begin);
    auto name = text.substr(begin + kBegin.size(), text.find(' ', begin + kBegin.size()) - begin - kBegin.size());
    auto rows = key_rows(name);
    CAPTURE(name);
    REQUIRE_FALSE(rows.empty());
    out += text.substr(at, line_end + 1 - at) + rows;
    at = text.find(kEnd, line_end);
    REQUIRE(at != std::string::npos);
  }
  return out + text.substr(at);
}

}  // namespace

TEST_CASE("the schema in docs is made of the keys") {
  check_current("docs/pikaci.schema.json", json::print_pretty(json_schemas()));
}

TEST_CASE("the tables of docs/catalogue.md are made of the keys") {
  auto text = pika::read_file(kSource / "docs/catalogue.md").value();
  check_current("docs/catalogue.md", with_tables(text));
  for (const char* name : {"catalogue", "lane", "job", "limits", "artifacts", "reuse", "policy_target"})
    CHECK_MESSAGE(text.find(fmt::format("<!-- keys {} -->", name)) != std::string::npos, name);
}

TEST_CASE("a schema holds for itself: every reference is there, every pattern is one") {
  for (const auto& name : schema_names()) {
    auto schema = json_schema(name);
    REQUIRE(schema);
    auto text = json::print(*schema);
    const auto& defs = schema->at("$defs").as_object();
    std::regex reference(R"re("\$ref":"#/\$defs/([a-z_]+)")re"), pattern(R"re("pattern":("(\\.|[^"\\])*"))re");
    for (auto at = std::sregex_iterator(text.begin(), text.end(), reference); at != std::sregex_iterator(); ++at)
      CHECK_MESSAGE(defs.contains((*at)[1].str()), (*at)[1].str());
    for (auto at = std::sregex_iterator(text.begin(), text.end(), pattern); at != std::sregex_iterator(); ++at) {
      auto written = json::parse((*at)[1].str());
      REQUIRE(written);
      CHECK_NOTHROW(std::regex(std::string(written->as_string())));
    }
    CHECK(schema->at("additionalProperties") == false);
  }
  CHECK_FALSE(json_schema("catalog"));
}
