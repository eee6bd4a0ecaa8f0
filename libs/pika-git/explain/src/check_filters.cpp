// Path filters that covered files at their old names and cover none of them at their new ones: the check that they
// choose no longer runs, and nothing else says so.
#include <fmt/format.h>

#include <algorithm>

#include "checks.hpp"
#include "pika/base/text.hpp"
#include "pika/filter/filter.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

using syntax::TokenKind;

constexpr std::uint64_t kMostBytes = 256u << 10;

// Filters that stand in one list, with their lines.
struct Listed {
  std::vector<std::string> filters;
  std::vector<int> lines;
};

// The lists of strings of a TOML file that hold at least one path. One that names a group may match more than it says.
std::vector<Listed> toml_lists(std::string text) {
  std::vector<Listed> out;
  auto side = make_side(syntax::Language::toml, std::move(text));
  if (!side.file) return out;
  Listed now;
  bool inside = false, paths = false, group = false;
  for (const auto& token : side.file->tokens) {
    auto words = side.text_of(token);
    if (words == "[" || words == "[[") {
      inside = true, paths = group = false;
      now = {};
    } else if (inside && (words == "]" || words == "]]")) {
      inside = false;
      if (paths && !group) out.push_back(now);
    } else if (inside && token.kind == TokenKind::string && words.size() > 2) {
      auto value = words.substr(1, words.size() - 2);
      group |= value.starts_with('@');
      bool path = value.find('/') != std::string_view::npos && value.find_first_of(" \\:\"'") == std::string_view::npos;
      paths |= path;
      if (!path) continue;
      now.filters.emplace_back(value);
      now.lines.push_back(token.line);
    }
  }
  return out;
}

// The lists below `paths:` of a workflow (docs.github.com, "Workflow syntax": on.<event>.paths).
std::vector<Listed> workflow_lists(std::string_view text) {
  std::vector<Listed> out;
  std::size_t indent = std::string_view::npos;
  int number = 0;
  for (auto line : split(text, '\n')) {
    ++number;
    auto at = line.find_first_not_of(' ');
    if (at == std::string_view::npos) continue;
    auto words = trim(line.substr(at));
    if (words == "paths:") {
      indent = at;
      out.emplace_back();
    } else if (indent != std::string_view::npos && at >= indent && words.starts_with("- ")) {
      auto value = trim(words.substr(2));
      if (value.size() > 1 && (value.front() == '\'' || value.front() == '"')) {
        auto end = value.find(value.front(), 1);
        value = end == std::string_view::npos ? std::string_view() : value.substr(1, end - 1);
      }
      if (value.empty()) continue;
      out.back().filters.emplace_back(value);
      out.back().lines.push_back(number);
    } else if (!words.starts_with('#')) {
      indent = std::string_view::npos;
    }
  }
  return out;
}

class Filters {
 public:
  Filters(const Model& model, std::vector<Check>& out) : model_(model), out_(out) {
    for (const auto& change : model.changes)
      if (change.file->kind == git::ChangeKind::renamed) moved_.push_back(change.file);
  }

  void run() {
    if (moved_.empty()) return;
    for (const char* folder : {"ci", "invariants", ".github/workflows"})
      for (const auto& entry : repository().list(model_.input->diff->head, folder)) {
        bool toml = entry.path.ends_with(".toml"), yaml = entry.path.ends_with(".yml") || entry.path.ends_with(".yaml");
        if ((!toml && !yaml) || repository().blob_size(entry.id).value_or(kMostBytes + 1) > kMostBytes) continue;
        auto text = repository().blob(entry.id).value_or("");
        for (const auto& list : toml ? toml_lists(std::move(text)) : workflow_lists(text)) stale(entry.path, list);
      }
  }

 private:
  const git::Repository& repository() const { return *model_.input->repository; }

  void stale(const std::string& file, const Listed& list) {
    auto filters = FilterList::parse(list.filters);
    if (!filters) return;
    for (std::size_t i = 0; i < list.filters.size(); ++i) {
      std::size_t lost = 0;
      const git::FileChange* first = nullptr;
      for (const auto* f : moved_) {
        if (filters->choosing(f->old_path) != &filters->filters()[i] || filters->choosing(f->new_path)) continue;
        if (++lost == 1) first = f;
      }
      if (lost) tell(file, list.filters[i], list.lines[i], lost, *first);
    }
  }

  void tell(const std::string& file, const std::string& filter, int line, std::size_t lost,
            const git::FileChange& first) {
    auto text =
        lost == 1 ? fmt::format("The filter {} matched {} before it moved to {}; nothing in its list matches it there.",
                                code(filter), code_name(first.old_path), code_name(first.new_path))
                  : fmt::format(
                        "The filter {} matched {} moved files at their old names, {} among them; nothing in its list "
                        "matches them at "
                        "their new names, such as {}.",
                        code(filter), lost, code_name(first.old_path), code_name(first.new_path));
    out_.push_back({"stale_path_filter", file, line, std::move(text)});
  }

  const Model& model_;
  std::vector<Check>& out_;
  std::vector<const git::FileChange*> moved_;
};

}  // namespace

void check_filters(const Model& model, std::vector<Check>& out) {
  Filters(model, out).run();
}

}  // namespace pika::explain
