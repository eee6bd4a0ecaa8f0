#include "pika/forge/parts.hpp"

#include <doctest/doctest.h>

using namespace pika;

namespace {
git::CommitInfo commit(const std::string& subject, Micros time) {
  git::CommitInfo out;
  out.author = {.name = "Ada", .email = "ada@x", .time = time};
  out.message = subject + "\n\nbody\n";
  return out;
}
}  // namespace

TEST_CASE("chosen parts are known again after a rebase, and new commits go with the one before them") {
  auto a = commit("One", 1), b = commit("Two", 2), c = commit("Three", 3);
  std::map<std::string, int> chosen{{forge::commit_key(a), 1}, {forge::commit_key(b), 2}};
  auto rebased = b;
  rebased.id = git::Oid::parse(std::string(40, '1')).value();
  rebased.committer = {.name = "Bob", .email = "bob@x", .time = 9};
  rebased.message = "Two\n\nother words\n";
  CHECK(forge::chosen_parts(chosen, {a, rebased, c}) == std::vector<int>{1, 2, 2});
  CHECK(forge::chosen_parts(chosen, {c, rebased}) == std::vector<int>{2, 2});
  CHECK(forge::chosen_parts(chosen, {c}).empty());
  CHECK(forge::chosen_parts({}, {a}).empty());
  CHECK(forge::commit_key(a) != forge::commit_key(commit("One", 2)));
}
