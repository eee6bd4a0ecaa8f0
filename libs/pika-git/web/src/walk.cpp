#include "walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "parts.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "words_parts.hpp"

namespace pika::web {

namespace {

constexpr std::size_t kMostFilesNamed = 40;
constexpr std::size_t kMostLinks = 24;

using Pieces = std::vector<explain::Evidence>;

constexpr int kContext = 3;  // unchanged lines shown on each side of a piece, as far as the hunk has them

bool only_context(const git::Hunk& hunk, int from, int to) {
  for (int i = from; i <= to; ++i)
    if (hunk.lines[static_cast<std::size_t>(i)].kind != ' ') return false;
  return true;
}

// The pieces as they are shown: pieces of one hunk with nothing but unchanged lines between them are one, and each has
// its context. A changed line that the evidence does not name never comes in: it belongs to another step, or is not
// what the rule of a fold says.
Pieces shown_pieces(const Pieces& evidence, const HunkIndex& index) {
  Pieces out;
  for (auto piece : evidence) {
    const auto* hunk = index.find(piece.hunk).hunk;
    if (hunk && !hunk->lines.empty()) {
      int end = static_cast<int>(hunk->lines.size()) - 1;
      piece.first = std::clamp(piece.first, 0, end);
      piece.last = std::clamp(piece.last, piece.first, end);
      auto& before = out.empty() ? piece : out.back();
      bool moved = before.moved_line || piece.moved_line;
      if (!out.empty() && before.hunk == piece.hunk && before.last < piece.first && !moved &&
          only_context(*hunk, before.last + 1, piece.first - 1)) {
        before.last = piece.last;
        continue;
      }
    }
    out.push_back(piece);
  }
  for (auto& piece : out) {
    const auto* hunk = index.find(piece.hunk).hunk;
    if (!hunk || hunk->lines.empty()) continue;
    int end = static_cast<int>(hunk->lines.size()) - 1;
    for (int i = 0; i < kContext && piece.first > 0 && only_context(*hunk, piece.first - 1, piece.first - 1); ++i)
      --piece.first;
    for (int i = 0; i < kContext && piece.last < end && only_context(*hunk, piece.last + 1, piece.last + 1); ++i)
      ++piece.last;
  }
  return out;
}

// A digest of what the step's hunks say: the mark "reviewed" is kept while it stays the same.
std::string content_key(const explain::Tutorial& tutorial, const explain::Step& step, const HunkIndex& index) {
  std::string all;
  auto add = [&](const explain::Evidence& e) {
    auto found = index.find(e.hunk);
    all += e.file + '\0';
    if (!found.hunk) return;
    int last = std::min(e.last, static_cast<int>(found.hunk->lines.size()) - 1);
    for (int i = std::max(0, e.first); i <= last; ++i) {
      const auto& line = found.hunk->lines[static_cast<std::size_t>(i)];
      all += line.kind;
      all += line.text;
      all += '\n';
    }
  };
  for (const auto& e : step.evidence) add(e);
  for (const auto& fold : tutorial.folded)
    if (fold.step == step.id)
      for (const auto& e : fold.evidence) add(e);
  return sha256_hex(all).substr(0, 16);
}

class Steps {
 public:
  Steps(Html& h, const explain::Tutorial& tutorial, const git::Diff& diff, const WalkView& view)
      : h_(h), tutorial_(tutorial), view_(view), index_(diff), budget_(view.line_budget) {
    for (std::size_t i = 0; i < diff.files.size(); ++i) {
      file_place_.emplace(diff.files[i].new_path, i);
      file_place_.emplace(diff.files[i].old_path, i);
    }
  }

