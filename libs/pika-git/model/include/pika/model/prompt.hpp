// What a language model is sent about a derived tutorial. Pure: no network, no clock; the same input and marker give
// the same bytes.
//
// Nothing is cut off. A text over the budget becomes several calls of whole steps; a step over it is split between
// hunks. Every hunk is in exactly one call. Text of the diff, of commits and of names is data: it stands between two
// lines "MARKER", and the marker occurs nowhere in it.
#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pika/explain/tutorial.hpp"
#include "pika/gitx/diff.hpp"
#include "pika/json/json.hpp"

namespace pika::model {

// Goes up when a text below changes: answers are kept by (diff hash, prompt version, model).
inline constexpr int kPromptVersion = 1;

// What both prompt and validator look at. The pointers outlive their use.
struct Subject {
  const explain::Tutorial* derived = nullptr;
  const git::Diff* diff = nullptr;           // of which `derived` was made
  std::string title;                         // the author's, bytes
  std::vector<std::string> commit_messages;  // oldest first, bytes
  std::vector<std::string> tree_paths;       // files of the head; a text may name them
};

// A hunk with atoms in several steps is spoken of in one: the first that has lines of it to read, else the first
// that has any. Hunk id to step id.
std::map<std::string, int> homes(const explain::Tutorial& derived);
// No line of it is to be read. Steps without atoms are not folded.
bool is_folded(const explain::HunkPlace& hunk);
bool is_folded(const explain::Tutorial& derived, int step);

struct Call {
  std::string system, user;        // UTF-8
  std::vector<int> steps;          // ids, ascending
  std::vector<std::string> hunks;  // ids, in the order of the steps
  bool asks_summary = false;       // true of the first call only
  bool over_budget = false;        // one hunk alone is larger than the budget: do not send it
  json::Value schema;              // of the answer, with the real ids as enums
};

// Tokens are estimated, on the high side for code, as one for three bytes.
std::size_t estimated_tokens(std::string_view text);
// 32 random hex digits.
std::string random_marker();

// At least one call, none for a tutorial without steps. `marker` is asked again while its word occurs in the data.
std::vector<Call> make_calls(const Subject& subject, std::size_t budget_tokens,
                             const std::function<std::string()>& marker = random_marker);

}  // namespace pika::model
