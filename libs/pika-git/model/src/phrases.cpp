#include "phrases.hpp"

#include <algorithm>
#include <array>

#include "sentence.hpp"

namespace pika::model {

namespace {

constexpr std::array kPraise = {
    "robust",     "elegant",       "seamless",    "seamlessly",    "comprehensive",  "powerful", "great",
    "excellent",  "well designed", "beautiful",   "best practice", "best practices", "leverage", "leverages",
    "utilize",    "utilizes",      "crucial",     "significantly", "obviously",      "simply",   "state of the art",
    "clean code", "high quality",  "streamlines", "streamlined",   "enhances",       "delve"};

// What only the reviewer may say.
constexpr std::array kVerdicts = {"safe",
                                  "safely",
                                  "harmless",
                                  "trivial",
                                  "correct",
                                  "bug free",
                                  "no risk",
                                  "risk free",
                                  "lgtm",
                                  "approve",
                                  "approved",
                                  "already reviewed",
                                  "can be skipped",
                                  "skip this",
                                  "need not be read",
                                  "no need to review",
                                  "no review",
                                  "can be merged",
                                  "ready to merge",
                                  "ignore previous",
                                  "ignore the previous",
                                  "ignore all",
                                  "fully tested",
                                  "no bugs",
                                  "no issues",
                                  "secure",
                                  "benign",
                                  "low risk",
                                  "without risk",
                                  "well tested",
                                  "passes all tests",
                                  "all tests pass",
                                  "looks good",
                                  "good to go",
                                  "ready to land",
                                  "production ready",
                                  "needs no review",
                                  "need no review",
                                  "does not need review",
                                  "may be skipped",
                                  "can be ignored",
                                  "may be ignored",
                                  "safely ignored",
                                  "has been reviewed",
                                  "was reviewed",
                                  "nothing to worry",
                                  "no concerns",
                                  "no cause for concern",
                                  "no security impact",
                                  "no vulnerabilities"};

// Of what a program does there is nothing new.
constexpr std::array kMechanical = {"mechanical",           "mechanically",     "purely cosmetic",   "cosmetic",
                                    "formatting only",      "only formatting",  "only renames",      "rename only",
                                    "pure rename",          "pure refactoring", "pure refactor",     "no op",
                                    "nothing changes",      "whitespace only",  "only whitespace",   "white space only",
                                    "only white space",     "just formatting",  "format only",       "only moves",
                                    "just moves",           "merely moves",     "only moved",        "just renames",
                                    "merely renames",       "pure move",        "refactoring only",  "only refactors",
                                    "nothing else changes", "no effect",        "no visible effect", "has no impact",
                                    "without side effects", "boilerplate"};

// The same in other words: one of each in a sentence.
constexpr std::array kDeeds = {"behaviour", "behavior", "behavioural",  "behavioral", "behaves",      "logic",
                               "semantics", "semantic", "semantically", "functional", "functionally", "functionality"};
constexpr std::array kSame = {
    "unchanged", "same",      "identical",  "equivalent", "unaffected", "untouched",  "intact",    "unaltered",
    "preserve",  "preserves", "preserved",  "preserving", "stay",       "stays",      "remain",    "remains",
    "keep",      "keeps",     "kept",       "keeping",    "alter",      "not change", "no change", "no changes",
    "t change",  "without",   "not affect", "t affect",   "not touch",  "nothing",    "no"};

template <class List>
std::string_view first_of(std::string_view plain, const List& phrases) {
  for (std::string_view phrase : phrases)
    if (has_phrase(plain, phrase)) return phrase;
  return {};
}

// A hyphen joins what is one phrase all the same.
std::string unhyphened(std::string_view plain) {
  std::string out;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    auto wide = plain.substr(i, 2) == "\xE2\x80" && i + 2 < plain.size();  // U+2010..2015
    if (wide && static_cast<unsigned char>(plain[i + 2]) >= 0x90 && static_cast<unsigned char>(plain[i + 2]) <= 0x95)
      i += 2, out += ' ';
    else
      out += plain[i] == '-' ? ' ' : plain[i];
  }
  return out;
}

}  // namespace

std::string_view praise_in(std::string_view plain) {
  return first_of(unhyphened(plain), kPraise);
}

std::string_view verdict_in(std::string_view plain) {
  return first_of(unhyphened(plain), kVerdicts);
}

std::string_view sameness_in(std::string_view plain) {
  auto words = unhyphened(plain);
  if (auto phrase = first_of(words, kMechanical); !phrase.empty()) return phrase;
  return first_of(words, kSame).empty() ? std::string_view() : first_of(words, kDeeds);
}

}  // namespace pika::model
