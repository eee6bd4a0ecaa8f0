// Trees of strings and rules of one line, for tests.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "pika/invariants/evaluate.hpp"

namespace pika::invariants {

using Files = std::map<std::string, std::string>;

// An invariants file of one rule: `rule` is its line, as `must_exist = ["x"]`; `more` further lines of the invariant.
InvariantsFile one_rule(const std::string& rule, const std::string& scope = "**", const std::string& more = "");

struct Evaluated {
  std::unique_ptr<TreeView> tree;
  Graph graph;
  Report report;
  const Finding& only() const { return report.findings.at(0); }
};
Evaluated evaluated(const Files& files, const InvariantsFile& rules);
// "path:line:column text -> target", one a violation; steps of cycles with ", ".
std::string places(const Finding& finding);
// "from -> to" of every edge, one a line.
std::string edges(const Files& files);

}  // namespace pika::invariants
