#include "ansi.hpp"

#include <fmt/format.h>

#include "pika/base/text.hpp"

namespace pika::web {

namespace {

constexpr char kEscape = '\x1b';

// Length of the escape sequence at the start; `parameters` are those of an SGR, else untouched.
std::size_t sequence(std::string_view s, std::string_view& parameters, bool& is_sgr) {
  is_sgr = false;
  if (s.size() < 2) return s.size();
  if (s[1] == '[') {  // CSI: parameters 0x30-0x3F, intermediates 0x20-0x2F, final 0x40-0x7E
    std::size_t i = 2;
    while (i < s.size() && s[i] >= 0x20 && s[i] <= 0x3F) ++i;
    if (i == s.size()) return i;
    if (s[i] == 'm') {
      is_sgr = true;
      parameters = s.substr(2, i - 2);
    }
    return s[i] >= 0x40 && s[i] <= 0x7E ? i + 1 : i;
  }
  if (s[1] == ']' || s[1] == 'P' || s[1] == '^' || s[1] == '_') {  // OSC, DCS, PM, APC: up to BEL or ST
    for (std::size_t i = 2; i < s.size(); ++i) {
      if (s[i] == '\x07') return i + 1;
      if (s[i] == kEscape && i + 1 < s.size() && s[i + 1] == '\\') return i + 2;
    }
    return s.size();
  }
  std::size_t i = 1;
  while (i < s.size() && s[i] >= 0x20 && s[i] <= 0x2F) ++i;
  return i < s.size() ? i + 1 : i;
}

Literal colour_class(int colour) {
  static constexpr Literal kClasses[] = {"n0", "n1", "n2",  "n3",  "n4",  "n5",  "n6",  "n7",
                                         "n8", "n9", "n10", "n11", "n12", "n13", "n14", "n15"};
  return kClasses[colour];
}

// Of text overwritten by carriage returns the last writing; a trailing one is half of a CRLF.
std::string_view last_writing(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  auto at = line.rfind('\r');
  return at == std::string_view::npos ? line : line.substr(at + 1);
}

}  // namespace

void AnsiLine::apply(std::string_view parameters) {
  auto parts = split(parameters, ';');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    int n = parts[i].empty() ? 0 : parse_number<int>(parts[i]).value_or(-1);
    if (n == 0) {
      colour_ = -1;
      bold_ = dim_ = underline_ = false;
    } else if (n == 1)
      bold_ = true;
    else if (n == 2)
      dim_ = true;
    else if (n == 4)
      underline_ = true;
    else if (n == 22)
      bold_ = dim_ = false;
    else if (n == 24)
      underline_ = false;
    else if (n >= 30 && n <= 37)
      colour_ = n - 30;
    else if (n >= 90 && n <= 97)
      colour_ = n - 90 + 8;
    else if (n == 39)
      colour_ = -1;
    else if (n == 38 || n == 48) {  // 5;N of the palette, 2;R;G;B: only the first 16 of the palette are ours
      int mode = i + 1 < parts.size() ? parse_number<int>(parts[i + 1]).value_or(0) : 0;
      if (n == 38 && mode == 5 && i + 2 < parts.size()) {
        int c = parse_number<int>(parts[i + 2]).value_or(-1);
        colour_ = c >= 0 && c < 16 ? c : -1;
      }
      i += mode == 5 ? 2 : mode == 2 ? 4 : 0;
    }
  }
}

void AnsiLine::write(Html& h, std::string_view line) {
  line = last_writing(line);
  while (!line.empty()) {
    auto end = std::min(line.find(kEscape), line.size());
    if (end > 0) {
      bool plain = colour_ < 0 && !bold_ && !dim_ && !underline_;
      if (!plain) {
        h.open("span");
        if (colour_ >= 0) h.cls(colour_class(colour_));
        if (bold_) h.cls("bo");
        if (dim_) h.cls("di");
        if (underline_) h.cls("un");
      }
      h.text(line.substr(0, end));
      if (!plain) h.end();
      line.remove_prefix(end);
      continue;
    }
    std::string_view parameters;
    bool is_sgr = false;
    auto length = sequence(line, parameters, is_sgr);
    if (is_sgr) apply(parameters);
    line.remove_prefix(length);
  }
}

void log_lines(Html& h, std::string_view bytes, std::int64_t first_line) {
  AnsiLine ansi;
  auto number = first_line;
  while (!bytes.empty() && h.alive()) {
    auto end = std::min(bytes.find('\n'), bytes.size());
    h.open("span", "row");
    if (first_line > 0) {
      auto anchor = fmt::format("L{}", number++);
      h.id(anchor);
      h.open("a", "ln").href(in_page(anchor)).attr("tabindex", -1).text(anchor.substr(1)).end();
    }
    ansi.write(h, bytes.substr(0, end));
    h.words("\n").end();
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
}

void log_tail(Html& h, std::string_view bytes, int lines) {
  while (bytes.ends_with('\n')) bytes.remove_suffix(1);
  std::size_t from = bytes.size();
  for (int i = 0; i < lines && from > 0; ++i) {
    auto at = bytes.rfind('\n', from - 1);
    if (at == std::string_view::npos) {
      from = 0;
      break;
    }
    from = at;
  }
  auto tail = bytes.substr(from);
  if (tail.starts_with('\n')) tail.remove_prefix(1);
  AnsiLine ansi;
  while (true) {
    auto end = std::min(tail.find('\n'), tail.size());
    ansi.write(h, tail.substr(0, end));
    if (end == tail.size()) return;
    h.words("\n");
    tail.remove_prefix(end + 1);
  }
}

}  // namespace pika::web
