// CODEOWNERS, by way of the filters of this project.
#include "pika/invariants/owners.hpp"

#include <algorithm>

#include "pika/base/text.hpp"

namespace pika::invariants {
namespace {

// Words of a line, up to a comment; "\ " is a blank inside one.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool blank = line[i] == ' ' || line[i] == '\t' || line[i] == '\r';
    if (line[i] == '#' && word.empty()) break;
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == ' ') {
      word += line[++i];
    } else if (!blank) {
      word += line[i];
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

// As filters: the paths that a pattern stands for, and what is below them.
std::vector<Filter> filters_of(std::string_view pattern) {
  const bool folder = pattern.ends_with('/');
  if (folder) pattern.remove_suffix(1);
  const bool rooted = pattern.find('/') != pattern.npos;
  if (pattern.starts_with('/')) pattern.remove_prefix(1);
  std::string text = rooted || pattern.starts_with("**") ? "" : "**/";
  for (char c : pattern) {
    if (std::string_view("[]{}\\!,").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  std::vector<Filter> filters;
  const auto add = [&](const std::string& filter) {
    if (auto parsed = Filter::parse(filter)) filters.push_back(std::move(*parsed));
  };
  if (pattern.empty()) {
    add("**");
    return filters;
  }
  if (!folder) add(text);
  // "docs/*" is what lies in docs, and not what lies deeper.
  if (folder || pattern.substr(pattern.rfind('/') + 1) != "*") add(text + "/**");
  return filters;
}

}  // namespace

Owners Owners::parse(std::string_view text) {
  Owners owners;
  int number = 0;
  for (auto line : split(text, '\n')) {
    ++number;
    auto words = words_of(line);
    if (words.empty()) continue;
    OwnerLine each{.filters = filters_of(words[0]), .owners = {words.begin() + 1, words.end()}, .line = number};
    if (!each.filters.empty()) owners.lines_.push_back(std::move(each));
  }
  return owners;
}

const OwnerLine* Owners::of(std::string_view path) const {
  for (auto line = lines_.rbegin(); line != lines_.rend(); ++line)
    if (std::any_of(line->filters.begin(), line->filters.end(), [&](const auto& f) { return f.matches(path); }))
      return &*line;
  return nullptr;
}

std::optional<OwnersFile> find_owners(const TreeView& tree) {
  const auto& paths = tree.paths();
  for (std::string place : {".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"}) {
    const auto at = std::lower_bound(paths.begin(), paths.end(), place);
    if (at == paths.end() || *at != place) continue;
    return OwnersFile{place, Owners::parse(tree.text(static_cast<std::size_t>(at - paths.begin())))};
  }
  return std::nullopt;
}

}  // namespace pika::invariants
