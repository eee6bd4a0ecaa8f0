// What a change does to the dependencies that a manifest names: Cargo.toml, package.json, go.mod, pyproject.toml,
// requirements files of pip.
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model.hpp"

namespace pika::explain {

struct Dependencies {
  std::vector<std::string> added, removed, changed;  // names, sorted
  std::vector<std::string> versions{};               // for each changed one "1.0 to 1.2", or nothing
  bool any() const { return !added.empty() || !removed.empty() || !changed.empty(); }
};

// Of one changed manifest; empty for other files, and where a side cannot be read.
Dependencies dependency_delta(const Model& model, const Change& change);
// "adds `a`, drops `b` and `c`"; plain text without the marks.
std::string dependency_words(const Dependencies& delta, bool marked);

}  // namespace pika::explain
