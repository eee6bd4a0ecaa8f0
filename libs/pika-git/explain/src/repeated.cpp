#include "repeated.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "narrate.hpp"
#include "pika/base/text.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

constexpr int kLeastLines = 4;           // changed lines of one edit, a replaced line counted once
constexpr std::size_t kLeastPlaces = 3;  // of a line that is only added or only removed
constexpr int kMany = 10;                // so many are told of, be they few beside the rest
constexpr int kApartAtoms = 6, kApartFiles = 3;
constexpr std::size_t kMostBytes = 200;     // of either text
constexpr std::size_t kMostWholeLines = 3;  // lines of an edit that only adds or only removes
constexpr std::size_t kTried = 8;           // frequent edits that are looked for inside of a line more than once

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool says_something(std::string_view a, std::string_view b) {
  return std::count_if(a.begin(), a.end(), is_word) + std::count_if(b.begin(), b.end(), is_word) >= 2;
}

using Replacement = std::pair<std::string, std::string>;  // from, to; trimmed
using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Of a number with points, such as a version, all of it: how many bytes more at the end of `head`, at the beginning of
// `tail`.
std::size_t number_before(std::string_view head) {
  auto at = head.size();
  while (at > 0 && (is_word(head[at - 1]) || (head[at - 1] == '.' && at > 1 && is_digit(head[at - 2])))) --at;
  return head.size() - at;
}
std::size_t number_after(std::string_view tail) {
  std::size_t at = 0;
  while (at < tail.size() && (is_word(tail[at]) || (tail[at] == '.' && at + 1 < tail.size() && is_digit(tail[at + 1]))))
    ++at;
  return at;
}

// What differs between two lines, widened to whole words and numbers.
std::optional<Replacement> difference(std::string_view before, std::string_view after) {
  auto ended = [](std::string_view line) { return line.substr(0, line.find_last_not_of(" \t\r") + 1); };
  before = ended(before), after = ended(after);
  auto shorter = std::min(before.size(), after.size());
  std::size_t head = 0, tail = 0;
  while (head < shorter && before[head] == after[head]) ++head;
  while (tail < shorter - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;
  auto middle = [&](std::string_view line) { return line.substr(head, line.size() - head - tail); };
  auto begins = [](std::string_view text) { return !text.empty() && is_word(text.front()); };
  auto ends = [](std::string_view text) { return !text.empty() && is_word(text.back()); };
  if (begins(middle(before)) || begins(middle(after)))
    while (head > 0 && is_word(before[head - 1])) --head;
  if (ends(middle(before)) || ends(middle(after)))
    while (tail > 0 && is_word(before[before.size() - tail])) --tail;
  auto digits = [](std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); };
  if (digits(middle(before)) && digits(middle(after))) {
    auto left = number_before(before.substr(0, head)), right = number_after(before.substr(before.size() - tail));
    head -= left, tail -= right;
  }
  auto from = trim(middle(before)), to = trim(middle(after));
  if (from == to || from.size() > kMostBytes || to.size() > kMostBytes || !says_something(from, to)) return {};
  return Replacement(from, to);
}

// Every whole occurrence of `from` replaced.
std::string replaced(std::string_view line, const Replacement& r) {
  const auto& [from, to] = r;
  std::string out;
  for (std::size_t i = 0; i < line.size();) {
    bool here = line.substr(i).starts_with(from) && !(i > 0 && is_word(line[i - 1]) && is_word(from.front())) &&
                !(i + from.size() < line.size() && is_word(line[i + from.size()]) && is_word(from.back()));
    out += here ? std::string_view(to) : line.substr(i, 1);
    i += here ? from.size() : 1;
  }
  return out;
}

struct Found {
  std::vector<std::size_t> atoms;
  std::set<std::size_t> files;
  int lines = 0;
};

class Finder {
 public:
  explicit Finder(Model& model) : model_(model), pairs_(model.atoms.size()) {}

