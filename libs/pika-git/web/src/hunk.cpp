#include "hunk.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"

namespace pika::web {

namespace {

constexpr std::size_t kShownBytes = 4000;  // of one line; a minified file is not read here

Literal syntax_class(SyntaxKind kind) {
  switch (kind) {
    case SyntaxKind::keyword:
      return "k";
    case SyntaxKind::string:
      return "s";
    case SyntaxKind::number:
      return "m";
    case SyntaxKind::comment:
      return "c";
    case SyntaxKind::type:
      return "t";
    case SyntaxKind::function:
      return "f";
    case SyntaxKind::constant:
      return "o";
    case SyntaxKind::attribute:
      return "b";
    case SyntaxKind::property:
      return "p";
  }
  return "";
}

// Moves a cut back to the start of the UTF-8 sequence it falls into.
int boundary(std::string_view line, int at) {
  while (at > 0 && at < static_cast<int>(line.size()) &&
         (static_cast<unsigned char>(line[static_cast<std::size_t>(at)]) & 0xC0) == 0x80)
    --at;
  return at;
}

// The line's text with its colours and its marks, which may overlap in any way.
void coloured_line(Html& h, std::string_view line, std::vector<SyntaxSpan> spans, const Marks& marks) {
  auto size = static_cast<int>(line.size());
  std::erase_if(spans, [&](const SyntaxSpan& s) { return s.begin < 0 || s.end > size || s.begin >= s.end; });
  std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  auto piece = [&](int from, int to) {
    if (from < to) h.text(line.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from)));
  };
  // Text [from, to) with the syntax colours that fall into it.
  std::size_t next = 0;
  auto coloured = [&](int from, int to) {
    while (from < to) {
      while (next < spans.size() && spans[next].end <= from) ++next;
      if (next == spans.size() || spans[next].begin >= to) break;
      int begin = boundary(line, std::max(from, spans[next].begin)),
          end = boundary(line, std::min(to, spans[next].end));
      piece(from, begin);
      if (begin < end) {
        h.open("span").cls(syntax_class(spans[next].kind));
        piece(begin, end);
        h.end();
      }
      from = std::max(end, from);
      if (end <= begin) ++next;
    }
    piece(from, to);
  };
  int at = 0;
  for (auto [begin, end] : marks) {
    begin = std::clamp(begin, at, size);
    end = std::clamp(end, begin, size);
    coloured(at, begin);
    h.open("mark");
    coloured(begin, end);
    h.end();
    at = end;
  }
  coloured(at, size);
}

// The link is not a stop of the tab key: a page has hundreds, and a hunk's own link is one.
void number_cell(Html& h, int number, const Url& link) {
  h.open("td", "n");
  if (number > 0 && !link.empty())
    h.open("a").href(link).attr("tabindex", -1).number(number).end();
  else if (number > 0)
    h.number(number);
  h.end();
}

void line_row(Html& h, const git::FileChange& file, const git::Hunk& hunk, int index, const Marks& marks,
              const HunkView& view) {
  const auto& line = hunk.lines[static_cast<std::size_t>(index)];
  auto anchor = line_anchor(hunk.id, index);
  auto link = view.page.empty() ? in_page(anchor) : view.page.fragment(anchor);
  h.open("tr");
  if (line.kind == '+') h.cls("a");
  if (line.kind == '-') h.cls("d");
  if (view.anchors) h.id(anchor);
  number_cell(h, line.old_line, line.kind == '-' ? link : Url());
  number_cell(h, line.new_line, link);
  h.open("td", "g");
  if (line.kind == '+') h.words("+");
  if (line.kind == '-') h.words("&minus;");
  h.end().open("td", "c");
  auto shown = line.text.substr(0, kShownBytes);
  std::vector<SyntaxSpan> spans;
  if (view.highlight && *view.highlight && shown.size() == line.text.size())
    spans = (*view.highlight)(file, line.kind != '-', line.kind != '-' ? line.new_line : line.old_line);
  coloured_line(h, shown, std::move(spans), marks);
  if (shown.size() < line.text.size())
    h.elem("small", "cut", fmt::format(" \u2026 {} more", format_bytes(line.text.size() - shown.size())));
  if (line.no_newline) h.words("<small class=\"cut\"> no newline at the end of the file</small>");
  h.end().end();
}

}  // namespace

