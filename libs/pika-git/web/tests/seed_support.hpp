// The seed page's own content as page models, for golden pages and for looking at them; and a hostile twin.
#pragma once
#include <memory>
#include <string>

#include "pika/web/pages.hpp"

namespace pika::web::test {

inline constexpr Micros kNow = 1774578000LL * kSecond;  // 2026-03-27 02:20:00 UTC

// Owns what the models point to.
struct Sample {
  std::shared_ptr<std::string> fixture;
  git::Diff diff;
  explain::Tutorial tutorial;
  BranchPage branch;
  CiPage ci;
  DiffPage diff_page;
  CommitsPage commits;
  FeedPage feed;
  RepositoryPage repository;
};
// sledtools/pika branch #133, read from fixtures/seed-branch.txt.
std::unique_ptr<Sample> seed_sample();
// The same pages with every string replaced by bytes that would like to be code.
std::unique_ptr<Sample> hostile_sample();
// An open branch in the given state of its verdict, as in the mock's open.html.
BranchPage open_branch(const Sample& sample, VerdictKind kind);
// Colours for the fixture: string literals and a few words, enough to see them.
std::vector<SyntaxSpan> plain_colours(std::string_view line);

}  // namespace pika::web::test
