#include <fmt/format.h>

#include "cards.hpp"
#include "pika/base/text.hpp"
#include "walk.hpp"
#include "words_parts.hpp"

namespace pika::web {

namespace {

std::string title_of(const BranchHead& head) {
  return head.title.empty() ? quote_name(head.name) : head.title;
}

void version_picker(Html& h, const BranchPage& page) {
  if (page.head.version == 0) return;
  h.words(" <span class=\"dot\" aria-hidden=\"true\">&middot;</span> ");
  auto words = fmt::format("version {} of {}", page.head.version, page.head.versions);
  if (page.versions.size() < 2) {
    h.open("span").text(words).end();
    return;
  }
  h.open("details", "picker").open("summary", "link").text(words).end().open("ol");
  auto plain = page.head;
  for (auto it = page.versions.rbegin(); it != page.versions.rend(); ++it) {
    plain.version = it->number;
    h.open("li");
    if (it->number == page.head.version) h.attr("aria-current", "true");
    h.link("", branch_url(plain), fmt::format("version {}", it->number)).words(" ");
    h.elem("code", short_id(it->head)).words(" ");
    churn(h, it->added, it->removed);
    h.words(" ");
    relative_time(h, it->pushed, page.chrome.now);
    if (!it->pushed_by.empty()) h.words(" by ").text(it->pushed_by);
    h.end();
  }
  h.end().end();
}

void chips(Html& h, const BranchPage& page) {
  h.open("div", "chips").attr("data-live", "chips");
  state_chips(h, page.head);
  if (!page.landing.merge_commit.empty()) {
    h.open("span", "grow").end().open("span", "landed").words("Merge Commit: ");
    h.elem("code", page.landing.merge_commit);
    copy_button(h, page.landing.merge_commit);
    h.end();
  }
  h.end();
}

void hero(Html& h, const BranchPage& page) {
  const auto& head = page.head;
  h.open("header", "hero");
  h.open("p", "back").open("a").href(path({})).words("Back to feed").end().end();
  h.open("p", "kicker").link("", repository_url(head.owner, head.repository), head.owner + "/" + head.repository);
  h.text(fmt::format(" branch #{}", head.number)).end();
  h.open("div", "decide").open("div", "what");
  h.open("h1").attr("dir", "auto").text(title_of(head)).end();
  h.open("div", "sub");  // no <p>: the picker is a block
  branch_sub(h, head);
  version_picker(h, page);
  h.end().end();
  verdict_block(h, page);
  h.end();
  chips(h, page);
  branch_tabs(h, head, "tutorial");
  h.end();
}

void older_note(Html& h, const BranchPage& page) {
  const auto& head = page.head;
  h.open("div").attr("data-live", "version").attr("data-versions", head.versions);
  if (head.version != 0 && head.version < head.versions) {
    auto newest = head;
    newest.version = head.versions;
    h.open("p", "card warnline").text(fmt::format("This is version {}. ", head.version));
    h.link("", branch_url(newest), fmt::format("Version {} is the newest", head.versions)).words(".").end();
  }
  h.end();
}

// What stands in the walk's place while there is no tutorial.
void no_tutorial(Html& h, const BranchPage& page) {
  h.open("section", "card lead").id("summary").open("h2").words("Summary").end();
  if (page.head.tutorial == "failed") {
    h.open("p").words("The tutorial of this version could not be made. ");
    h.code_text(page.tutorial_error).end();
    if (page.may_explain_again) explain_again_form(h, page);
  } else {
    h.open("p").words("The tutorial of this version is being made. This page shows it as soon as it is ready").end();
  }
  h.open("p").link("", branch_part_url(page.head, "diff"), "Read the diff").words(" meanwhile.").end().end();
}

void description_card(Html& h, const BranchPage& page) {
  if (page.description.empty()) return;
  h.open("section", "card author").open("h2").words("In the author&rsquo;s words ");
  if (!page.head.author.empty()) h.elem("small", page.head.author);
  h.end().open("div", "md").trusted({markdown_html(page.description)}).end().end();
}

void diff_section(Html& h, const BranchPage& page) {
  h.open("section", "card").id("diff").open("h2").words("Diff ");
  h.open("small").text(plural(page.head.files, "file")).words(" ");
  churn(h, page.head.added, page.head.removed);
  h.end().end();
  if (page.diff && page.diff->files.empty()) {
    h.open("p", "muted").words("No file differs between this branch and its target.").end();
  } else if (page.diff) {
    constexpr std::size_t kMost = 60;
    int most = 1;
    for (const auto& file : page.diff->files) most = std::max(most, file.added + file.removed);
    h.open("ul", "filelist");
    for (std::size_t i = 0; i < std::min(kMost, page.diff->files.size()); ++i) {
      const auto& file = page.diff->files[i];
      h.open("li").open("a", "file").href(branch_part_url(page.head, "diff").fragment(file_anchor(i)));
      h.name(file.path()).end().open("span", "muted").code_text(change_words(file)).end();
      h.open("span", "nb");
      churn(h, file.added, file.removed);
      h.end().end();
    }
    h.end();
    if (page.diff->files.size() > kMost)
      h.open("p", "muted").text(fmt::format("and {} more", page.diff->files.size() - kMost)).end();
  }
  h.open("p")
      .open("a", "btn")
      .href(branch_part_url(page.head, "diff"))
      .words("Open the whole diff <kbd>d</kbd>")
      .end()
      .end();
  h.end();
}

void commits_card(Html& h, const BranchPage& page) {
  if (page.commits.empty()) return;
  constexpr std::size_t kMost = 8;
  h.open("section", "card").open("h2").words("Commits ").elem("small", std::to_string(page.commits.size())).end();
  h.open("ul", "plain commits");
  auto from = page.commits.size() > kMost ? page.commits.size() - kMost : 0;
  for (std::size_t i = from; i < page.commits.size(); ++i) {
    const auto& c = page.commits[i];
    h.open("li")
        .open("span")
        .attr("dir", "auto")
        .text(c.subject)
        .end()
        .open("small")
        .elem("code", short_id(c.id))
        .words(" ");
    h.text(c.author).words(" ");
    relative_time(h, c.time, page.chrome.now);
    h.end().end();
  }
  h.end();
  if (from > 0)
    h.open("p", "muted").link("", branch_part_url(page.head, "commits"), fmt::format("{} earlier", from)).end();
  h.end();
}

void summary(Html& h, const BranchPage& page) {
  h.open("section", "card lead").id("summary").open("h2").words("Summary").end();
  summary_parts(h, *page.tutorial, &page.words);
  words_provenance(h, page);
  words_region(h, page);
  h.end();
}

bool has_walk(const BranchPage& page) {
  return page.tutorial && page.diff && page.head.tutorial == "ready";
}

void walk(Html& h, const BranchPage& page) {
  h.open("main", "walk").id("main").attr("data-tutorial", page.head.tutorial).attr("data-words", page.words.token);
  older_note(h, page);
  if (has_walk(page)) {
    summary(h, page);
    description_card(h, page);
    tutorial_steps(
        h, *page.tutorial, *page.diff,
        {.diff_page = branch_part_url(page.head, "diff"), .highlight = &page.highlight, .words = &page.words});
  } else {
    no_tutorial(h, page);
    description_card(h, page);
  }
  diff_section(h, page);
  h.end();
}

}  // namespace

std::string render(const BranchPage& page) {
  Html h;
  auto title =
      fmt::format("{} \u00B7 {}/{} #{}", title_of(page.head), page.head.owner, page.head.repository, page.head.number);
  open_page(h, page.chrome, title, "branch");
  hero(h, page);
  h.open("div", "page").open("aside", "outline").attr("aria-label", "Outline");
  if (has_walk(page)) steps_outline(h, *page.tutorial, &page.words);
  if (page.diff) files_outline(h, *page.diff, branch_part_url(page.head, "diff"));
  h.end();
  walk(h, page);
  h.open("aside", "rail").attr("aria-label", "State");
  ci_card(h, page);
  if (has_walk(page)) left_behind_card(h, *page.tutorial);
  landing_card(h, page);
  commits_card(h, page);
  h.end().end();
  close_page(h, page.chrome);
  return h.take();
}

std::string render_live(const BranchPage& page) {
  Html h;
  h.open("div").attr("data-tutorial", page.head.tutorial).attr("data-words", page.words.token);
  verdict_block(h, page);
  chips(h, page);
  branch_tabs(h, page.head, "tutorial");
  older_note(h, page);
  if (has_walk(page)) words_region(h, page);
  ci_card(h, page);
  landing_card(h, page);
  return h.take();
}

}  // namespace pika::web
