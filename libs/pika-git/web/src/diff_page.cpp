// The whole stored diff, streamed: files in git's order, every hunk and line with its anchor.
#include <fmt/format.h>

#include "diff_files.hpp"
#include "parts.hpp"
#include "pika/base/text.hpp"
#include "walk.hpp"

namespace pika::web {

StepOfHunk::StepOfHunk(const explain::Tutorial* tutorial) {
  if (!tutorial) return;
  for (const auto& hunk : tutorial->hunks)
    if (!hunk.atoms.empty()) step_.emplace(hunk.id, hunk.atoms.front().step);
}

int StepOfHunk::find(const std::string& hunk) const {
  auto at = step_.find(hunk);
  return at == step_.end() ? 0 : at->second;
}

namespace {

// Of a hunk no more is shown: a page with a million table rows serves nobody, and costs the reader's browser.
constexpr std::size_t kMostHunkLines = 20'000;

void hunk_figure(Html& h, const git::FileChange& file, const git::Hunk& hunk, const DiffView& view) {
  h.open("figure", "hunk").id(hunk.id).attr("data-hunk", hunk.id).open("figcaption");
  h.open("a").href(in_page(hunk.id)).text(hunk.id).end().open("span").text(hunk.header()).end();
  h.open("span", "section").text(hunk.section.substr(0, 160)).end().open("span", "grow").end();
  if (int step = view.steps ? view.steps->find(hunk.id) : 0; step > 0) {
    auto anchor = fmt::format("step-{}", step);
    h.open("a")
        .href(view.walk.empty() ? in_page(anchor) : view.walk.fragment(anchor))
        .text(fmt::format("step {}", step))
        .end();
  }
  h.end();
  const HunkView look{.page = {}, .anchors = true, .highlight = view.highlight};
  if (hunk.lines.size() <= kMostHunkLines) {
    hunk_table(h, file, hunk, look);
  } else {
    auto first = hunk;
    first.lines.resize(kMostHunkLines);
    hunk_table(h, file, first, look);
    h.open("p", "muted")
        .text(fmt::format("{} more lines of this hunk are not shown; in a clone: ",
                          format_count(static_cast<std::int64_t>(hunk.lines.size() - kMostHunkLines))));
    h.elem("code", fmt::format("git show {}:{}", view.head.substr(0, 12), shell_quote(to_utf8(file.path())))).end();
  }
  h.end();
}

}  // namespace

void diff_file(Html& h, const git::FileChange& file, std::size_t index, const DiffView& view) {
  auto anchor = file_anchor(index);
  h.open("section", "card dfile").id(anchor).attr("data-path", file.path());
  h.open("header").open("h2").open("a", "file").href(in_page(anchor)).name(file.path()).end().end();
  if (auto words = change_words(file); !words.empty()) h.open("span", "muted").code_text(words).end();
  h.open("span", "grow").end().open("span", "nb");
  churn(h, file.added, file.removed);
  h.end().end();
  if (file.hunks.empty()) {
    h.open("div").id(file.pseudo_id.empty() ? anchor + "-0" : file.pseudo_id);
    pseudo_change(h, file);
    h.end();
  }
  for (const auto& hunk : file.hunks) {
    if (!h.alive()) return;
    hunk_figure(h, file, hunk, view);
  }
  h.end();
}

bool render_diff(const DiffPage& page, const Write& write) {
  Html h(write);
  auto title = fmt::format("Diff \u00B7 {}/{} #{}", page.head.owner, page.head.repository, page.head.number);
  open_page(h, page.chrome, title, "diffpage");
  branch_slim_header(h, page.head, "diff");
  h.open("div", "page two").open("aside", "outline").attr("aria-label", "Files");
  if (page.diff) files_outline(h, *page.diff, {});
  h.end().open("main").id("main");
  if (!page.diff || page.diff->files.empty())
    h.open("p", "card muted").words("No file differs between this branch and its target.").end();
  if (page.diff) {
    StepOfHunk steps(page.tutorial);
    DiffView view{.highlight = &page.highlight, .steps = &steps, .walk = branch_url(page.head), .head = page.head.head};
    for (std::size_t i = 0; i < page.diff->files.size() && h.alive(); ++i) diff_file(h, page.diff->files[i], i, view);
  }
  h.end().end();
  close_page(h, page.chrome);
  return h.finish();
}

}  // namespace pika::web