std::string line_anchor(std::string_view hunk, int index) {
  return fmt::format("{}-{}", hunk, index);
}

void hunk_table(Html& h, const git::FileChange& file, const git::Hunk& hunk, const HunkView& view) {
  int count = static_cast<int>(hunk.lines.size());
  int first = std::clamp(view.first, 0, std::max(0, count - 1));
  int last = view.last < 0 ? count - 1 : std::min(view.last, count - 1);
  auto marks = hunk_marks(hunk, first, last);
  h.open("div", "code").attr("tabindex", 0).attr("role", "group").attr("aria-label", "Lines of " + hunk.id);
  h.open("table", "diff").open("tbody");
  for (int i = first; i <= last && h.alive(); ++i) line_row(h, file, hunk, i, marks[static_cast<std::size_t>(i)], view);
  h.end().end().end();
}

std::string change_words(const git::FileChange& file) {
  std::string out;
  switch (file.kind) {
    case git::ChangeKind::added:
      out = "added";
      break;
    case git::ChangeKind::deleted:
      out = "deleted";
      break;
    case git::ChangeKind::renamed:
      out = "renamed from `" + quote_name(file.old_path) + "`";
      break;
    case git::ChangeKind::copied:
      out = "copied from `" + quote_name(file.old_path) + "`";
      break;
    case git::ChangeKind::type_changed:
      out = "type changed";
      break;
    case git::ChangeKind::modified:
      break;
  }
  if (file.mode_changed() && file.kind != git::ChangeKind::type_changed) {
    if (!out.empty()) out += ", ";
    out += fmt::format("mode {:06o} to {:06o}", file.old_mode, file.new_mode);
  }
  return out;
}

void rename_lines(Html& h, const git::FileChange& file) {
  bool copied = file.kind == git::ChangeKind::copied;
  if (!copied && file.kind != git::ChangeKind::renamed) return;
  h.open("p").words(copied ? Literal("copy from ") : Literal("rename from ")).name(file.old_path).end();
  h.open("p").words(copied ? Literal("copy to ") : Literal("rename to ")).name(file.new_path).end();
}

void pseudo_change(Html& h, const git::FileChange& file) {
  constexpr unsigned kSubmodule = 0160000;
  h.open("div", "pseudo");
  auto line = [&](Literal words, std::string_view name) { h.open("p").words(words).name(name).end(); };
  if (file.kind == git::ChangeKind::renamed || file.kind == git::ChangeKind::copied) {
    rename_lines(h, file);
    if (file.similarity > 0) h.elem("p", "muted", fmt::format("{}% the same bytes", file.similarity));
  } else if (file.old_mode == kSubmodule || file.new_mode == kSubmodule) {
    line("submodule ", file.path());
    h.open("p").words("from ").elem("code", file.old_blob.is_zero() ? "nothing" : file.old_blob.hex());
    h.words(" to ").elem("code", file.new_blob.is_zero() ? "nothing" : file.new_blob.hex()).end();
  } else if (file.binary) {
    line("binary file, not shown: ", file.path());
  } else if (file.kind == git::ChangeKind::added || file.kind == git::ChangeKind::deleted) {
    line(file.kind == git::ChangeKind::added ? Literal("empty file added: ") : Literal("empty file deleted: "),
         file.path());
  } else {
    line("no lines change: ", file.path());
  }
  if (file.mode_changed())
    h.open("p").text(fmt::format("old mode {:06o}, new mode {:06o}", file.old_mode, file.new_mode)).end();
  h.end();
}

void churn_bar(Html& h, int added, int removed, int most) {
  if (added + removed == 0 || most <= 0) return;
  // At most 48 wide, and never so thin that one cannot see it.
  auto width = [&](int n) { return n == 0 ? 0 : std::max(2, 48 * n / std::max(most, 1)); };
  int a = width(added), d = width(removed);
  h.open("svg", "churn").attr("viewBox", fmt::format("0 0 {} 6", a + d)).attr("width", a + d).attr("height", 6);
  h.attr("role", "img").attr("aria-label", fmt::format("{} added, {} removed", added, removed));
  if (a > 0) h.open("rect", "a").attr("width", a).attr("height", 6).end();
  if (d > 0) h.open("rect", "d").attr("x", a).attr("width", d).attr("height", 6).end();
  h.end();
}

}  // namespace pika::web