  void run() {
    for (std::size_t a = 0; a < model_.atoms.size(); ++a) take(a);
    auto frequent = most_frequent();
    for (auto a : paired_) {
      auto r = std::find_if(frequent.begin(), frequent.end(), [&](const auto& f) { return makes(f, a); });
      if (r != frequent.end())
        add(replacements_[*r], a);
      else if (auto own = difference_of_all(a))
        add(replacements_[*own], a);
    }
    for (auto& [key, found] : replacements_) keep(key.first, key.second, false, found);
    for (auto& [lines, found] : added_) keep("", lines, true, found);
    for (auto& [lines, found] : removed_) keep(lines, "", true, found);
  }

 private:
  void take(std::size_t a) {
    const auto& atom = model_.atoms[a];
    const auto* hunk = model_.hunk(atom);
    auto role = model_.change(atom).role;
    if (!hunk || !atom.rule.empty() || atom.moved.line || role == Role::lock || role == Role::generated) return;
    std::vector<std::string_view> before, after;
    for (int i = atom.first; i <= atom.last; ++i) {
      const auto& line = hunk->lines[static_cast<std::size_t>(i)];
      (line.kind == '+' ? after : before).push_back(line.text);
    }
    if (before.empty() || after.empty()) return whole_lines(a, before.empty() ? after : before, before.empty());
    if (before.size() != after.size()) return;
    for (std::size_t i = 0; i < before.size(); ++i) pairs_[a].emplace_back(before[i], after[i]);
    paired_.push_back(a);
  }

  std::optional<Replacement> difference_of_all(std::size_t a) const {
    std::optional<Replacement> one;
    for (const auto& [before, after] : pairs_[a]) {
      auto r = difference(before, after);
      if (!r || (one && *one != *r)) return {};
      one = r;
    }
    return one;
  }

  void whole_lines(std::size_t a, const std::vector<std::string_view>& lines, bool added) {
    if (lines.size() > kMostWholeLines) return;
    std::string text;
    for (auto line : lines) text += std::string(trim(line)) + "\n";
    text = std::string(trim(text));
    if (text.size() > kMostBytes || !says_something(text, "")) return;
    add((added ? added_ : removed_)[text], a);
  }

  void add(Found& found, std::size_t a) {
    const auto& atom = model_.atoms[a];
    found.atoms.push_back(a);
    found.files.insert(atom.change);
    found.lines += std::max(atom.added, atom.removed);
  }

  std::vector<Replacement> most_frequent() const {
    std::map<Replacement, int> lines;
    for (auto a : paired_)
      for (const auto& [before, after] : pairs_[a])
        if (auto r = difference(before, after); r && !r->first.empty()) ++lines[*r];
    std::vector<std::pair<int, const Replacement*>> sorted;
    for (const auto& [r, n] : lines)
      if (n >= kLeastLines) sorted.emplace_back(-n, &r);
    std::sort(sorted.begin(), sorted.end(),
              [](auto& x, auto& y) { return std::tie(x.first, *x.second) < std::tie(y.first, *y.second); });
    std::vector<Replacement> out;
    for (std::size_t i = 0; i < sorted.size() && i < kTried; ++i) out.push_back(*sorted[i].second);
    return out;
  }

  // A line can have it more than once, and what is cut off its end and its beginning need not be the words themselves.
  bool makes(const Replacement& r, std::size_t a) const {
    return std::all_of(pairs_[a].begin(), pairs_[a].end(), [&](const auto& p) {
      return p.first.find(r.first) != std::string_view::npos && trim(replaced(p.first, r)) == trim(p.second);
    });
  }

  void keep(const std::string& from, const std::string& to, bool lines, Found& found) {
    if (found.lines < kLeastLines || (lines && found.atoms.size() < kLeastPlaces)) return;
    for (auto a : found.atoms) model_.atoms[a].edit = static_cast<int>(model_.edits.size());
    model_.edits.push_back(
        {from, to, lines, static_cast<int>(found.atoms.size()), static_cast<int>(found.files.size())});
  }