  void step(const explain::Step& step) {
    h_.open("article", "card step").id(fmt::format("step-{}", step.id));
    h_.attr("data-step", step.id).attr("data-key", content_key(tutorial_, step, index_));
    h_.open("header").open("span", "num").number(step.id).end();
    const auto* words = step_words(view_.words, step.id);
    h_.open("h3").attr("dir", "auto").code_text(step.title).end();
    if (words && words->title) by_model(h_);
    h_.open("button", "tick js").attr("type", "button").attr("aria-pressed", "false");
    h_.open("span").words("Mark reviewed").end().words(" <kbd>x</kbd>").end();
    h_.end();
    if (!step.intent.empty()) {
      h_.open("p", "intent").words("<b>Intent:</b> ").code_text(step.intent);
      if (words && words->intent) by_model(h_);
      h_.end();
    }
    affected(step);
    evidence(step);
    for (const auto& fold : tutorial_.folded)
      if (fold.step == step.id) folded(fold);
    told(h_, "body", step.body_markdown, words ? words->body : "");
    for (const auto& check : step.checks) {
      h_.open("p", "warnline").words("<b>Left behind</b> ");
      place_link(check);
      h_.words(" ").code_text(check.text).end();
    }
    h_.end();
  }

  // "ci/forge-lanes.toml:83", a link to the file where the diff has it
  void place_link(const explain::Check& check) {
    auto words = quote_name(check.file);
    if (check.line > 0) words += fmt::format(":{}", check.line);
    h_.link("file", file_url(check.file), words);
  }

 private:
  Url file_url(const std::string& file) const {
    auto at = file_place_.find(file);
    if (at == file_place_.end()) return {};
    auto anchor = file_anchor(at->second);
    return view_.diff_page.empty() ? in_page(anchor) : view_.diff_page.fragment(anchor);
  }
  Url hunk_url(const std::string& hunk) const {
    return view_.diff_page.empty() ? in_page(hunk) : view_.diff_page.fragment(hunk);
  }

  void affected(const explain::Step& step) {
    if (step.files.empty()) return;
    h_.open("p", "aff").words("<b>Affected files:</b> ");
    for (std::size_t i = 0; i < std::min(step.files.size(), kMostFilesNamed); ++i) {
      if (i) h_.words(", ");
      h_.link("", file_url(step.files[i]), quote_name(step.files[i]));
    }
    if (step.files.size() > kMostFilesNamed) h_.text(fmt::format(" and {} more", step.files.size() - kMostFilesNamed));
    h_.end();
  }

  void evidence(const explain::Step& step) {
    if (step.evidence.empty()) return;
    h_.open("h4").words("Evidence").end();
    pieces(step.evidence);
  }

  void folded(const explain::Fold& fold) {
    std::unordered_set<std::string> hunks;
    for (const auto& e : fold.evidence) hunks.insert(e.hunk);
    h_.open("details", "mech").open("summary").open("span", "seal").words("Matches rule").end().words(" ");
    h_.text(plural(static_cast<std::int64_t>(hunks.size()), "hunk"));
    if (fold.places > 0) h_.text(", " + plural(fold.places, "place"));
    h_.words(": ").code_text(fold.rule).end();
    pieces(fold.evidence);
    h_.end();
  }

  void pieces(const Pieces& evidence) {
    std::vector<std::string> left;
    for (const auto& e : shown_pieces(evidence, index_)) {
      int lines = e.last - e.first + 1;
      if (budget_ <= 0 || (lines > budget_ && budget_ < view_.line_budget)) {
        left.push_back(e.hunk);
        continue;
      }
      piece(e, std::min(lines, budget_));
      budget_ -= lines;
    }
    if (left.empty()) return;
    h_.open("p", "muted")
        .text(plural(static_cast<std::int64_t>(left.size()), "hunk"))
        .words(" more on the diff page: ");
    for (std::size_t i = 0; i < std::min(left.size(), kMostLinks); ++i)
      h_.link("", hunk_url(left[i]), left[i]).words(" ");
    if (left.size() > kMostLinks) h_.words("&hellip;");
    h_.end();
  }

  // Text that only moved says where it was or went: the same words, but order and place can mean something.
  void moved(const explain::Evidence& e, const git::Hunk& hunk) {
    bool added = std::any_of(hunk.lines.begin() + e.first, hunk.lines.begin() + e.last + 1,
                             [](const auto& line) { return line.kind == '+'; });
    h_.open("span", "moved").text(added ? "moved here from " : "moved to ");
    h_.link("file", file_url(e.moved_file), fmt::format("{}:{}", quote_name(e.moved_file), e.moved_line));
    h_.end();
  }

