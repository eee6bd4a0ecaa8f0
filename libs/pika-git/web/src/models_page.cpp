// What was sent to a language model: for administrators.
#include <fmt/format.h>

#include <cctype>

#include "parts.hpp"
#include "pika/base/text.hpp"
#include "pika/web/pages.hpp"

namespace pika::web {

namespace {

void sent_row(Html& h, const Chrome& chrome, const SentRow& row) {
  h.open("tr").open("td");
  relative_time(h, row.at, chrome.now);
  h.end().open("td");
  auto slash = row.repository.find('/');
  BranchHead head;
  head.owner = row.repository.substr(0, slash);
  head.repository = slash == std::string::npos ? "" : row.repository.substr(slash + 1);
  head.number = row.branch;
  head.version = row.version;
  head.versions = row.version + 1;  // the link names the version
  h.link("", branch_url(head), fmt::format("{} #{}", row.repository, row.branch));
  h.text(fmt::format(" version {}", row.version)).end();
  h.open("td").text(row.host).words(" ").elem("small", row.model).end();
  h.open("td").text(plural(row.hunks, "hunk")).words(", ").text(format_bytes(static_cast<std::uint64_t>(row.bytes)));
  h.words(" ").elem("small", row.purpose).end();
  h.open("td").text(row.outcome);
  if (row.status != 0) h.words(" ").elem("small", fmt::format("HTTP {}", row.status));
  h.end().open("td").text(row.took > 0 ? format_duration(row.took) : "");
  if (row.tokens_in > 0 || row.tokens_out > 0)
    h.words(" ").elem("small",
                      fmt::format("{} and {} tokens", format_count(row.tokens_in), format_count(row.tokens_out)));
  h.end().end();
}

}  // namespace

std::string render(const ModelsPage& page) {
  Html h;
  open_page(h, page.chrome, "What was sent to a model", "models");
  h.open("header", "hero slim").open("h1").words("What was sent to a model").end();
  auto where = page.where;
  if (!where.empty()) where[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(where[0])));
  h.open("p", "sub").code_text(where).words(".").end();
  if (page.may_probe && open_form(h, page.chrome, path({"admin", "models", "probe"}), "acts below"))
    h.open("button", "btn little").attr("type", "submit").words("Ask whether it answers").end().end();
  h.end();
  h.open("div", "page list").open("main").id("main");
  if (page.sent.empty()) {
    h.open("section", "card emptypage").open("h2").words("Nothing was sent").end();
    h.open("p").words(
        "A section <code>[model]</code> in <code>server.toml</code> names the model and the repositories whose ");
    h.words("code it may see; without one, no code leaves this host.").end().end();
  } else {
    h.open("section", "card wide").open("table", "sentlog").open("thead").open("tr");
    h.words(
        "<th scope=\"col\">when</th><th scope=\"col\">about</th><th scope=\"col\">to</th><th scope=\"col\">what</th>");
    h.words("<th scope=\"col\">outcome</th><th scope=\"col\">took</th>").end().end().open("tbody");
    for (const auto& row : page.sent) sent_row(h, page.chrome, row);
    h.end().end().end();
    if (!page.older_url.empty())
      h.open("p", "older").open("a", "btn").href(local_address(page.older_url)).words("Older").end().end();
  }
  h.end().end();
  close_page(h, page.chrome);
  return h.take();
}

}  // namespace pika::web
