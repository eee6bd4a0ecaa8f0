#include "runstore/secret_forms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

namespace {

using Forms = std::set<std::string>;

constexpr std::size_t kShortestLine = 6;
constexpr std::size_t kShortestPart = 12;  // of a base64 text that was broken into lines

bool is_plain(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void add(Forms& forms, std::string form) {
  if (form.size() >= kShortestSecret) forms.insert(std::move(form));
}

void add_base64_alphabets(Forms& forms, const std::string& text) {
  auto url = text;
  std::replace(url.begin(), url.end(), '+', '-');
  std::replace(url.begin(), url.end(), '/', '_');
  add(forms, url);
  add(forms, text);
}

// With `before` bytes of something else before it: the characters that depend on nothing but the secret.
void add_base64(Forms& forms, std::string_view value) {
  for (std::size_t before = 0; before < 3; ++before) {
    auto text = pika::base64_encode(std::string(before, '\0') + std::string(value));
    auto begin = (before * 8 + 5) / 6, end = (before + value.size()) * 8 / 6;
    add_base64_alphabets(forms, text.substr(begin, end - begin));
  }
  // base64(1) and PEM break their lines; the secret is the whole text then.
  auto text = pika::base64_encode(value);
  text.resize(value.size() * 8 / 6);
  for (std::size_t width : {64u, 76u})
    for (std::size_t at = 0; text.size() > width && at < text.size(); at += width)
      if (auto part = text.substr(at, width); part.size() >= kShortestPart) add_base64_alphabets(forms, part);
}

std::string percent(std::string_view value, std::string_view kept, bool upper, bool form) {
  std::string out;
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    if (form && c == ' ') {
      out += '+';
    } else if (is_plain(byte) || kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += upper ? fmt::format("%{:02X}", byte) : fmt::format("%{:02x}", byte);
    }
  }
  return out;
}

void add_percent(Forms& forms, std::string_view value) {
  // RFC 3986; Python's quote(); JavaScript's encodeURIComponent and encodeURI; forms as browsers send them.
  constexpr std::string_view kKept[] = {"-._~", "-._~/", "-._~!*'()", "-._~!*'();/?:@&=+$,#", "-._*"};
  for (auto kept : kKept)
    for (bool upper : {true, false})
      for (bool form : {true, false}) add(forms, percent(value, kept, upper, form));
}

// One code point of UTF-8 at `at`, which moves behind it; a broken byte stands for itself.
std::uint32_t next_point(std::string_view text, std::size_t& at) {
  auto lead = static_cast<unsigned char>(text[at]);
  std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (size == 1 || at + size > text.size() || !pika::is_utf8(text.substr(at, size))) return ++at, lead;
  std::uint32_t point = lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) point = point << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3f);
  at += size;
  return point;
}

struct JsonStyle {
  bool slashes = false, ascii = false, upper = false;
};

std::string json_escaped(std::string_view value, JsonStyle style) {
  auto unit = [&](std::uint32_t u) { return style.upper ? fmt::format("\\u{:04X}", u) : fmt::format("\\u{:04x}", u); };
  std::string out;
  for (std::size_t at = 0; at < value.size();) {
    auto begin = at;
    auto point = next_point(value, at);
    constexpr std::string_view kShort = "\"\\\b\f\n\r\t", kLetter = "\"\\bfnrt";
    auto place = point < 0x80 ? kShort.find(static_cast<char>(point)) : std::string_view::npos;
    if (place != std::string_view::npos) {
      out += '\\';
      out += kLetter[place];
    } else if (point == '/' && style.slashes) {
      out += "\\/";
    } else if (point < 0x20 || (point >= 0x7f && style.ascii && point < 0x10000)) {
      out += unit(point);
    } else if (point >= 0x10000 && style.ascii) {
      out += unit(0xd800 + ((point - 0x10000) >> 10)) + unit(0xdc00 + (point & 0x3ff));
    } else {
      out += value.substr(begin, at - begin);
    }
  }
  return out;
}

void add_json(Forms& forms, std::string_view value) {
  for (bool slashes : {false, true})
    for (bool ascii : {false, true})
      for (bool upper : {false, true}) add(forms, json_escaped(value, {slashes, ascii, upper}));
}

void add_hex(Forms& forms, std::string_view value) {
  auto hex = pika::to_hex(value);
  add(forms, hex);
  for (char& c : hex) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  add(forms, hex);
}

void add_all(Forms& forms, std::string_view value) {
  add(forms, std::string(value));
  add_base64(forms, value);
  add_percent(forms, value);
  add_json(forms, value);
  add_hex(forms, value);
  auto quoted = pika::shell_quote(value);
  if (quoted.starts_with('\'')) add(forms, quoted.substr(1, quoted.size() - 2));
}

}  // namespace

std::vector<std::string> secret_forms(std::string_view value) {
  Forms forms;
  if (value.size() < kShortestSecret) return {};
  add_all(forms, value);
  if (value.find('\n') != std::string_view::npos)
    for (auto line : pika::split(value, '\n')) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.size() < kShortestLine) continue;
      add(forms, std::string(line));
      add(forms, json_escaped(line, {}));
      add_base64(forms, line);
    }
  return {forms.begin(), forms.end()};
}

}  // namespace jerichoci
