// The walk of a tutorial: summary, steps with evidence and folds; and the outline beside it.
#pragma once
#include <string>
#include <unordered_map>

#include "hunk.hpp"
#include "pika/explain/tutorial.hpp"

namespace pika::web {

// Hunks and changes of a diff by their ids.
class HunkIndex {
 public:
  explicit HunkIndex(const git::Diff& diff);
  struct Found {
    const git::FileChange* file = nullptr;
    const git::Hunk* hunk = nullptr;  // null for a pseudo id
  };
  Found find(const std::string& id) const;

 private:
  std::unordered_map<std::string, Found> by_id_;
};

struct WalkView {
  Url diff_page;  // empty: anchors are on this page
  const Highlighter* highlight = nullptr;
  int line_budget = 2500;             // evidence lines on the page; what is above it is a link to the diff page
  const ModelWords* words = nullptr;  // which words are a model's; null: none
};

// The summary's words, its facts, and where all of it comes from; within a card of class "lead".
void summary_parts(Html& h, const explain::Tutorial& tutorial, const ModelWords* words = nullptr);
// "Tutorial Steps" and the cards.
void tutorial_steps(Html& h, const explain::Tutorial& tutorial, const git::Diff& diff, const WalkView& view);
// The outline's list of steps and its tree of files.
void steps_outline(Html& h, const explain::Tutorial& tutorial, const ModelWords* words = nullptr);
void files_outline(Html& h, const git::Diff& diff, const Url& diff_page);
// "Left behind": the checks of the whole version; nothing when there are none.
void left_behind_card(Html& h, const explain::Tutorial& tutorial);
// The anchor of a file on the diff page: f12, by its place.
std::string file_anchor(std::size_t index);

}  // namespace pika::web
