// Html: writes HTML through which unescaped text cannot pass.
//
//   Html h(write);
//   h.open("p", "sub").text(title).words(" &middot; ").link("ref", path({"acme", "rocket"}), "acme/rocket").end();
//
// Three rules make it safe: tag, attribute and class names are literals by type (Literal: a consteval constructor,
// so that nothing computed at run time fits); every value is escaped for the place it goes to; an address is a Url,
// which only path(), fragment() and external() make. Text is repaired to UTF-8, and characters that a reader cannot
// see but that change what they see are made visible: bidirectional controls as <U+202E>, control characters as their
// pictures.
#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace pika::web {

// A string of the program's own text.
class Literal {
 public:
  template <std::size_t N>
  consteval Literal(const char (&text)[N]) : view_(text, N - 1) {}  // NOLINT: implicit by design
  constexpr std::string_view view() const { return view_; }
  constexpr Literal() = default;

 private:
  std::string_view view_;
};

// The name of an attribute that takes plain text. Names that a browser would run, style or follow do not compile:
// style, on..., href, src, action and their kin.
class AttributeName {
 public:
  template <std::size_t N>
  consteval AttributeName(const char (&text)[N]) : view_(text, N - 1) {  // NOLINT: implicit by design
    for (std::string_view bad : {"style", "href", "src", "action", "formaction", "srcdoc", "srcset", "ping", "class"})
      if (view_ == bad) throw "this attribute has a function of its own, or no place on our pages";
    if (view_.starts_with("on") || view_.starts_with("xlink")) throw "attributes that run script are refused";
  }
  std::string_view view() const { return view_; }

 private:
  std::string_view view_;
};

// An address that may stand in href, action or src.
class Url {
 public:
  Url() = default;
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  Url query(Literal key, std::string_view value) const;  // appends ?key=value or &key=value
  Url fragment(std::string_view id) const;               // appends #id

  friend Url path(std::initializer_list<std::string_view> segments);
  friend Url path(const std::vector<std::string>& segments);
  friend Url in_page(std::string_view id);
  friend Url local_address(std::string_view text);
  friend Url external(std::string_view text);

 private:
  explicit Url(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// "/" + segments, each percent-encoded; "/" for none.
Url path(std::initializer_list<std::string_view> segments);
Url path(const std::vector<std::string>& segments);
// "#id"
Url in_page(std::string_view id);
// An address of this server given as text: begins with one slash and has no control bytes; else "/".
Url local_address(std::string_view text);
// http, https and mailto addresses; empty for anything else (the link is left out then).
Url external(std::string_view text);

// Escaped for text and for attributes in double quotes alike.
void append_escaped(std::string& out, std::string_view bytes);
std::string escaped(std::string_view bytes);
// Valid UTF-8 with nothing invisible in it that steers, not escaped: for another safe writer (Markdown).
std::string visible_text(std::string_view bytes);

class Html {
 public:
  using Write = std::function<bool(std::string_view)>;
  // Hands its bytes to `write` in pieces of about `chunk`; without one, everything stays in take().
  explicit Html(Write write = {}, std::size_t chunk = 16 * 1024);

  // Elements. open() leaves the tag open for attributes until content or the next element comes.
  Html& open(Literal tag);
  Html& open(Literal tag, Literal classes) { return open(tag).cls(classes); }
  Html& end();               // closes the innermost
  Html& empty(Literal tag);  // input, br, meta: no content, no end
  Html& attr(AttributeName name, std::string_view value);
  Html& attr(AttributeName name, std::int64_t value);
  Html& flag(AttributeName name);  // hidden, disabled
  Html& cls(Literal classes);      // may be called more than once; before other content
  Html& id(std::string_view id);   // made harmless: [A-Za-z0-9_-], other bytes as _xx
  Html& href(const Url& url);
  Html& action(const Url& url);
  Html& src(const Url& url);
  Html& data_url(AttributeName name, const Url& url);  // data-... that a script will fetch

  Html& text(std::string_view bytes);
  Html& number(std::int64_t n);
  Html& words(Literal text) { return text_raw(text.view()); }  // our own words; entities allowed
  Html& code_text(std::string_view sentence);                  // text, with `...` as <code>
  Html& name(std::string_view bytes);                          // quote_name(), then text

  // Short forms.
  Html& elem(Literal tag, Literal classes, std::string_view content) { return open(tag, classes).text(content).end(); }
  Html& elem(Literal tag, std::string_view content) { return open(tag).text(content).end(); }
  Html& link(Literal classes, const Url& url, std::string_view content);  // plain text when the Url is empty

  // HTML that another safe writer made (cmark in safe mode, another Html).
  struct Trusted {
    std::string html;
  };
  Html& trusted(const Trusted& t) { return text_raw(t.html); }

  bool alive() const { return alive_; }  // false: the reader went away
  bool finish();                         // closes everything, hands out the rest
  std::string take();                    // what was written, when there is no `write`

 private:
  Html& text_raw(std::string_view bytes);
  Html& url_attr(std::string_view name, const Url& url);
  void close_tag();
  void flush_if_full();

  Write write_;
  std::size_t chunk_;
  std::string out_;
  std::vector<std::string_view> stack_;
  std::string classes_;
  bool in_tag_ = false, alive_ = true;
};

// The id of a name that may hold any bytes.
std::string safe_id(std::string_view bytes);

}  // namespace pika::web
