// Catalogues that are small to write and were large to read: each is refused, or read, in time that nobody notices.
// What is asserted is the answer; a reader that takes minutes fails by the time limit of the test.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "catalogue_support.hpp"
#include "cli/choose.hpp"

using namespace pikaci;

namespace {

std::string lanes(int count, const std::function<std::string(int)>& lines) {
  std::string out = "version = 1\n";
  for (int i = 0; i < count; ++i) out += fmt::format("[[lane]]\nid = 'l{}'\ncommand = ['true']\n{}\n", i, lines(i));
  return out;
}

std::string list(int count, const std::function<std::string(int)>& word) {
  std::string out = "[";
  for (int i = 0; i < count; ++i) out += "'" + word(i) + "',";
  return out + "]";
}

}  // namespace

TEST_CASE("thousands of lanes that need one another are read and put in order") {
  constexpr int kLanes = 4000;
  auto loaded = load_catalogue(
      tree_of({{"ci/pikaci.toml", lanes(kLanes, [](int i) {
                  return "needs = " + list(std::min(i, 20), [i](int j) { return fmt::format("l{}", i - 1 - j); });
                })}}));
  REQUIRE(loaded.problems.empty());
  auto choosing = choose_named(loaded.catalogue, {fmt::format("l{}", kLanes - 1)});
  REQUIRE(choosing);
  REQUIRE(choosing->runs.size() == kLanes);
  for (int i = 0; i < kLanes; ++i) CHECK(choosing->runs[static_cast<std::size_t>(i)].target == fmt::format("l{}", i));
}

TEST_CASE("what is ready first in the file runs first") {
  auto loaded = load_catalogue(tree_of(
      {{"ci/pikaci.toml", lanes(4, [](int i) { return i == 0 ? std::string("needs = ['l3']") : std::string(); })}}));
  auto choosing = choose_changed(loaded.catalogue, {});
  std::string order;
  for (const auto& run : choosing.runs) order += run.target + " ";
  CHECK(order == "l1 l2 l3 l0 ");
}

TEST_CASE("hopeless files are given up early, with the first of what is wrong") {
  auto wrong = load_catalogue(tree_of({{"ci/pikaci.toml", lanes(3000, [](int i) {
                                          return fmt::format("needs = ['{}{}']", std::string(50, 'x'), i);
                                        })}}));
  REQUIRE(wrong.problems.size() == 101);  // and a word on the rest
  CHECK(wrong.problems[0].line == 5);
  CHECK(problems_of("version = 1\n[[lane]]\nid = 'a'\ntarget = '" + std::string(900'000, 'a') + "'\n")
            .find("there is no target") != std::string::npos);
  CHECK(problems_of(lanes(1, [](int) {
          return "matrix = { a = " + list(60'000, [](int i) { return std::to_string(i); }) + " }";
        })).find("more than 64 cells") != std::string::npos);
  auto circle = problems_of(lanes(2000, [](int i) { return fmt::format("needs = ['l{}']", (i + 1) % 2000); }));
  CHECK(circle.find("wait for each other for ever") != std::string::npos);
  CHECK(circle.size() < 500);
}

TEST_CASE("little text does not make much more") {
  std::string big(400'000, 'x');
  auto services = problems_of("version = 1\n[services.s]\ncommand = ['s', '" + big + "']\n" +
                              lanes(500, [](int) { return "services = ['s']"; }).substr(12));
  CHECK(services.find("more than 32 MiB") != std::string::npos);
  auto cells = problems_of("version = 1\n[[lane]]\nid = 'm'\ncommand = ['${matrix.a}', '" + big +
                           "']\nmatrix = { a = " + list(16, [](int i) { return std::to_string(i); }) +
                           ", b = " + list(4, [](int i) { return std::to_string(i); }) +
                           " }\nenv = { B = '${matrix.b}' }\n" + "[[lane]]\nid = 'n'\ncommand = ['${matrix.a}', '" +
                           big + "']\nmatrix = { a = " + list(64, [](int i) { return std::to_string(i); }) + " }\n");
  CHECK(cells.find("more than 32 MiB") != std::string::npos);
}
