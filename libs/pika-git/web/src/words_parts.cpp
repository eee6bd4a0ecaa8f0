#include "words_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "parts.hpp"
#include "pika/base/text.hpp"

namespace pika::web {

namespace {

constexpr std::size_t kMostRemoved = 100;

Url tutorial_action(const BranchHead& head) {
  return path({head.owner, head.repository, "branches", std::to_string(head.number), "tutorial"});
}

void form(Html& h, const BranchPage& page, std::string_view what) {
  if (!open_form(h, page.chrome, tutorial_action(page.head))) return;
  hidden_field(h, "what", what);
  hidden_field(h, "version", std::to_string(page.head.version));
  h.open("button", "btn little").attr("type", "submit").words("Regenerate").end().end();
}

// The same page with or without the model's words; the version stays.
Url switched(const BranchHead& head, bool derived) {
  auto url = branch_url(head);
  return derived ? url.query("words", "derived") : url;
}

void sent_where(Html& h, const ModelWords& words) {
  if (words.host.empty()) return;
  auto hunks = plural(words.hunks, "hunk") + (words.hunks == 1 ? " was" : " were");
  h.text(hunks + (words.answered ? " sent to " : " to be sent, and no answer came, from "));
  h.elem("b", words.host).words(", model ").elem("b", words.model).words(", at ");
  exact_time(h, words.sent_at);
  h.words(" UTC");
  if (words.reused) h.words(" for an equal change; for this version nothing was sent");
  h.words(". ");
  if (!words.log_url.empty()) h.link("", local_address(words.log_url), "The log").words(". ");
}

// What became of a part: words that were taken out, a reason that stands and is called a guess, or a place that was
// said for a hunk and is not its own.
enum class Fate { taken, labelled, placed };
Fate fate_of(const RemovedWords& r) {
  const bool words = r.where.ends_with("summary") || r.where.ends_with("title") || r.where.ends_with("intent") ||
                     r.where.ends_with("body");
  if (!words) return Fate::placed;
  return r.why.ends_with("labelled as a guess") ? Fate::labelled : Fate::taken;
}

void removed_list(Html& h, const ModelWords& words) {
  if (words.removed.empty()) return;
  h.open("details", "removed").open("summary");
  bool first = true;
  auto count = [&](Fate fate, Literal name) {
    const auto n = std::ranges::count(words.removed, fate, fate_of);
    if (n == 0) return;
    if (!std::exchange(first, false)) h.words("; ");
    h.words(name).number(n);
  };
  count(Fate::taken, "Words removed by checks: ");
  count(Fate::labelled, "reasons labelled as a guess: ");
  count(Fate::placed, "wrong places put right: ");
  h.end().open("ul");
  std::size_t shown = 0;
  for (Fate fate : {Fate::taken, Fate::labelled, Fate::placed})
    for (const auto& r : words.removed) {
      if (fate_of(r) != fate || ++shown > kMostRemoved) continue;
      h.open("li").open("b").text(r.where).end().words(" &ldquo;").open("span").attr("dir", "auto").text(r.what).end();
      h.words("&rdquo; ").code_text(r.why).end();
    }
  if (shown > kMostRemoved) h.open("li").text(fmt::format("and {} more", shown - kMostRemoved)).end();
  h.end().end();
}

}  // namespace

const StepWords* step_words(const ModelWords* words, int step) {
  if (!words || !words->shown) return nullptr;
  auto at = std::ranges::find(words->steps, step, &StepWords::step);
  return at == words->steps.end() ? nullptr : &*at;
}

void by_model(Html& h) {
  h.words(" ").open("span", "by").words("model").end();
}

void told(Html& h, Literal classes, std::string_view markdown, std::string_view model) {
  if (!model.empty() && markdown.starts_with(model)) {
    h.open("div").cls(classes).cls("told").open("p", "bywhom");
    by_model(h);
    h.end().open("div", "md").trusted({markdown_html(model)}).end().end();
    markdown = trim(markdown.substr(model.size()));
  }
  if (!markdown.empty()) h.open("div").cls(classes).cls("md").trusted({markdown_html(markdown)}).end();
}

void words_provenance(Html& h, const BranchPage& page) {
  const auto& words = page.words;
  if (words.shown) {
    h.open("p", "prov").text(fmt::format("Version {}. Words marked", page.head.version));
    by_model(h);
    h.words(
        " are a language model&rsquo;s; what checks refuted of them was removed. The rest, with the hunks and their ");
    h.words("order, is derived from the diff of ").elem("code", short_id(page.head.head)).words(". ");
    h.link("", switched(page.head, true), "Show derived words only").words(".").end();
  } else if (words.hidden) {
    h.open("p", "prov")
        .link("", switched(page.head, false), "Show the model\u2019s words")
        .words(" of this version.")
        .end();
  }
  if (words.hidden || (words.host.empty() && words.note.empty() && words.removed.empty())) return;
  h.open("p", "prov");
  sent_where(h, words);
  // Where nothing is shown, the line of the live region has the reason.
  if (words.shown) h.code_text(words.note);
  h.end();
  removed_list(h, words);
}

void local_provenance(Html& h, const ModelWords& words) {
  if (words.host.empty() && words.note.empty()) return;
  h.open("p", "prov");
  if (words.shown) {
    h.words("Words marked");
    by_model(h);
    h.words(" are a language model&rsquo;s; what checks refuted of them was removed. ");
    h.words("The rest, with the hunks and their order, is derived. ");
  }
  sent_where(h, words);
  h.code_text(words.note).end();
  removed_list(h, words);
}

void words_region(Html& h, const BranchPage& page) {
  const auto& words = page.words;
  h.open("div", "asking").attr("data-live", "words");
  bool kept = words.shown || words.hidden;
  if (words.asking == "asked") {
    h.open("p").open("i").attr("aria-hidden", "true").end();
    h.words(kept ? Literal("New words of a model are being asked for; until they come these stand.")
                 : Literal("A model&rsquo;s words are being asked for."));
    if (!words.why.empty()) h.words(" The last try: ").code_text(words.why);
    h.end();
  } else if (words.asking == "failed") {
    h.open("p").words(kept ? Literal("New words of a model did not come: ") : Literal("No words of a model: "));
    h.code_text(words.why).end();
  }
  if (words.may_ask) form(h, page, "words");
  h.end();
}

void explain_again_form(Html& h, const BranchPage& page) {
  form(h, page, "derived");
}

}  // namespace pika::web
