// One file of a whole diff, for the diff page and the local file.
#pragma once
#include <string>
#include <unordered_map>

#include "hunk.hpp"
#include "pika/explain/tutorial.hpp"

namespace pika::web {

// The step that explains a hunk (its first atom's); 0: none.
class StepOfHunk {
 public:
  explicit StepOfHunk(const explain::Tutorial* tutorial);
  int find(const std::string& hunk) const;

 private:
  std::unordered_map<std::string, int> step_;
};

struct DiffView {
  const Highlighter* highlight = nullptr;
  const StepOfHunk* steps = nullptr;
  Url walk;                 // the page with the steps; empty: this page
  std::string_view head{};  // commit of the shown version, for the command that shows what is left out
};

// A card with the file's hunks; lines, hunks and the file have anchors.
void diff_file(Html& h, const git::FileChange& file, std::size_t index, const DiffView& view);

}  // namespace pika::web
