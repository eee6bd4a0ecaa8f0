// The claims in a sentence that can be checked: names, counts, quotes, reasons, words about safety.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "pika/model/prompt.hpp"

namespace pika::model {

// Every text that a name may be taken from: lines and paths of the diff, paths of the tree, the author's words.
class Known {
 public:
  explicit Known(const Subject& subject);
  bool has_name(std::string_view name) const;     // as whole words, on one line
  bool author_said(std::string_view text) const;  // in the title or a commit message, white space apart
  bool has_hunk(std::string_view id) const { return hunks_.contains(std::string(id)); }

 private:
  std::string text_, author_;
  std::unordered_set<std::string> words_, hunks_;
  static constexpr int kMaxSearches = 2000;  // through all of the text, in one answer
  mutable int searches_ = 0;
};

using Counts = std::map<std::string, std::set<long>>;  // "file" to the numbers that are true of it
struct Scope {
  Counts counts;
  bool folded = false;          // all lines match a rule
  std::set<std::string> hunks;  // that a sentence here may name
};

// Why the sentence may not stand, or nothing.
std::string false_claim(std::string_view sentence, const Known& known, const Scope& scope);
// It gives a reason that is neither quoted from the author nor labelled a guess.
bool unlabelled_reason(std::string_view sentence, const Known& known);
inline constexpr std::string_view kGuess = "The model's guess: ";

}  // namespace pika::model
