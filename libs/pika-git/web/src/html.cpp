#include "pika/web/html.hpp"

#include <fmt/format.h>

#include "pika/base/check.hpp"
#include "pika/base/text.hpp"

namespace pika::web {

namespace {

// Characters that steer what is seen without being seen: shown by their number.
bool steers(char32_t c) {
  return (c >= 0x80 && c <= 0x9F) || c == 0xAD || c == 0x061C || c == 0x200B || c == 0x200E || c == 0x200F ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2064) || (c >= 0x2066 && c <= 0x206F) || c == 0xFEFF ||
         c == 0x2028 || c == 0x2029 || (c >= 0xE0000 && c <= 0xE007F);
}

char32_t decode(std::string_view sequence) {
  auto b = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  switch (sequence.size()) {
    case 2:
      return (b(0) & 0x1Fu) << 6 | (b(1) & 0x3Fu);
    case 3:
      return (b(0) & 0x0Fu) << 12 | (b(1) & 0x3Fu) << 6 | (b(2) & 0x3Fu);
    case 4:
      return (b(0) & 0x07u) << 18 | (b(1) & 0x3Fu) << 12 | (b(2) & 0x3Fu) << 6 | (b(3) & 0x3Fu);
    default:
      return b(0);
  }
}

enum class Escape { no, yes };

void append_ascii(std::string& out, unsigned char c, Escape escape) {
  if (escape == Escape::yes) switch (c) {
      case '&':
        out += "&amp;";
        return;
      case '<':
        out += "&lt;";
        return;
      case '>':
        out += "&gt;";
        return;
      case '"':
        out += "&quot;";
        return;
      case '\'':
        out += "&#39;";
        return;
      default:
        break;
    }
  switch (c) {
    case '\n':
    case '\t':
      out += static_cast<char>(c);
      return;
    case 0x7F:
      out += "\u2421";
      return;
    default:
      break;
  }
  if (c >= 0x20) {
    out += static_cast<char>(c);
    return;
  }
  const char picture[] = {'\xE2', '\x90', static_cast<char>(0x80 + c)};  // U+2400 + c
  out.append(picture, 3);
}

void append_utf8(std::string& out, std::string_view text, Escape escape) {
  for (std::size_t i = 0; i < text.size();) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      append_ascii(out, c, escape);
      ++i;
      continue;
    }
    std::size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    auto sequence = text.substr(i, n);
    auto point = decode(sequence);
    if (steers(point)) {
      auto shown = fmt::format("<U+{:04X}>", static_cast<std::uint32_t>(point));
      for (char s : shown) append_ascii(out, static_cast<unsigned char>(s), escape);
    } else
      out += sequence;
    i += n;
  }
}

bool unreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

void append_percent(std::string& out, std::string_view bytes) {
  for (unsigned char c : bytes) {
    if (unreserved(c))
      out += static_cast<char>(c);
    else
      out += fmt::format("%{:02X}", c);
  }
}

template <class Segments>
std::string join_path(const Segments& segments) {
  std::string out;
  for (std::string_view segment : segments) {
    out += '/';
    append_percent(out, segment);
  }
  return out.empty() ? "/" : out;
}

}  // namespace

void append_escaped(std::string& out, std::string_view bytes) {
  if (is_utf8(bytes))
    append_utf8(out, bytes, Escape::yes);
  else
    append_utf8(out, to_utf8(bytes), Escape::yes);
}

std::string visible_text(std::string_view bytes) {
  std::string out;
  append_utf8(out, to_utf8(bytes), Escape::no);
  return out;
}

std::string escaped(std::string_view bytes) {
  std::string out;
  append_escaped(out, bytes);
  return out;
}

std::string safe_id(std::string_view bytes) {
  std::string out;
  for (unsigned char c : bytes) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-')
      out += static_cast<char>(c);
    else
      out += fmt::format("_{:02x}", c);
  }
  return out;
}

Url path(std::initializer_list<std::string_view> segments) {
  return Url(join_path(segments));
}
Url path(const std::vector<std::string>& segments) {
  return Url(join_path(segments));
}
Url in_page(std::string_view id) {
  return Url("#" + safe_id(id));
}

Url local_address(std::string_view text) {
  bool good = text.starts_with('/') && !text.starts_with("//");
  for (unsigned char c : text)
    if (c <= 0x20 || c >= 0x7F || c == '\\') good = false;
  return good ? Url(std::string(text)) : Url("/");
}

Url external(std::string_view text) {
  auto start = lower(text.substr(0, 8));
  bool good = start.starts_with("http://") || start.starts_with("https://") || start.starts_with("mailto:");
  for (unsigned char c : text)
    if (c <= 0x20 || c == 0x7F) good = false;
  return good && is_utf8(text) ? Url(std::string(text)) : Url();
}

