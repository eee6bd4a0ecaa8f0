// Marking the changed words of a pair of lines: longest common subsequence over tokens.
#include <algorithm>
#include <cstdint>

#include "hunk.hpp"

namespace pika::web {

namespace {

constexpr std::size_t kLongestLine = 1000;   // bytes; above it the whole line is the change
constexpr std::size_t kMostCells = 160'000;  // of the comparison's table

bool word_byte(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

struct Token {
  int begin = 0, end = 0;
};

std::vector<Token> tokens_of(std::string_view line) {
  std::vector<Token> out;
  auto n = static_cast<int>(line.size());
  auto at = [&](int i) { return static_cast<unsigned char>(line[static_cast<std::size_t>(i)]); };
  for (int i = 0; i < n;) {
    int j = i + 1;
    if (word_byte(at(i))) {
      while (j < n && word_byte(at(j))) ++j;
    } else if (at(i) == ' ' || at(i) == '\t') {
      while (j < n && (at(j) == ' ' || at(j) == '\t')) ++j;
    }
    out.push_back({i, j});
    i = j;
  }
  return out;
}

// Adjacent tokens become one range; a range keeps inner blanks but has none at its ends.
Marks ranges(const std::vector<Token>& tokens, const std::vector<char>& same, std::string_view line) {
  Marks out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (same[i]) continue;
    if (!out.empty() && out.back().second == tokens[i].begin)
      out.back().second = tokens[i].end;
    else
      out.push_back({tokens[i].begin, tokens[i].end});
  }
  // Two marks with only a blank between them read better as one.
  Marks joined;
  for (auto range : out) {
    auto gap = joined.empty() ? std::string_view("x")
                              : line.substr(static_cast<std::size_t>(joined.back().second),
                                            static_cast<std::size_t>(range.first - joined.back().second));
    if (gap.find_first_not_of(" \t") == std::string_view::npos)
      joined.back().second = range.second;
    else
      joined.push_back(range);
  }
  return joined;
}

}  // namespace

std::pair<Marks, Marks> changed_words(std::string_view removed, std::string_view added) {
  if (removed == added || removed.size() > kLongestLine || added.size() > kLongestLine) return {};
  auto a = tokens_of(removed), b = tokens_of(added);
  if (a.empty() || b.empty() || (a.size() + 1) * (b.size() + 1) > kMostCells) return {};
  auto word = [](std::string_view line, Token t) {
    return line.substr(static_cast<std::size_t>(t.begin), static_cast<std::size_t>(t.end - t.begin));
  };
  auto width = b.size() + 1;
  std::vector<std::uint16_t> length((a.size() + 1) * width, 0);
  for (std::size_t i = a.size(); i-- > 0;)
    for (std::size_t j = b.size(); j-- > 0;) {
      auto& cell = length[i * width + j];
      if (word(removed, a[i]) == word(added, b[j]))
        cell = static_cast<std::uint16_t>(length[(i + 1) * width + j + 1] + 1);
      else
        cell = std::max(length[(i + 1) * width + j], length[i * width + j + 1]);
    }
  std::vector<char> same_a(a.size(), 0), same_b(b.size(), 0);
  std::size_t common = 0, all = 0;  // bytes that are not blank
  auto weight = [&](std::string_view line, Token t) -> std::size_t {
    auto w = word(line, t);
    return w.find_first_not_of(" \t") == std::string_view::npos ? 0 : w.size();
  };
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (word(removed, a[i]) == word(added, b[j])) {
      common += 2 * weight(removed, a[i]);
      same_a[i++] = same_b[j++] = 1;
    } else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) {
      ++i;
    } else {
      ++j;
    }
  }
  for (auto t : a) all += weight(removed, t);
  for (auto t : b) all += weight(added, t);
  if (common * 10 < all * 3) return {};
  return {ranges(a, same_a, removed), ranges(b, same_b, added)};
}

std::vector<Marks> hunk_marks(const git::Hunk& hunk, int first, int last) {
  std::vector<Marks> marks(hunk.lines.size());
  auto kind = [&](int i) { return hunk.lines[static_cast<std::size_t>(i)].kind; };
  for (int i = first; i <= last;) {
    if (kind(i) != '-') {
      ++i;
      continue;
    }
    int removed = i, added = i;
    while (added <= last && kind(added) == '-') ++added;
    int end = added;
    while (end <= last && kind(end) == '+') ++end;
    for (int k = 0; removed + k < added && added + k < end; ++k) {
      auto r = static_cast<std::size_t>(removed + k), a = static_cast<std::size_t>(added + k);
      auto [left, right] = changed_words(hunk.lines[r].text, hunk.lines[a].text);
      marks[r] = std::move(left);
      marks[a] = std::move(right);
    }
    i = end;
  }
  return marks;
}

}  // namespace pika::web
