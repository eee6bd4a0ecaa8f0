// invariants/invariants.toml: what must hold of a repository's tree, as it is written down.
//
//   version = 1
//   name = "Pika"
//
//   [[invariant]]
//   id = "engine-knows-no-forge"
//   area = "layers"
//   kind = "must"                        # or "allowed": a documented exception, which never fails
//   statement = "The CI engine knows nothing of the forge."
//   scope = ["libs/jerichoci/**"]        # filters as in the catalogue; absent: the whole tree
//   hint = "Give the engine what it needs as a value."
//   [invariant.rule]                     # exactly one; absent: the statement is not machine-checked
//   must_not_depend_on = ["libs/pika-git/**"]
//
// Paths in rules are filters too, matched against the file that is depended on. Values, safe to use in any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pika/filter/filter.hpp"
#include "pika/toml/toml.hpp"

namespace pika::invariants {

inline constexpr std::string_view kInvariantsPath = "invariants/invariants.toml";
inline constexpr std::size_t kMaxInvariants = 1000;

enum class Kind { must, allowed };

enum class RuleKind {
  depends_only_on,     // every dependency of the scope is one of `paths`, or in the scope
  must_not_depend_on,  // no dependency of the scope is one of `paths`
  must_not_mention,    // none of `words` stands in a file of the scope
  must_exist,          // each of `paths` matches a file
  no_cycle,            // the dependencies among the files of the scope have no cycle; true is the only value
  public_api_only,     // files outside of the scope depend on files of the scope only where `paths` match
  owned_by,            // the owners of each file of the scope include one of `words`
};
std::string_view name_of(RuleKind kind);

struct Rule {
  RuleKind kind = RuleKind::must_exist;
  FilterList paths;                // of the rules that speak of files
  std::vector<std::string> words;  // of must_not_mention and owned_by
  toml::Position at;               // of the rule's key
};

struct Invariant {
  std::string id;  // [a-z0-9_-]{1,64}
  std::string area, statement, hint;
  Kind kind = Kind::must;
  FilterList scope;  // `**` when the file gives none
  std::optional<Rule> rule;
  toml::Position at;  // of the id
};

struct InvariantsFile {
  std::string name;
  std::vector<Invariant> invariants;  // in the order of the file
};

struct FileResult {
  InvariantsFile file;                  // complete only without problems
  std::vector<toml::Problem> problems;  // by line and column; at most 100 and a last word about the rest
};
// `file` is the name that problems carry.
FileResult read_invariants(std::string_view text, const std::string& file = std::string(kInvariantsPath));

}  // namespace pika::invariants