  void piece(const explain::Evidence& e, int lines) {
    auto found = index_.find(e.hunk);
    h_.open("figure", "hunk").attr("data-hunk", e.hunk);
    h_.open("figcaption").link("file", hunk_url(e.hunk), quote_name(e.file));
    if (found.hunk) {
      h_.open("span").text(found.hunk->header()).end();
      h_.open("span", "section").text(found.hunk->section.substr(0, 120)).end();
    }
    if (found.hunk && e.moved_line) moved(e, *found.hunk);
    h_.end();
    if (!found.file) {
      h_.open("p", "pseudo").words("This hunk is not in the stored diff.").end();
    } else if (!found.hunk) {
      pseudo_change(h_, *found.file);
    } else {
      bool renamed = found.file->kind == git::ChangeKind::renamed || found.file->kind == git::ChangeKind::copied;
      if (renamed && found.hunk == &found.file->hunks.front()) {
        h_.open("div", "pseudo");
        rename_lines(h_, *found.file);
        h_.end();
      }
      hunk_table(h_, *found.file, *found.hunk,
                 {.page = view_.diff_page,
                  .anchors = false,
                  .highlight = view_.highlight,
                  .first = e.first,
                  .last = e.first + lines - 1});
    }
    h_.end();
  }

  Html& h_;
  const explain::Tutorial& tutorial_;
  const WalkView& view_;
  HunkIndex index_;
  std::unordered_map<std::string, std::size_t> file_place_;
  int budget_;
};

std::pair<std::string, std::string> folder_and_name(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

std::string file_anchor(std::size_t index) {
  return fmt::format("f{}", index + 1);
}

HunkIndex::HunkIndex(const git::Diff& diff) {
  for (const auto& file : diff.files) {
    if (!file.pseudo_id.empty()) by_id_[file.pseudo_id] = {&file, nullptr};
    for (const auto& hunk : file.hunks) by_id_[hunk.id] = {&file, &hunk};
  }
}

HunkIndex::Found HunkIndex::find(const std::string& id) const {
  auto at = by_id_.find(id);
  return at == by_id_.end() ? Found{} : at->second;
}

void summary_parts(Html& h, const explain::Tutorial& tutorial, const ModelWords* words) {
  told(h, "", tutorial.summary, words ? words->summary : "");
  std::size_t placed = 0;
  for (const auto& hunk : tutorial.hunks)
    if (std::all_of(hunk.atoms.begin(), hunk.atoms.end(), [](const auto& atom) { return atom.step > 0; })) ++placed;
  h.open("ul", "facts");
  h.open("li").open("b").text(format_count(tutorial.lines_to_read)).end();
  h.text(fmt::format(" of {} changed lines to read", format_count(tutorial.lines_changed))).end();
  if (tutorial.lines_folded > 0)
    h.open("li").open("b").text(format_count(tutorial.lines_folded)).end().words(" match a rule, folded").end();
  h.open("li").open("b").text(format_count(static_cast<std::int64_t>(placed))).end();
  h.text(fmt::format(" of {} placed", plural(static_cast<std::int64_t>(tutorial.hunks.size()), "hunk"))).end();
  if (!tutorial.checks.empty())
    h.open("li", "warn")
        .open("b")
        .number(static_cast<std::int64_t>(tutorial.checks.size()))
        .end()
        .words(" left behind")
        .end();
  h.end();
  if (words && words->shown) return;  // the caller says more
  h.open("p", "prov").words("Derived from the diff of ").elem("code", short_id(tutorial.head)).words(", no model.");
  h.end();
}

// "Part 2 of 3: Refuse long paths": the words are the author's.
static void part_heading(Html& h, const explain::Tutorial& tutorial, int part) {
  for (const auto& p : tutorial.parts)
    if (p.id == part) {
      h.open("h3", "part").attr("dir", "auto").id(fmt::format("part-{}", p.id));
      h.text(fmt::format("Part {} of {}: ", p.id, tutorial.parts.size())).code_text(p.title).end();
    }
}

void tutorial_steps(Html& h, const explain::Tutorial& tutorial, const git::Diff& diff, const WalkView& view) {
  h.open("h2", "sec").id("steps").words("Tutorial Steps").end();
  if (tutorial.steps.empty()) {
    h.open("p", "card muted")
        .words("Nothing changes between this branch and its target, so there is nothing to walk through.")
        .end();
    return;
  }
  Steps steps(h, tutorial, diff, view);
  int part = 0;
  for (const auto& step : tutorial.steps) {
    if (step.part != part) part_heading(h, tutorial, step.part);
    part = step.part;
    steps.step(step);
  }
}

void steps_outline(Html& h, const explain::Tutorial& tutorial, const ModelWords* words) {
  h.open("div", "card flat").open("h2").words("Walk ");
  h.open("small").id("walk-count").text(plural(static_cast<std::int64_t>(tutorial.steps.size()), "step")).end().end();
  h.open("progress", "js").id("walk-progress").attr("max", static_cast<std::int64_t>(tutorial.steps.size()));
  h.attr("value", 0).attr("aria-label", "Steps reviewed").end();
  h.open("ol", "toc");
  for (const auto& step : tutorial.steps) {
    auto anchor = fmt::format("step-{}", step.id);
    h.open("li").attr("data-for", anchor).open("a").href(in_page(anchor)).code_text(step.title).end();
    if (const auto* told = step_words(words, step.id); told && told->title) by_model(h);
    h.end();
  }
  h.end().end();
}

void files_outline(Html& h, const git::Diff& diff, const Url& diff_page) {
  constexpr std::size_t kMost = 400;
  h.open("div", "card flat").open("h2").words("Files ").elem("small", std::to_string(diff.files.size())).end();
  h.empty("input")
      .cls("filter js")
      .attr("type", "search")
      .attr("placeholder", "Filter")
      .attr("aria-label", "Filter files");
  h.attr("data-filter", "files");
  h.open("ul", "tree").id("files");
  int most = 1;
  for (const auto& file : diff.files) most = std::max(most, file.added + file.removed);
  std::string folder;
  bool first = true;
  for (std::size_t i = 0; i < std::min(diff.files.size(), kMost); ++i) {
    const auto& file = diff.files[i];
    auto [in, name] = folder_and_name(file.path());
    if (first || in != folder) {
      if (!in.empty() || !first) h.open("li", "dir").name(in.empty() ? "./" : in).end();
      folder = in;
      first = false;
    }
    auto anchor = file_anchor(i);
    h.open("li", "f").attr("data-path", file.path());
    h.open("a").href(diff_page.empty() ? in_page(anchor) : diff_page.fragment(anchor)).name(name).end();
    if (file.hunks.empty() && file.kind == git::ChangeKind::renamed)
      h.words("<small>moved</small>");
    else if (file.binary)
      h.words("<small>binary</small>");
    else if (file.kind == git::ChangeKind::deleted)
      h.words("<small>deleted</small>");
    else
      churn_bar(h, file.added, file.removed, most);
    h.end();
  }
  h.end();
  if (diff.files.size() > kMost)
    h.open("p", "muted").link("", diff_page, fmt::format("{} more on the diff page", diff.files.size() - kMost)).end();
  h.end();
}

void left_behind_card(Html& h, const explain::Tutorial& tutorial) {
  if (tutorial.checks.empty()) return;
  h.open("section", "card").open("h2").words("Left behind ");
  h.elem("small", std::to_string(tutorial.checks.size())).end().open("ul", "plain");
  for (const auto& check : tutorial.checks) {
    auto place = quote_name(check.file);
    if (check.line > 0) place += fmt::format(":{}", check.line);
    h.open("li").open("span", "file").text(place).end().words(" ").code_text(check.text).end();
  }
  h.end().end();
}

}  // namespace pika::web
