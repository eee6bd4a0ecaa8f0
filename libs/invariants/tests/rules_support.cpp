#include "rules_support.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace pika::invariants {

InvariantsFile one_rule(const std::string& rule, const std::string& scope, const std::string& more) {
  const bool is_kind = more.find("kind =") != std::string::npos;
  auto text = fmt::format(
      "version = 1\nname = \"Test\"\n[[invariant]]\nid = \"it\"\narea = \"a\"\nstatement = \"Words.\"\n{}{}scope = "
      "[\"{}\"]\n{}\n",
      is_kind ? "" : "kind = \"must\"\n", more, scope, rule.empty() ? "" : "rule." + rule);
  auto result = read_invariants(text);
  for (const auto& problem : result.problems) FAIL(problem.print());
  return result.file;
}

Evaluated evaluated(const Files& files, const InvariantsFile& rules) {
  Evaluated all;
  all.tree = memory_tree(files);
  all.graph = build_graph(*all.tree);
  all.report = evaluate(rules, all.graph);
  return all;
}

std::string places(const Finding& finding) {
  std::string text;
  for (const auto& v : finding.violations) {
    if (!text.empty()) text += "\n";
    if (v.cycle.empty()) {
      text += fmt::format("{}:{}:{} {} -> {}", v.path, v.line, v.column, v.text, v.target);
      continue;
    }
    std::string steps;
    for (const auto& step : v.cycle) steps += fmt::format("{}{}:{}", steps.empty() ? "" : ", ", step.path, step.line);
    text += steps;
  }
  return text;
}

std::string edges(const Files& files) {
  const auto tree = memory_tree(files);
  const auto graph = build_graph(*tree);
  std::string text;
  for (const auto& edge : graph.edges)
    text += fmt::format("{}{} -> {}", text.empty() ? "" : "\n", graph.name(edge.from), graph.name(edge.to));
  return text;
}

}  // namespace pika::invariants
