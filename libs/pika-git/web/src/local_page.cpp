// A tutorial and its diff as one file that needs nothing else.
#include <fmt/format.h>

#include "diff_files.hpp"
#include "parts.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/web/assets.hpp"
#include "walk.hpp"
#include "words_parts.hpp"

namespace pika::web {

namespace {

std::string sha256_base64(std::string_view bytes) {
  auto hex = sha256_hex(bytes);
  std::string raw;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    raw += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return base64_encode(raw);
}

// The style sheet stands in the file; the policy names its digest and allows nothing else.
void head(Html& h, const LocalPage& page) {
  auto css = find_asset(asset_url("pika.css").substr(std::string_view("/assets/").size()))->bytes;
  h.words("<!doctype html>");
  h.open("html").attr("lang", "en").open("head");
  h.empty("meta").attr("charset", "utf-8");
  h.empty("meta").attr("http-equiv", "Content-Security-Policy");
  h.attr("content", fmt::format("default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
                                sha256_base64(css)));
  h.empty("meta").attr("name", "viewport").attr("content", "width=device-width, initial-scale=1");
  h.empty("meta").attr("name", "color-scheme").attr("content", "light dark");
  h.elem("title", page.title).open("style").trusted({std::string(css)}).end().end();
}

}  // namespace

bool render_local(const LocalPage& page, const Write& write) {
  Html h(write);
  head(h, page);
  h.open("body", "local").open("header", "hero slim").open("p", "kicker").words("pika, without a server").end();
  h.open("h1").attr("dir", "auto").text(page.title).end();
  h.open("p", "sub")
      .elem("code", "ref", quote_name(page.head))
      .words(" <span class=\"dot\">&middot;</span> Target branch: ");
  h.elem("code", "ref", quote_name(page.base));
  if (page.diff) {
    h.words(" <span class=\"dot\">&middot;</span> ")
        .text(plural(static_cast<std::int64_t>(page.diff->files.size()), "file"));
    h.words(" ");
    churn(h, page.diff->added, page.diff->removed);
  }
  if (page.now != 0) {
    h.words(" <span class=\"dot\">&middot;</span> made ");
    exact_time(h, page.now);
  }
  h.end();
  local_provenance(h, page.words);
  h.end();
  h.open("div", "page two").open("aside", "outline").attr("aria-label", "Outline");
  if (page.tutorial) steps_outline(h, *page.tutorial);
  if (page.diff) files_outline(h, *page.diff, {});
  h.end().open("main").id("main");
  if (page.tutorial && page.diff) {
    h.open("section", "card lead").id("summary").open("h2").words("Summary").end();
    summary_parts(h, *page.tutorial, &page.words);
    h.end();
    left_behind_card(h, *page.tutorial);
    tutorial_steps(h, *page.tutorial, *page.diff,
                   {.diff_page = {}, .highlight = &page.highlight, .words = &page.words});
  }
  if (page.diff) {
    h.open("h2", "sec").id("diff").words("Diff").end();
    StepOfHunk steps(page.tutorial);
    DiffView view{.highlight = &page.highlight, .steps = &steps, .walk = {}};
    for (std::size_t i = 0; i < page.diff->files.size() && h.alive(); ++i) diff_file(h, page.diff->files[i], i, view);
  }
  return h.finish();
}

}  // namespace pika::web