  Model& model_;
  std::vector<Pairs> pairs_;         // by atom
  std::vector<std::size_t> paired_;  // atoms that replace so many lines by as many
  std::map<Replacement, Found> replacements_;
  std::map<std::string, Found> added_, removed_;
};

struct Count {
  int lines = 0, atoms = 0;
};

std::map<int, Count> counts(const Model& model, const Group& group) {
  std::map<int, Count> out;
  for (auto i : group.atoms) {
    const auto& atom = model.atoms[i];
    if (!atom.rule.empty()) continue;
    auto& count = out[atom.edit];
    count.lines += std::max({1, atom.added, atom.removed});
    ++count.atoms;
  }
  return out;
}

// `in` begins "in 4 lines", "in 4 places"
std::string said(const Edit& edit, const Count& count, auto&& show) {
  if (edit.whole_lines) {
    auto text = edit.from.empty() ? edit.to : edit.from;
    auto many = std::count(text.begin(), text.end(), '\n');
    return fmt::format("{} the {} {} {} {}", edit.from.empty() ? "Add" : "Remove", many ? "lines" : "line", show(text),
                       edit.from.empty() ? "in" : "from", plural(count.atoms, "place"));
  }
  auto lines = plural(count.lines, "line");
  if (edit.from.empty()) return fmt::format("Add {} to {}", show(edit.to), lines);
  if (edit.to.empty()) return fmt::format("Remove {} from {}", show(edit.from), lines);
  return fmt::format("Replace {} by {} in {}", show(edit.from), show(edit.to), lines);
}

}  // namespace

void find_repeated(Model& model) {
  Finder(model).run();
}

bool stands_apart(const Edit& edit) {
  return edit.atoms >= kApartAtoms && edit.files >= kApartFiles;
}

std::string edit_title(const Model& model, const Group& group) {
  int all = 0, named = 0, edits = 0;
  const std::pair<const int, Count>* most = nullptr;
  auto by_edit = counts(model, group);
  for (const auto& entry : by_edit) {
    all += entry.second.lines;
    if (entry.first != kNoEdit) named += entry.second.lines, ++edits;
    if (entry.first != kNoEdit && (!most || entry.second.lines > most->second.lines)) most = &entry;
  }
  if (!most || most->second.lines < kLeastLines || named * 5 < all * 4) return {};
  bool alone = most->second.lines * 5 >= all * 4;
  auto title = said(model.edits[static_cast<std::size_t>(most->first)], most->second,
                    [](std::string_view text) { return "“" + one_line(text, 36) + "”"; });
  auto files = files_of(model, group);
  auto where = files.size() == 1 ? plain_name(base_name(model.changes[files[0]].file->path()))
                                 : plural(static_cast<std::int64_t>(files.size()), "file");
  if (alone) return title + " of " + where;
  return title + " and make " + plural(edits - 1, "edit more", "edits more") + ", in " + where;
}

std::string edit_words(const Model& model, const Group& group) {
  std::string out;
  int rest = 0, told = 0, all = 0;
  std::vector<std::pair<int, Count>> sorted;
  auto by_edit = counts(model, group);
  for (const auto& [edit, count] : by_edit) all += count.lines;
  for (const auto& [edit, count] : by_edit) {
    if (edit == kNoEdit || count.lines < kLeastLines || (count.lines < kMany && count.lines * 5 < all))
      rest += count.lines;
    else
      sorted.emplace_back(edit, count);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](auto& x, auto& y) { return std::pair(-x.second.lines, x.first) < std::pair(-y.second.lines, y.first); });
  for (const auto& [edit, count] : sorted) {
    if (++told > 8) {
      rest += count.lines;
      continue;
    }
    out += "- " +
           said(model.edits[static_cast<std::size_t>(edit)], count,
                [](std::string_view text) { return code(text, 200); }) +
           "\n";
  }
  if (out.empty()) return out;
  if (rest) out += "- beside other edits\n";
  return "**The same edit in many places**\n\n" + out + "\n";
}

}  // namespace pika::explain
