// docs/catalogue.md is true: its examples load, its wrong lines are said.
#include <doctest/doctest.h>

#include "catalogue_support.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"

using namespace pikaci;

namespace {
std::vector<std::string> toml_examples() {
  auto text = pika::read_file(std::filesystem::path(PIKA_SOURCE_DIR) / "docs/catalogue.md").value();
  std::vector<std::string> examples;
  for (std::size_t at = 0; (at = text.find("```toml\n", at)) != std::string::npos;) {
    at += 8;
    auto end = text.find("```", at);
    examples.push_back(text.substr(at, end - at));
    at = end;
  }
  return examples;
}
}  // namespace

TEST_CASE("every whole example of docs/catalogue.md loads") {
  int whole = 0;
  for (const auto& example : toml_examples()) {
    if (example.find("version = 1") == std::string::npos) continue;  // a piece of a file
    ++whole;
    CAPTURE(example);
    if (example.find("[target.main]") != std::string::npos) {
      CHECK(load_policy(tree_of({{"ci/policy.toml", example}})).problems.empty());
      continue;
    }
    bool older = example.find("branch.lanes") != std::string::npos;
    auto result = load_catalogue(tree_of({{older ? "ci/forge-lanes.toml" : "ci/pikaci.toml", example}}));
    CHECK(result.problems.empty());
    CHECK_FALSE(result.catalogue.lanes.empty());
  }
  CHECK(whole == 3);
}

TEST_CASE("the pieces of docs/catalogue.md make one catalogue") {
  std::string text = "version = 1\n";
  for (const auto& example : toml_examples())
    if (example.find("version = 1") == std::string::npos && !example.starts_with("paths")) text += example;
  CHECK(problems_of(text) == "");
}
