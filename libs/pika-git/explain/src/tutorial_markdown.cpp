#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "pika/base/text.hpp"
#include "pika/explain/tutorial.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

struct Place {
  const git::FileChange* file = nullptr;
  const git::Hunk* hunk = nullptr;
};

std::map<std::string, Place> index(const git::Diff& diff) {
  std::map<std::string, Place> out;
  for (const auto& file : diff.files) {
    for (const auto& hunk : file.hunks) out[hunk.id] = {&file, &hunk};
    if (file.hunks.empty()) out[file.pseudo_id] = {&file, nullptr};
  }
  return out;
}

std::string pseudo_lines(const git::FileChange& file) {
  std::string out;
  if (file.kind == git::ChangeKind::renamed || file.kind == git::ChangeKind::copied) {
    const char* word = file.kind == git::ChangeKind::renamed ? "rename" : "copy";
    out += fmt::format("{} from {}\n{} to {}\n", word, to_utf8(quote_name(file.old_path)), word,
                       to_utf8(quote_name(file.new_path)));
  } else {
    out += to_utf8(quote_name(file.path())) + "\n";
  }
  if (file.old_mode == 0) out += fmt::format("new file mode {:o}\n", file.new_mode);
  if (file.new_mode == 0) out += fmt::format("deleted file mode {:o}\n", file.old_mode);
  if (file.mode_changed()) out += fmt::format("old mode {:o}\nnew mode {:o}\n", file.old_mode, file.new_mode);
  if (file.binary) out += "binary files differ\n";
  return out;
}

// Evidence as a fenced block; the fence is longer than any run of back-ticks inside.
std::string fenced(const std::string& text) {
  std::size_t longest = 2, run = 0;
  for (char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  std::string fence(longest + 1, '`');
  return fence + "diff\n" + text + fence + "\n\n";
}

std::string evidence_text(const Evidence& e, const std::map<std::string, Place>& places) {
  auto found = places.find(e.hunk);
  if (found == places.end()) return {};
  const auto* hunk = found->second.hunk;
  if (!hunk) return pseudo_lines(*found->second.file);
  std::string out = hunk->header() + (hunk->section.empty() ? "" : " " + to_utf8(hunk->section)) + "\n";
  if (e.moved_line) out += fmt::format("moved: {} line {}\n", to_utf8(quote_name(e.moved_file)), e.moved_line);
  int end = std::min(e.last, static_cast<int>(hunk->lines.size()) - 1);
  for (int i = std::max(0, e.first); i <= end; ++i) {
    const auto& line = hunk->lines[static_cast<std::size_t>(i)];
    out += line.kind + to_utf8(line.text) + "\n";
    if (line.no_newline) out += "\\ No newline at end of file\n";
  }
  return out;
}

std::string checks_text(const std::vector<Check>& checks) {
  std::string out;
  for (const auto& check : checks)
    out += fmt::format("- {} ({}{})\n", to_utf8(check.text), code_name(check.file),
                       check.line ? fmt::format(", line {}", check.line) : "");
  return out.empty() ? out : out + "\n";
}

std::string step_text(const Step& step, const std::map<std::string, Place>& places) {
  std::string out = fmt::format("### {}. {}\n\n", step.id, escape(to_utf8(step.title)));
  out += "**Intent:** " + to_utf8(step.intent) + "\n\n";
  std::vector<std::string> names;
  for (const auto& file : step.files) names.push_back(code_name(file));
  out += "**Affected files:** " + join(names, ", ") + "\n\n";
  if (!step.needs.empty()) {
    std::vector<std::string> needs;
    for (int n : step.needs) needs.push_back(std::to_string(n));
    out += "**Uses definitions of:** step " + list_words(needs, 12) + "\n\n";
  }
  if (!step.evidence.empty()) out += "**Evidence**\n\n";
  std::string file, block;
  auto flush = [&] {
    if (!block.empty()) out += code_name(file) + "\n\n" + fenced(block);
    block.clear();
  };
  for (const auto& e : step.evidence) {
    if (e.file != file) flush();
    file = e.file;
    block += evidence_text(e, places);
  }
  flush();
  return out + to_utf8(step.body_markdown) + "\n" + checks_text(step.checks);
}

}  // namespace

std::string to_markdown(const Tutorial& tutorial, const git::Diff& diff) {
  auto places = index(diff);
  std::string out = "## Summary\n\n" + to_utf8(tutorial.summary) + "\n";
  if (!tutorial.checks.empty()) out += "## Left behind\n\n" + checks_text(tutorial.checks);
  out += "## Tutorial Steps\n\n";
  int part = 0;
  for (const auto& step : tutorial.steps) {
    if (step.part != part)
      for (const auto& p : tutorial.parts)
        if (p.id == step.part) out += fmt::format("## Part {}: “{}”\n\n", p.id, escape(to_utf8(p.title)));
    part = step.part;
    out += step_text(step, places);
  }
  if (!tutorial.folded.empty()) {
    out += "## Folded\n\n";
    for (const auto& fold : tutorial.folded)
      out += fmt::format("- Step {}: {}, {}\n", fold.step, to_utf8(fold.rule), plural(fold.places, "place"));
    out += "\n";
  }
  return out;
}

}  // namespace pika::explain
