// Sign-in, tokens, errors.
#include <fmt/format.h>

#include "parts.hpp"
#include "pika/base/text.hpp"
#include "pika/web/pages.hpp"

namespace pika::web {

namespace {

void sign_in_form(Html& h, const SignInPage& page) {
  bool link = !page.link_token.empty();
  if (link)
    h.open("p").words("This link signs you in as ").elem("b", page.link_user).words(". It works once.").end();
  else
    h.open("p").words("Open the one-time link that the server printed, or give a token.").end();
  h.open("form", "stack").attr("method", "post").action(path({"login"}));
  if (!page.chrome.csrf.empty()) hidden_field(h, "csrf", page.chrome.csrf);
  hidden_field(h, "next", local_address(page.next).text());
  if (link) {
    hidden_field(h, "token", page.link_token);
  } else {
    h.open("label").attr("for", "token").words("Token").end();
    h.empty("input")
        .id("token")
        .attr("name", "token")
        .attr("type", "password")
        .attr("autocomplete", "current-password");
    h.flag("required");
  }
  h.open("button", "btn go").words("Sign in").end().end();
}

}  // namespace

std::string render(const SignInPage& page) {
  Html h;
  open_page(h, page.chrome, "Sign in", "account");
  h.open("main", "only narrow").id("main").open("section", "card").open("h1").words("Sign in").end();
  if (!page.error.empty()) h.open("p", "flash bad").attr("role", "alert").code_text(page.error).end();
  sign_in_form(h, page);
  if (!page.how.empty() && page.link_token.empty()) {
    h.open("p", "muted").words("Neither? On the machine that runs this server, this prints a link:").end();
    command_block(h, page.how);
  }
  h.end().end();
  close_page(h, page.chrome);
  return h.take();
}

namespace {

void made_token(Html& h, const TokensPage& page) {
  if (page.made.empty()) return;
  h.open("section", "card made").attr("role", "status").open("h2").words("Your new token").end();
  command_block(h, page.made);
  h.open("p").words("It is shown this once. With git it is the password, your name is ").elem("code", page.chrome.user);
  h.words(".").end().end();
}

void token_row(Html& h, const TokensPage& page, const TokenRow& token) {
  h.open("tr").open("td").elem("b", token.name).end().open("td").words("made ");
  relative_time(h, token.created, page.chrome.now);
  h.end().open("td");
  if (token.last_used == 0) {
    h.words("never used");
  } else {
    h.words("used ");
    relative_time(h, token.last_used, page.chrome.now);
  }
  h.end().open("td");
  if (token.expires != 0) {
    h.words(token.expires < page.chrome.now ? Literal("expired ") : Literal("expires "));
    relative_time(h, token.expires, page.chrome.now);
  }
  h.end().open("td", "do");
  if (open_form(h, page.chrome, path({"login", "tokens", token.id, "revoke"}))) {
    h.open("button", "btn ghost").attr("aria-label", "Revoke " + token.name).words("Revoke").end().end();
  }
  h.end().end();
}

}  // namespace

std::string render(const TokensPage& page) {
  Html h;
  open_page(h, page.chrome, "Tokens", "account");
  h.open("main", "only").id("main").open("h1").words("Tokens").end();
  made_token(h, page);
  h.open("section", "card").open("h2").words("Make a token").end();
  h.open("p", "muted")
      .words("For git over HTTP, for <code>ph</code> and for the API. It may do what you may do.")
      .end();
  if (open_form(h, page.chrome, path({"login", "tokens"}), "inline")) {
    h.open("label").attr("for", "name").words("Name").end();
    h.empty("input")
        .id("name")
        .attr("name", "name")
        .attr("maxlength", 64)
        .attr("placeholder", "laptop")
        .flag("required");
    h.open("button", "btn go").words("Make").end().end();
  }
  h.end().open("section", "card").open("h2").words("Yours").end();
  if (page.tokens.empty()) {
    h.open("p", "muted").words("None yet.").end();
  } else {
    h.open("div", "scroll").open("table", "facts2").open("tbody");
    for (const auto& token : page.tokens) token_row(h, page, token);
    h.end().end().end();
  }
  h.end().open("section", "card").open("h2").words("Signed in as ").text(page.chrome.user).end();
  if (open_form(h, page.chrome, path({"login", "out"}), "stack"))
    h.open("button", "btn ghost").words("Sign out").end().end();
  h.end().end();
  close_page(h, page.chrome);
  return h.take();
}

std::string render(const ErrorPage& page) {
  Html h;
  open_page(h, page.chrome, std::to_string(page.status), "account");
  h.open("main", "only narrow").id("main").open("section", "card").open("p", "kicker").number(page.status).end();
  h.open("h1").code_text(page.what).end();
  if (!page.advice.empty()) h.open("p").code_text(page.advice).end();
  h.open("p");
  if (!page.link.empty())
    h.link("btn", local_address(page.link), page.link_text.empty() ? "Go on" : std::string_view(page.link_text))
        .words(" ");
  h.open("a", "btn ghost").href(path({})).words("Back to feed").end().end().end().end();
  close_page(h, page.chrome);
  return h.take();
}

}  // namespace pika::web
