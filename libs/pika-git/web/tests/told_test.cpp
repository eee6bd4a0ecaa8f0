// A model's words on a page: which they are is always said.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "pika/base/text.hpp"
#include "scan_support.hpp"
#include "told_support.hpp"

using namespace pika;
using namespace pika::web;
using namespace pika::web::test;

namespace {

std::string text_of(const BranchPage& page) {
  auto text = scan_html(render(page)).text, out = std::string();
  for (char c : text) {
    bool blank = c == ' ' || c == '\n' || c == '\t';
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : c;
  }
  return out;
}

bool has(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

int count(std::string_view text, std::string_view word) {
  int n = 0;
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) ++n;
  return n;
}

constexpr const char* kMark = "<span class=\"by\">model</span>";

}  // namespace

TEST_CASE("words of a model are marked, each part of them, and nothing else is") {
  auto sample = seed_sample();
  explain::Tutorial tutorial;
  auto page = told_page(*sample, tutorial);
  // Summary, title (beside the step and in the outline), intent, body, and the legend.
  CHECK(count(render(page), kMark) == 6);
  CHECK(count(render(page), "told\">") == 2);
  page.words.steps[0].title = false;
  CHECK(count(render(page), kMark) == 4);
  page.words.steps.clear();
  CHECK(count(render(page), kMark) == 2);
  page.words = {};
  page.tutorial = &sample->tutorial;
  CHECK(count(render(page), kMark) == 0);
  CHECK(has(text_of(page), "no model."));
}

TEST_CASE("the page says what was sent where and when, for which version, and what was removed") {
  auto sample = seed_sample();
  explain::Tutorial tutorial;
  auto page = told_page(*sample, tutorial);
  auto text = text_of(page);
  CHECK(has(text, "12 hunks were sent to 127.0.0.1:8080, model small-7b, at 2026-03-27 02:19:00 UTC."));
  CHECK(has(text, fmt::format("Version {}. Words marked model", page.head.version)));
  CHECK(has(text, "Words removed by checks: 2"));
  CHECK(has(text, "counts 99 files, and there are 9"));
  CHECK(has(text, "One call of three was not answered in time."));
  CHECK(has(text, "Show derived words only"));
  CHECK_FALSE(has(text, "no model."));
  page.words.removed.push_back({"step 1", "H3", "is a hunk of step 2, and went back to it"});
  CHECK(has(text_of(page), "Words removed by checks: 2; wrong places put right: 1"));
  page.words.removed.push_back(
      {"step 1 body", "It waits because", "gives a reason that the author did not: labelled as a guess"});
  CHECK(has(text_of(page), "Words removed by checks: 2; reasons labelled as a guess: 1; wrong places put right: 1"));
  page.words.answered = false;
  CHECK(has(text_of(page), "12 hunks were to be sent, and no answer came, from 127.0.0.1:8080"));
  page.words.answered = page.words.reused = true;
  CHECK(has(text_of(page), "for an equal change; for this version nothing was sent"));
  CHECK(join(scan_html(render(page)).complaints, "\n") == "");
}

TEST_CASE("while words are asked for there is one quiet line, and no button to press twice") {
  auto sample = seed_sample();
  auto page = sample->branch;
  page.words.asking = "asked";
  CHECK(has(text_of(page), "A model’s words are being asked for."));
  CHECK(has(text_of(page), "no model."));
  CHECK_FALSE(has(text_of(page), "Regenerate"));
  page.words.why = "no answer came";
  CHECK(has(text_of(page), "The last try: no answer came"));
  page.words = {.asking = "failed", .why = "the key is not known there", .may_ask = true};
  CHECK(has(text_of(page), "No words of a model: the key is not known there"));
  CHECK(has(text_of(page), "Regenerate"));
  page.chrome.csrf.clear();  // nobody is signed in
  CHECK_FALSE(has(text_of(page), "Regenerate"));
}

TEST_CASE("the live answer has the line about words, and tells when others came") {
  auto sample = seed_sample();
  explain::Tutorial tutorial;
  auto page = told_page(*sample, tutorial);
  page.words.asking = "asked";
  auto live = render_live(page);
  CHECK(has(live, "data-live=\"words\""));
  CHECK(has(live, "data-words=\"17\""));
  CHECK(has(render(page), "data-words=\"17\""));
  CHECK(has(live, "until they come these stand"));
}

TEST_CASE("a failed tutorial can be made anew by whoever may") {
  auto sample = seed_sample();
  auto page = sample->branch;
  page.head.tutorial = "failed";
  page.tutorial = nullptr;
  page.tutorial_error = "the explainer stopped";
  CHECK_FALSE(has(text_of(page), "Regenerate"));
  page.may_explain_again = true;
  CHECK(has(text_of(page), "Regenerate"));
  CHECK(has(render(page), "name=\"what\" value=\"derived\""));
}

TEST_CASE("a model's words and what it is called stay text") {
  auto sample = hostile_sample();
  explain::Tutorial tutorial;
  auto page = told_page(*sample, tutorial, "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>");
  for (const auto& html : {render(page), render_live(page), render(sent_page(*sample))}) {
    CHECK(join(scan_html(html).complaints, "\n") == "");
    CHECK_FALSE(has(html, "<script>alert"));
    CHECK_FALSE(has(html, "<img"));
  }
}
