#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"

namespace pika::explain {

namespace {

// Cuts at a character's border.
std::string cut(std::string text, std::size_t limit) {
  if (limit == 0 || text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

// Invisible characters that could make a line read as something else: bidirectional controls, zero widths.
bool deceiving(std::string_view s) {
  if (s.size() < 3 || s[0] != '\xE2') return s.starts_with("\xEF\xBB\xBF");
  auto a = static_cast<unsigned char>(s[1]), b = static_cast<unsigned char>(s[2]);
  if (a == 0x80) return (b >= 0x8B && b <= 0x8F) || (b >= 0xA8 && b <= 0xAE);
  return a == 0x81 && (b >= 0xA0 && b <= 0xAF);
}

std::string visible(std::string_view bytes) {
  auto text = to_utf8(bytes);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) {
      out += ' ';
    } else if (deceiving(std::string_view(text).substr(i))) {
      out += "\xEF\xBF\xBD";
      i += 2;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

}  // namespace

std::string one_line(std::string_view text, std::size_t limit) {
  auto seen = visible(text.substr(0, 8 * std::max<std::size_t>(limit, 512)));
  return cut(std::string(trim(seen)), limit);
}

std::string code(std::string_view bytes, std::size_t limit) {
  auto text = one_line(bytes, limit);
  if (text.empty()) return "` `";
  std::size_t longest = 0, run = 0;
  for (char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  std::string fence(longest + 1, '`');
  if (longest == 0) return fence + text + fence;
  return fence + " " + text + " " + fence;
}

std::string plain_name(std::string_view path) {
  return one_line(quote_name(path), 120);
}

std::string code_name(std::string_view path) {
  return code(quote_name(path), 300);
}

// What can begin or end markup inside a line is always escaped; what only means something at a line's beginning, or
// in an address that would become a link, only there.
std::string escape(std::string_view text) {
  constexpr std::string_view kAlways = "\\`*_[]<>|~&@";
  std::string out;
  bool start = true;  // only white space and digits so far
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool special =
        kAlways.contains(c) || (start && std::string_view("#+-=.):").contains(c)) || text.substr(i).starts_with("://");
    if (c == '.' && i >= 3 && lower(text.substr(i - 3, 3)) == "www") special = true;
    if (special) out += '\\';
    out += c;
    start = c == '\n' || (start && (c == ' ' || (c >= '0' && c <= '9')));
  }
  return out;
}

namespace {

// Whether the author's editor ended this line, and not the author: a long line of running text, and more of it follows.
bool wrapped(std::string_view line, std::string_view next) {
  constexpr std::size_t kLong = 50;
  auto runs = [](std::string_view text) {
    if (text.empty() || text[0] == ' ' || text[0] == '\t' || std::string_view("-*+>|#").contains(text[0])) return false;
    auto digits = text.find_first_not_of("0123456789");
    return digits == 0 || digits == std::string_view::npos || (text[digits] != '.' && text[digits] != ')');
  };
  return line.size() >= kLong && !line.ends_with(':') && runs(line) && runs(next);
}

}  // namespace

std::string quote(std::string_view text, std::size_t limit) {
  auto whole = cut(to_utf8(trim(text)), limit);
  auto lines = split(whole, '\n');
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto words = escape(visible(lines[i]));
    // Two spaces at the end keep a line end of the author's own.
    bool soft = i + 1 < lines.size() && wrapped(lines[i], lines[i + 1]);
    out += words.empty() ? ">\n" : "> " + words + (soft ? "\n" : "  \n");
  }
  return out;
}

std::string list_words(const std::vector<std::string>& words, std::size_t most) {
  if (words.empty()) return "";
  if (words.size() == 1) return words[0];
  std::string out;
  bool all = words.size() <= most;
  std::size_t shown = all ? words.size() - 1 : std::max<std::size_t>(1, most - 1), rest = words.size() - shown;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i) out += ", ";
    out += words[i];
  }
  if (all) return out + " and " + words.back();
  return out + fmt::format(" and {} {}", rest, rest == 1 ? "other" : "others");
}

std::string cell(std::string text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '|' && (i == 0 || text[i - 1] != '\\')) out += '\\';
    out += text[i];
  }
  return out;
}

std::string count_words(std::size_t n, std::string_view one, std::string_view many) {
  static constexpr const char* kWords[] = {"No",   "One", "Two",   "Three", "Four",
                                           "Five", "Six", "Seven", "Eight", "Nine"};
  std::string noun = n == 1 ? std::string(one) : many.empty() ? std::string(one) + "s" : std::string(many);
  if (n < 10) return fmt::format("{} {}", kWords[n], noun);
  return fmt::format("{} {}", format_count(static_cast<std::int64_t>(n)), noun);
}

}  // namespace pika::explain
