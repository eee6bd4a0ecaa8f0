// What a model answered: hostile text until the validator has been over it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/json/json.hpp"

namespace pika::model {

inline constexpr std::size_t kMaxAnswer = 256 * 1024;  // bytes
inline constexpr std::size_t kMaxTitle = 100;          // bytes
inline constexpr std::size_t kMaxIntent = 400;         // bytes
inline constexpr std::size_t kMaxBody = 4000;          // bytes
inline constexpr std::size_t kMaxSummaryWords = 90;
inline constexpr std::size_t kMaxItems = 20000;  // steps, hunks and evidence of one answer, each

struct AnswerEvidence {
  std::string hunk;
  int first = 0, last = 0;
};

struct AnswerStep {
  int base_step = 0;
  std::string title, intent, body_markdown;
  std::vector<std::string> hunks;
  std::vector<AnswerEvidence> evidence;
};

// A part of an answer that was not believed.
struct Removed {
  std::string where;  // "step 3 title", "summary"
  std::string what;   // the words or the id, one line, UTF-8, at most 200 bytes
  std::string why;    // "names `Foo::bar`, which is neither in the diff nor in the tree"
};

struct Answer {
  std::string summary;
  std::vector<AnswerStep> steps;
  std::vector<std::string> folded;  // hunk ids
  std::vector<Removed> malformed;   // parts of another form than the schema's, left out above
};

// JSON of an object, alone. invalid: no such text, or none of it usable; too_large: above kMaxAnswer.
Result<Answer> parse_answer(std::string_view text);

// The schema of an answer about these steps and hunks (JSON Schema, the subset that providers take).
json::Value answer_schema(const std::vector<int>& steps, const std::vector<std::string>& hunks);

// Answers of the calls of one tutorial, in the order of the calls, as one: the first summary; a step that was split
// between calls keeps its first title and intent, and has the bodies one after another.
Answer join(std::vector<Answer> answers);

}  // namespace pika::model
