// Statements without a rule, graded by a language model that somebody configured: what it is asked, and what of its
// answer stands. Advisory: a grade changes no outcome and no exit code. Pure but for the tree; who asks is a function.
//
// Nothing the model says is believed: a place counts only where the file was shown and the quoted words stand in that
// line. "violated" without a place that counts is "unclear", and so is "holds" of files that were not all shown.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/invariants/file.hpp"
#include "pika/invariants/tree.hpp"
#include "pika/json/json.hpp"

namespace pika::invariants {

inline constexpr std::size_t kMostGradedFile = 256u << 10;  // bytes; larger files are not shown
inline constexpr std::size_t kMostGradeAnswer = 256u << 10;
inline constexpr std::size_t kMostGradeEvidence = 20;

struct GradeQuestion {
  std::string id;
  std::string system, user;        // UTF-8
  json::Value schema;              // of the answer
  std::vector<std::string> shown;  // paths, as they stand in the question
  std::size_t left_out = 0;        // files of the scope that were not: too large, binary, or over the budget
};
// Files of the scope in the order of their paths, whole, as many as `budget_tokens` (one for three bytes) has room for.
// Text of files is data between lines of `marker`, which must be hard to guess; a file that holds it is not shown.
GradeQuestion grade_question(const Invariant& invariant, const TreeView& tree, std::size_t budget_tokens,
                             const std::string& marker);

enum class Verdict { holds, violated, unclear };
std::string_view name_of(Verdict verdict);  // "holds", "violated", "unclear"

struct GradeEvidence {
  std::string path;
  std::uint32_t line = 0;
  std::string quote;  // words of that line
};
struct Grade {
  Verdict verdict = Verdict::unclear;
  std::string why;                        // the model's words, one line; or why there are none
  std::vector<GradeEvidence> evidence;    // each of them stands there
  std::vector<std::string> not_believed;  // one line each
  std::size_t shown = 0, left_out = 0;    // files
};
// Any bytes as an answer to that question about that tree.
Grade read_grade(std::string_view answer, const GradeQuestion& question, const TreeView& tree);

// The model that is asked. `ask` blocks and gives its words; unavailable: there is no sense in asking it again.
struct Grader {
  std::string model, host;
  std::size_t budget_tokens = 60'000;
  std::function<Result<std::string>(const GradeQuestion&)> ask;  // empty: none is configured
};
// A grade for each statement without a rule that must hold. In the order of the file.
std::vector<std::optional<Grade>> grade(const InvariantsFile& file, const TreeView& tree, const Grader& grader);

}  // namespace pika::invariants
