#include "atom_ranges.hpp"

namespace pika::explain {

Ranges ranges_of(const Model& model, const Atom& atom) {
  Ranges out;
  const auto* hunk = model.hunk(atom);
  out.before.first = hunk->old_start + (hunk->old_lines == 0);
  out.after.first = hunk->new_start + (hunk->new_lines == 0);
  // The nearest line above that a side has; of a run that was cut, that is not the one just above.
  bool old_known = false, new_known = false;
  for (int i = atom.first - 1; i >= 0 && !(old_known && new_known); --i) {
    const auto& above = hunk->lines[static_cast<std::size_t>(i)];
    if (!old_known && above.old_line) out.before.first = above.old_line + 1, old_known = true;
    if (!new_known && above.new_line) out.after.first = above.new_line + 1, new_known = true;
  }
  for (int i = atom.last; i >= atom.first; --i) {
    const auto& line = hunk->lines[static_cast<std::size_t>(i)];
    if (line.kind == '-') out.before.first = line.old_line;
    if (line.kind == '+') out.after.first = line.new_line;
  }
  out.before.last = out.before.first + atom.removed - 1;
  out.after.last = out.after.first + atom.added - 1;
  return out;
}

std::vector<std::string_view> lines_of(const Side& side, int first, int last) {
  std::vector<std::string_view> out;
  for (int n = first; n <= last; ++n) out.push_back(side.line(n));
  return out;
}

}  // namespace pika::explain
