// Reports as a person reads them and as JSON (schema_version 1, described in docs/invariants.md).
#pragma once
#include <optional>
#include <string>

#include "pika/invariants/evaluate.hpp"
#include "pika/invariants/grade.hpp"
#include "pika/json/json.hpp"

namespace pika::invariants {

enum class Colour { off, on };
enum class OnlyNew { no, yes };  // what stood before fails nothing

struct Checked {
  Report report;
  std::string tree;  // "work tree", or a commit's id
  struct Base {
    std::string revision, commit;  // as it was asked for; the merge base
    Comparison comparison;
    std::optional<RuleChanges> rules;  // nothing when the base's own file cannot be read
  };
  std::optional<Base> base;
  OnlyNew only_new = OnlyNew::no;
  struct Model {
    std::string name, host;
    std::vector<std::optional<Grade>> grades;  // of each finding
  };
  std::optional<Model> model{};  // advisory: of no weight for what follows

  // Whether this finding makes the check fail.
  bool fails(std::size_t finding) const;
  // docs/invariants.md: 1 when one fails, 3 when no invariant has a rule that was checked, else 0.
  int exit_code() const;
};

inline constexpr std::size_t kUsualPlaces = 20;
struct PrintOptions {
  Colour colour = Colour::off;
  std::size_t most_places = kUsualPlaces;  // of one invariant; of what is allowed three, unless this is another number
};
std::string print_human(const Checked& checked, const PrintOptions& options = {});
json::Value print_json(const Checked& checked);

// One line: "must_not_depend_on libs/pika-git/**".
std::string print_rule(const Rule& rule);
// What the rule demands, in a sentence.
std::string explain_rule(const Rule& rule);
std::string print_filters(const FilterList& filters);
// Control characters and broken UTF-8 made harmless for a terminal.
std::string printable(std::string_view text);

}  // namespace pika::invariants