Url Url::query(Literal key, std::string_view value) const {
  std::string out = text_;
  out += out.find('?') == std::string::npos ? '?' : '&';
  out += key.view();
  out += '=';
  append_percent(out, value);
  return Url(std::move(out));
}

Url Url::fragment(std::string_view id) const {
  return Url(text_ + "#" + safe_id(id));
}

Html::Html(Write write, std::size_t chunk) : write_(std::move(write)), chunk_(chunk) {}

void Html::close_tag() {
  if (!in_tag_) return;
  if (!classes_.empty()) {
    out_ += " class=\"";
    out_ += classes_;
    out_ += '"';
    classes_.clear();
  }
  out_ += '>';
  in_tag_ = false;
}

void Html::flush_if_full() {
  if (!write_ || out_.size() < chunk_) return;
  if (alive_) alive_ = write_(out_);
  out_.clear();
}

Html& Html::open(Literal tag) {
  close_tag();
  flush_if_full();
  out_ += '<';
  out_ += tag.view();
  stack_.push_back(tag.view());
  in_tag_ = true;
  return *this;
}

Html& Html::empty(Literal tag) {
  open(tag);
  stack_.pop_back();
  return *this;
}

Html& Html::end() {
  close_tag();
  PIKA_CHECK(!stack_.empty(), "every end() closes an element");
  out_ += "</";
  out_ += stack_.back();
  out_ += '>';
  stack_.pop_back();
  return *this;
}

Html& Html::attr(AttributeName name, std::string_view value) {
  PIKA_CHECK(in_tag_, "attributes come before content");
  out_ += ' ';
  out_ += name.view();
  out_ += "=\"";
  append_escaped(out_, value);
  out_ += '"';
  return *this;
}

Html& Html::attr(AttributeName name, std::int64_t value) {
  return attr(name, std::to_string(value));
}

Html& Html::flag(AttributeName name) {
  PIKA_CHECK(in_tag_, "attributes come before content");
  out_ += ' ';
  out_ += name.view();
  return *this;
}

Html& Html::cls(Literal classes) {
  PIKA_CHECK(in_tag_, "attributes come before content");
  if (classes.view().empty()) return *this;
  if (!classes_.empty()) classes_ += ' ';
  classes_ += classes.view();
  return *this;
}

Html& Html::id(std::string_view id) {
  return attr("id", safe_id(id));
}

Html& Html::url_attr(std::string_view name, const Url& url) {
  PIKA_CHECK(in_tag_, "attributes come before content");
  if (url.empty()) return *this;
  out_ += ' ';
  out_ += name;
  out_ += "=\"";
  append_escaped(out_, url.text());
  out_ += '"';
  return *this;
}

Html& Html::href(const Url& url) {
  return url_attr("href", url);
}
Html& Html::action(const Url& url) {
  return url_attr("action", url);
}
Html& Html::src(const Url& url) {
  return url_attr("src", url);
}
Html& Html::data_url(AttributeName name, const Url& url) {
  return url_attr(name.view(), url);
}

Html& Html::text(std::string_view bytes) {
  close_tag();
  append_escaped(out_, bytes);
  flush_if_full();
  return *this;
}

Html& Html::text_raw(std::string_view bytes) {
  close_tag();
  out_ += bytes;
  flush_if_full();
  return *this;
}

Html& Html::number(std::int64_t n) {
  return text(std::to_string(n));
}

Html& Html::code_text(std::string_view sentence) {
  close_tag();
  while (!sentence.empty()) {
    auto from = sentence.find('`');
    auto to = from == std::string_view::npos ? from : sentence.find('`', from + 1);
    if (to == std::string_view::npos) break;
    text(sentence.substr(0, from));
    if (to > from + 1) elem("code", sentence.substr(from + 1, to - from - 1));
    sentence.remove_prefix(to + 1);
  }
  return text(sentence);
}

Html& Html::name(std::string_view bytes) {
  return text(quote_name(bytes));
}

Html& Html::link(Literal classes, const Url& url, std::string_view content) {
  if (url.empty()) return open("span").cls(classes).text(content).end();
  return open("a").cls(classes).href(url).text(content).end();
}

bool Html::finish() {
  while (!stack_.empty()) end();
  close_tag();
  if (write_ && alive_ && !out_.empty()) alive_ = write_(out_);
  if (write_) out_.clear();
  return alive_;
}

std::string Html::take() {
  while (!stack_.empty()) end();
  close_tag();
  return std::move(out_);
}

}  // namespace pika::web
