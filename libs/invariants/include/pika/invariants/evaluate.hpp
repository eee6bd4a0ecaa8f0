// Whether a tree keeps its invariants, and where it does not. Pure functions of the file and the graph.
//
//   Report report = evaluate(file, build_graph(*tree));
//   Comparison change = compare(report, graph, base_report, base_graph, renames);   // what a branch adds and removes
//
// A rule that looks at nothing fails: its scope matches no file, or, where it speaks of dependencies, no file that
// dependencies are read from.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pika/invariants/file.hpp"
#include "pika/invariants/graph.hpp"

namespace pika::invariants {

inline constexpr std::size_t kMostViolations = 10'000;  // of one invariant
inline constexpr std::size_t kMostCycles = 200;

struct Step {
  std::string path;  // of a file; of a Go package its folder, with line 0
  std::uint32_t line = 0, column = 0;
  std::string text, target;
};

struct Violation {
  std::string path;                    // of the file; of the invariants file where the rule itself is at fault
  std::uint32_t line = 0, column = 0;  // from 1; 0: the file as a whole
  std::string text;                    // "#include <x.h>", "mentions 'forge'", "no file matches 'LICENSE'"
  std::string target;                  // the path, word or filter it is about
  std::vector<Step> cycle;             // of no_cycle: from each file to the next, and back to the first
};

enum class Outcome { passed, failed, allowed, not_checked };
std::string_view name_of(Outcome outcome);  // "passed", "failed", "allowed", "not-checked"

struct Finding {
  Invariant invariant;
  Outcome outcome = Outcome::not_checked;
  std::size_t files = 0;              // of the scope
  std::size_t dependencies = 0;       // that were held against the rule; 0 for rules about files
  std::vector<Violation> violations;  // by path, line, column; cycles the shortest first
  bool truncated = false;             // there are more
  std::vector<std::string> notes;     // what a person should know though it fails nothing
};

struct Report {
  std::string name;
  std::vector<Finding> findings;  // in the order of the file
  std::size_t files = 0, edges = 0, dangling = 0;
  std::size_t count(Outcome outcome) const;
};

// `at` is the name of the invariants file, where the evidence of a rule's own fault is.
Report evaluate(const InvariantsFile& file, const Graph& graph, const std::string& at = std::string(kInvariantsPath));

struct FindingChange {
  std::vector<bool> is_new;        // of each violation: this branch adds it
  std::vector<Violation> removed;  // of the base, and not here any more
  std::size_t added() const;
};
struct Comparison {
  std::vector<FindingChange> findings;  // of each finding of the head
};
// Paths of files that were moved: before to after.
using Renames = std::map<std::string, std::string>;
// `base` is the report of the same invariants on the tree before. A violation is the same where file, text and target
// are, whatever its line; where one of the files was moved, whatever its text too, because a moved file writes its
// imports otherwise. A cycle stood before when each of its edges did.
Comparison compare(const Report& head, const Graph& head_graph, const Report& base, const Graph& base_graph,
                   const Renames& renames = {});

// How a branch changes the rules themselves, by ids.
struct RuleChanges {
  std::vector<std::string> added, removed, changed;
  bool any() const { return !added.empty() || !removed.empty() || !changed.empty(); }
};
RuleChanges compare_rules(const InvariantsFile& base, const InvariantsFile& head);

}  // namespace pika::invariants
