// Hunks as tables: line numbers that link to the diff page, changed words marked, syntax colours where given.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pika/gitx/diff.hpp"
#include "pika/web/html.hpp"
#include "pika/web/pages.hpp"

namespace pika::web {

// Byte ranges of a line that differ from its partner on the other side.
using Marks = std::vector<std::pair<int, int>>;

// Which words of a removed and an added line differ. Both empty when the lines have little in common (then the whole
// line is the change) or are too long to compare.
std::pair<Marks, Marks> changed_words(std::string_view removed, std::string_view added);

// For every line of the hunk its marks: lines of a "-" run are paired with those of the "+" run after it, in order.
std::vector<Marks> hunk_marks(const git::Hunk& hunk, int first, int last);

struct HunkView {
  Url page;              // the page that holds the lines' anchors; empty: this page
  bool anchors = false;  // the lines get ids: this is that page
  const Highlighter* highlight = nullptr;
  int first = 0, last = -1;  // lines shown, counted from 0; last -1: to the end
};

// <table class="diff"> of the lines [first, last].
void hunk_table(Html& h, const git::FileChange& file, const git::Hunk& hunk, const HunkView& view);
// The words for a change without hunks: "rename from ...", "mode ...", "binary file".
void pseudo_change(Html& h, const git::FileChange& file);
// "rename from a", "rename to b", as git says it; nothing for a file that keeps its name.
void rename_lines(Html& h, const git::FileChange& file);
// "added", "deleted", "renamed from `x`", "mode 100644 to 100755"; empty for a plain edit
std::string change_words(const git::FileChange& file);
// The anchor of a line: H12-5
std::string line_anchor(std::string_view hunk, int index);
// A small picture of the share of added and removed lines.
void churn_bar(Html& h, int added, int removed, int most);

}  // namespace pika::web
