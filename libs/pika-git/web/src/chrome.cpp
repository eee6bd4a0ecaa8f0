// The frame around every page: document head, navigation, flash message, help.
#include "parts.hpp"
#include "pika/base/text.hpp"
#include "pika/web/assets.hpp"

namespace pika::web {

namespace {

void document_head(Html& h, std::string_view title) {
  h.words("<!doctype html>");
  h.open("html").attr("lang", "en").open("head");
  h.empty("meta").attr("charset", "utf-8");
  h.empty("meta").attr("name", "viewport").attr("content", "width=device-width, initial-scale=1");
  h.empty("meta").attr("name", "referrer").attr("content", "same-origin");
  h.empty("meta").attr("name", "color-scheme").attr("content", "light dark");
  h.elem("title", title);
  h.empty("link").attr("rel", "icon").attr("type", "image/svg+xml").href(local_address(asset_url("icon.svg")));
  h.empty("link").attr("rel", "stylesheet").href(local_address(asset_url("pika.css")));
  h.open("script").attr("type", "module").src(local_address(asset_url("pika.js"))).end();
  h.end();
}

void navigation(Html& h, const Chrome& chrome) {
  h.open("nav", "top").attr("aria-label", "Site");
  h.open("a", "brand").href(path({}));
  h.words("<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"M3 19 9.5 7l3.6 6.4L15.5 10 21 19Z\"/></svg>pika");
  h.end();
  if (!chrome.repository.empty())
    h.link("here", repository_url(chrome.owner, chrome.repository), chrome.owner + "/" + chrome.repository);
  h.open("span", "grow").end();
  h.open("button", "link js").attr("type", "button").attr("data-help", "").words("Keys <kbd>?</kbd>").end();
  if (chrome.user.empty()) {
    h.link("who", path({"login"}), "Sign in");
  } else {
    h.open("a", "who")
        .href(path({"login", "tokens"}))
        .attr("title", "Your tokens, and signing out")
        .text(chrome.user)
        .end();
  }
  h.end();
}

void keys_help(Html& h) {
  struct Key {
    Literal key, words;
  };
  static constexpr Key kKeys[] = {
      {"j", "next step"},
      {"k", "step before"},
      {"n", "next hunk"},
      {"p", "hunk before"},
      {"x", "mark the step reviewed"},
      {"d", "diff"},
      {"l", "lanes"},
      {"m", "go to Merge"},
      {"?", "this help"},
  };
  h.open("dialog", "keys").id("keys").attr("aria-labelledby", "keys-title");
  h.open("h2").id("keys-title").words("Keys").end().open("dl");
  for (const auto& [key, words] : kKeys)
    h.open("div").open("dt").open("kbd").words(key).end().end().open("dd").words(words).end().end();
  h.end();
  h.open("form").attr("method", "dialog").open("button", "btn").words("Close").end().end().end();
}

}  // namespace

void open_page(Html& h, const Chrome& chrome, std::string_view title, Literal kind) {
  document_head(h, std::string(title) + " \u00B7 pika");
  h.open("body").cls(kind);
  if (!chrome.events_url.empty()) {
    h.data_url("data-events", local_address(chrome.events_url));
    h.attr("data-sequence", chrome.event_sequence);
  }
  h.open("a", "skip").href(in_page("main")).words("Skip to the content").end();
  navigation(h, chrome);
  if (!chrome.flash.empty()) {
    h.open("p", "flash").attr("role", chrome.flash_is_error ? "alert" : "status");
    if (chrome.flash_is_error) h.cls("bad");
    h.code_text(chrome.flash).end();
  }
  h.open("p", "news js").attr("role", "status").id("news").flag("hidden").end();
}

void close_page(Html& h, const Chrome&) {
  keys_help(h);
  h.end().end();  // body, html
}

}  // namespace pika::web
