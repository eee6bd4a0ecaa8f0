// The tutorial of a version: an ordered walk through one diff, every claim anchored to real hunks.
//
// Hunk ids are those of the stored diff (gitx/diff.hpp). An atom is a run of adjacent -/+ lines of a hunk: the unit
// of coverage and of folding. Every atom is in exactly one step. JSON form: docs/tutorial-format.md.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/gitx/diff.hpp"
#include "pika/json/json.hpp"

namespace pika::explain {

inline constexpr int kSchemaVersion = 1;
inline constexpr int kExplainerVersion = 6;  // tutorials are stored per (version, explainer version)

// A piece of evidence: lines [first, last] of the hunk, counted from 0 in Hunk::lines; whole hunks mostly.
struct Evidence {
  std::string hunk;  // "H12", or a pseudo id "R3" (first and last are 0 then)
  std::string file;
  int first = 0, last = 0;
  std::string moved_file{};  // text that moved: where it stands on the other side
  int moved_line = 0;        // of its first line there; 0: it did not move
};

struct Check {       // something that may have been left behind
  std::string kind;  // "stale_path_filter", "old_name_left", ...
  std::string file;
  int line = 0;
  std::string text;  // one sentence
};

// Commits of the branch that have nothing to do with the others: no file in common, no definition used.
struct Part {
  int id = 0;                        // 1-based, in order
  std::string title;                 // the author's words
  std::vector<std::string> commits;  // ids, hex, oldest first
};

struct Step {
  int id = 0;  // 1-based, in order
  std::string title, intent;
  std::vector<std::string> files;  // affected files, by name on the new side (old for deleted)
  std::vector<Evidence> evidence;  // shown; byte-equal to the stored diff by construction
  std::string body_markdown;
  std::vector<Check> checks;
  std::vector<int> needs;  // steps whose definitions this one uses
  int part = 0;            // id of its part; 0: the change is one
};

struct AtomPlace {
  int first = 0, last = 0;  // lines in Hunk::lines
  int step = 0;             // the step that explains it
  std::string rule;         // the fold's rule, or empty: to be read
};

struct HunkPlace {
  std::string id, file, old_file;
  int old_start = 0, old_lines = 0, new_start = 0, new_lines = 0;
  std::vector<AtomPlace> atoms;  // a pseudo hunk has one atom [0, 0]
};

struct Fold {  // atoms that match one rule inside one step
  int step = 0;
  std::string rule;  // "byte-identical", "rename `a` to `b`, checked token by token"
  std::vector<Evidence> evidence;
  int places = 0;
};

struct Tutorial {
  std::string base, head;  // ids, hex
  std::string diff_hash;
  std::string provider = "derived";
  std::string summary;      // Markdown
  std::vector<Part> parts;  // at least two, or none
  std::vector<Step> steps;
  std::vector<HunkPlace> hunks;
  std::vector<Fold> folded;
  std::vector<Check> checks;  // of the whole version ("left behind")
  int lines_changed = 0, lines_to_read = 0, lines_folded = 0;
  std::int64_t micros = 0;  // CPU time it cost
};

json::Value to_json(const Tutorial& tutorial);
Result<Tutorial> tutorial_from_json(const json::Value& value);
std::string to_markdown(const Tutorial& tutorial, const git::Diff& diff);

}  // namespace pika::explain
