// explain-json REPO BASE HEAD [md]: prints a tutorial, for the independent checker (tests/checker).
#include <algorithm>
#include <cstdio>

#include "pika/explain/explain.hpp"

int main(int argc, char** argv) {
  using namespace pika;
  auto complain = [](const Error& error) {
    std::fprintf(stderr, "explain-json: %s\n", error.text().c_str());
    return 2;
  };
  if (argc < 4) return complain({ErrorKind::invalid, "usage: explain-json REPO BASE HEAD [md]", ""});
  auto repository = git::Repository::open(argv[1]);
  if (!repository) return complain(repository.error());
  auto base = std::string_view(argv[2]) == "empty" ? Result<git::Oid>(git::Oid()) : repository->resolve_commit(argv[2]);
  auto head = repository->resolve_commit(argv[3]);
  if (!base) return complain(base.error());
  if (!head) return complain(head.error());
  auto diff = git::make_diff(repository->path(), *base, *head);
  if (!diff) return complain(diff.error());
  auto commits = repository->log(*head, *base, 100);
  std::reverse(commits.begin(), commits.end());
  explain::ExplainInput input{.diff = &*diff, .repository = &*repository, .commits = commits, .title = {}};
  if (commits.size() == 1) input.title = commits.front().subject();
  auto tutorial = explain::explain(input);
  auto text = argc > 4 ? explain::to_markdown(tutorial, *diff) : json::print_pretty(explain::to_json(tutorial));
  std::fwrite(text.data(), 1, text.size(), stdout);
}
