#include "moved_text.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "pika/base/text.hpp"

namespace pika::explain {

namespace {

constexpr int kLeastLines = 4;          // with words in them
constexpr std::size_t kMostPlaces = 8;  // of one line that are tried: a line that is everywhere begins no run
constexpr std::size_t kMostLines = 400'000;

struct Line {
  std::size_t atom = 0;
  int index = 0;  // in Hunk::lines
  int number = 0;
  std::string_view text;
  std::size_t other = kNone;  // the line it moved from or to, in the other list
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

bool has_words(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
         }) >= 3;
}

class Finder {
 public:
  explicit Finder(Model& model) : model_(model) {}

  void run() {
    collect();
    if (removed_.empty() || added_.empty() || removed_.size() + added_.size() > kMostLines) return;
    for (std::size_t i = 0; i < removed_.size(); ++i)
      if (has_words(removed_[i].text)) places_[removed_[i].text].push_back(i);
    for (std::size_t i = 0; i < added_.size();) i += std::max<std::size_t>(1, longest(i));
    cut();
  }

 private:
  bool whole(const Atom& atom) const { return atom.hunk >= 0 && (atom.added == 0) != (atom.removed == 0); }

  void collect() {
    for (std::size_t a = 0; a < model_.atoms.size(); ++a) {
      const auto& atom = model_.atoms[a];
      auto role = model_.change(atom).role;
      if (!whole(atom) || role == Role::lock || role == Role::generated) continue;
      const auto* hunk = model_.hunk(atom);
      for (int i = atom.first; i <= atom.last; ++i) {
        const auto& line = hunk->lines[static_cast<std::size_t>(i)];
        bool added = line.kind == '+';
        (added ? added_ : removed_).push_back({a, i, added ? line.new_line : line.old_line, trim(line.text)});
      }
    }
  }

  // How many lines from here on, in one run of changed lines, are the same in both lists and in no run yet.
  std::size_t common(std::size_t from, std::size_t to, int& words) const {
    std::size_t n = 0;
    words = 0;
    for (; from + n < removed_.size() && to + n < added_.size(); ++n) {
      const auto &x = removed_[from + n], &y = added_[to + n];
      if (x.other != Line::kNone || x.text != y.text) break;
      if (n && (x.number != removed_[from + n - 1].number + 1 || y.number != added_[to + n - 1].number + 1 ||
                model_.atoms[x.atom].change != model_.atoms[removed_[from].atom].change ||
                model_.atoms[y.atom].change != model_.atoms[added_[to].atom].change))
        break;
      words += has_words(x.text);
    }
    return n;
  }

  // Marks the longest run that begins with this added line; how long it is, 0 where there is none.
  std::size_t longest(std::size_t to) {
    auto found = places_.find(added_[to].text);
    if (found == places_.end() || found->second.size() > kMostPlaces) return 0;
    std::size_t best = 0, best_from = 0;
    for (auto from : found->second) {
      int words = 0;
      auto n = common(from, to, words);
      if (words >= kLeastLines && n > best) best = n, best_from = from;
    }
    for (std::size_t n = 0; n < best; ++n) {
      removed_[best_from + n].other = to + n;
      added_[to + n].other = best_from + n;
    }
    return best;
  }

  // What becomes of each line of an atom, as runs; blank lines between go with what is above them.
  void cut() {
    std::vector<std::vector<const Line*>> lines(model_.atoms.size());
    for (auto* list : {&removed_, &added_})
      for (const auto& line : *list) lines[line.atom].push_back(&line);
    std::vector<Atom> out;
    for (std::size_t a = 0; a < model_.atoms.size(); ++a) {
      if (lines[a].empty())
        out.push_back(model_.atoms[a]);
      else
        cut(model_.atoms[a], lines[a], out);
    }
    model_.atoms = std::move(out);
  }

  // Whether a line belongs to the piece that the line before it ends.
  bool goes_on(bool added, bool moved, const Line& before, const Line& line) const {
    if (line.other == Line::kNone) return !moved || line.text.empty();
    if (before.other == Line::kNone || line.other != before.other + 1) return false;
    // Neighbours among what changed are not always neighbours in their file.
    const auto& there = added ? removed_ : added_;
    const auto &x = there[before.other], &y = there[line.other];
    return y.number == x.number + 1 && model_.atoms[x.atom].change == model_.atoms[y.atom].change;
  }

  void cut(const Atom& atom, const std::vector<const Line*>& lines, std::vector<Atom>& out) const {
    bool added = atom.added > 0;
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= lines.size(); ++i) {
      bool moved = lines[begin]->other != Line::kNone;
      if (i < lines.size() && goes_on(added, moved, *lines[i - 1], *lines[i])) continue;
      Atom piece = atom;
      piece.first = lines[begin]->index;
      piece.last = lines[i - 1]->index;
      (added ? piece.added : piece.removed) = piece.last - piece.first + 1;
      if (auto other = lines[begin]->other; other != Line::kNone) {
        const auto& there = (added ? removed_ : added_)[other];
        piece.moved = {model_.atoms[there.atom].change, there.number};
      }
      out.push_back(std::move(piece));
      begin = i;
    }
  }

  Model& model_;
  std::vector<Line> removed_, added_;
  std::unordered_map<std::string_view, std::vector<std::size_t>> places_;
};

}  // namespace

void find_moved_text(Model& model) {
  Finder(model).run();
}

}  // namespace pika::explain
