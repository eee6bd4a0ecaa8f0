#include "commit_words.hpp"

#include <algorithm>
#include <vector>

#include "pika/base/text.hpp"

namespace pika::explain {

namespace {

// "Signed-off-by: A", "Change-Id: x", "PiperOrigin-RevId: 1", "MOE_MIGRATED_REVID=1"
bool trailer(std::string_view line) {
  auto end = line.find_first_of(":=");
  if (end == std::string_view::npos || end == 0) return false;
  auto word = line.substr(0, end);
  bool one_word = std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (!one_word) return line.starts_with("Created by MOE: ");
  if (line[end] == '=')
    return word.find('_') != std::string_view::npos &&
           word.find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos;
  auto low = lower(word);
  if (low == "cc" || low == "link") return line.substr(end).starts_with(": ");
  return word.find('-') != std::string_view::npos && line.substr(end).starts_with(": ");
}

bool rule(std::string_view line) {
  return line.size() >= 3 && line.find_first_not_of("-=_*") == std::string_view::npos;
}

// A block of YAML that a bot appends: from a line "---" to one "...".
void drop_yaml(std::vector<std::string_view>& lines) {
  if (lines.empty() || lines.back() != "...") return;
  auto begin = std::find(lines.rbegin(), lines.rend(), "---");
  if (begin != lines.rend()) lines.erase(begin.base() - 1, lines.end());
}

}  // namespace

std::string authors_words(std::string_view body) {
  std::vector<std::string_view> lines;
  for (auto line : split(body, '\n')) lines.push_back(line.substr(0, line.find_last_not_of(" \t\r") + 1));
  auto trim_end = [&] {
    while (!lines.empty() && (lines.back().empty() || trailer(lines.back()) || rule(lines.back()))) lines.pop_back();
  };
  trim_end();
  drop_yaml(lines);
  trim_end();
  std::string out;
  bool blank = true;
  for (auto line : lines) {
    if (line.empty() && blank) continue;
    blank = line.empty();
    out += std::string(line) + "\n";
  }
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace pika::explain
