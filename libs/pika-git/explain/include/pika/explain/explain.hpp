// The deterministic explainer: no network, no model, the same input gives the same tutorial.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "pika/explain/tutorial.hpp"
#include "pika/gitx/repository.hpp"

namespace pika::explain {

struct ExplainInput {
  const git::Diff* diff = nullptr;
  const git::Repository* repository = nullptr;  // for blobs of both sides
  std::vector<git::CommitInfo> commits;         // of the branch, oldest first; their words are quoted, never invented
  std::string title;                            // of the branch; may be empty
  // What somebody chose: for each of `commits` the number of its part, from 1. Empty: parts are derived. A file that
  // commits of several parts touch is told in the first of them.
  std::vector<int> parts{};
};

// Never fails on any content (binary, broken UTF-8, 100,000 lines); throws only when the object store is broken.
Tutorial explain(const ExplainInput& input);

}  // namespace pika::explain
