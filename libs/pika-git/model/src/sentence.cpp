#include "sentence.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "pika/base/text.hpp"

namespace pika::model {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool starts_block(std::string_view line) {
  auto t = trim(line);
  if (t.empty()) return true;
  if (std::string_view("-*+#|>").find(t[0]) != std::string_view::npos) return true;
  std::size_t digits = 0;
  while (digits < t.size() && is_digit(t[digits])) ++digits;
  return digits > 0 && digits < t.size() && (t[digits] == '.' || t[digits] == ')') &&
         (digits + 1 == t.size() || t[digits + 1] == ' ');
}

bool is_fence(std::string_view line) {
  return trim(line).starts_with("```") || trim(line).starts_with("~~~");
}

// One paragraph at its full stops, not within code or quotation marks.
void split_paragraph(std::string_view text, std::vector<std::string>& out) {
  std::size_t from = 0;
  bool code = false, quoted = false;
  for (std::size_t i = list_mark(text); i < text.size(); ++i) {
    if (text[i] == '`') code = !code;
    if (!code && text[i] == '"') quoted = !quoted;
    if (!code && text.substr(i).starts_with("“")) quoted = true;
    if (!code && text.substr(i).starts_with("”")) quoted = false;
    bool stop = text[i] == '.' || text[i] == '!' || text[i] == '?';
    if (code || quoted || !stop || i + 1 == text.size() || (text[i + 1] != ' ' && text[i + 1] != '\n')) continue;
    while (i + 1 < text.size() && (text[i + 1] == ' ' || text[i + 1] == '\n')) ++i;
    out.emplace_back(text.substr(from, i + 1 - from));
    from = i + 1;
  }
  if (from < text.size()) out.emplace_back(text.substr(from));
}

// Names of products that look like names of code.
constexpr std::array kProse = {"GitHub", "GitLab", "JavaScript", "TypeScript", "OpenSSL",
                               "OpenAI", "SQLite", "PostgreSQL", "MySQL",      "CMake",
                               "macOS",  "iOS",    "FreeBSD",    "e.g",        "i.e"};

bool looks_like_code(std::string_view w) {
  if (std::ranges::find(kProse, w) != kProse.end()) return false;
  if (w.starts_with("--") && w.size() > 2) return true;
  if ((w[0] == '@' || w[0] == '$' || w[0] == '/') && w.size() > 1) return true;
  if (w.find("::") != std::string_view::npos || w.find("->") != std::string_view::npos) return true;
  int slashes = 0;
  bool marks = false;
  for (std::size_t i = 1; i + 1 < w.size(); ++i) {
    bool between = is_alnum(w[i - 1]) && is_alnum(w[i + 1]);
    if (w[i] == '_' || (w[i] == '.' && between)) marks = true;
    if (w[i] == '/' && between) ++slashes;
  }
  for (std::size_t i = 1; i < w.size(); ++i)
    if (((w[i - 1] >= 'a' && w[i - 1] <= 'z') || is_digit(w[i - 1])) && w[i] >= 'A' && w[i] <= 'Z') marks = true;
  return marks || slashes > 1 || w.ends_with("()") || is_hunk_id(w);
}

constexpr long kRough = -1;  // "2k": no derived count is that

std::string_view bare(std::string_view w) {
  auto junk = [](char c) { return std::string_view(",.;:!?\"'([{}])*|#>\x01").find(c) != std::string_view::npos; };
  while (!w.empty() && junk(w.front())) w.remove_prefix(1);
  while (!w.empty() && junk(w.back()) && !w.ends_with("()")) w.remove_suffix(1);
  return w;
}

std::optional<long> number(std::string_view w) {
  static const std::map<std::string_view, long> kWords = {
      {"zero", 0},     {"one", 1},        {"single", 1},    {"two", 2},       {"three", 3},      {"four", 4},
      {"five", 5},     {"six", 6},        {"seven", 7},     {"eight", 8},     {"nine", 9},       {"ten", 10},
      {"eleven", 11},  {"twelve", 12},    {"dozen", 12},    {"thirteen", 13}, {"fourteen", 14},  {"fifteen", 15},
      {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19}, {"twenty", 20},    {"both", 2},
      {"couple", 2},   {"pair", 2},       {"thirty", 30},   {"forty", 40},    {"fifty", 50},     {"sixty", 60},
      {"seventy", 70}, {"eighty", 80},    {"ninety", 90},   {"hundred", 100}, {"thousand", 1000}};
  if (auto found = kWords.find(w); found != kWords.end()) return found->second;
  std::string digits;
  for (char c : w)
    if (c != ',') digits += c;
  if (digits.size() > 1 && (digits.back() == 'k' || digits.back() == 'm') && is_digit(digits[0])) return kRough;
  if (digits.size() > 9) return std::nullopt;
  return parse_number<long>(digits);
}

// The number of several words that begins with the i-th, which is one; steps on its last.
long whole_number(const std::vector<std::string_view>& words, std::size_t& i, long n) {
  while (i + 1 < words.size()) {
    auto next = number(bare(words[i + 1]));
    if (!next) break;
    if (*next == 100 || *next == 1000)
      n *= *next;
    else if ((n >= 20 && n < 100 && n % 10 == 0 && *next < 10) || (n >= 100 && n % 100 == 0 && *next < 100))
      n += *next;
    else
      break;
    ++i;
  }
  return n;
}

std::string noun(std::string_view w) {
  static const std::map<std::string_view, std::string> kOdd = {
      {"classes", "class"}, {"class", "class"}, {"dependencies", "dependency"}, {"dependency", "dependency"}};
  static constexpr std::array kNouns = {"file",    "hunk",     "test",   "handler",    "step",   "line",
                                        "place",   "function", "method", "type",       "struct", "commit",
                                        "package", "crate",    "module", "definition", "symbol", "caller",
                                        "call",    "part",     "field",  "constant",   "enum",   "check"};
  if (auto found = kOdd.find(w); found != kOdd.end()) return found->second;
  for (std::string_view n : kNouns)
    if (w == n || (w.size() == n.size() + 1 && w.starts_with(n) && w.back() == 's')) return std::string(n);
  return {};
}

}  // namespace

std::size_t list_mark(std::string_view s) {
  std::size_t i = 0;
  while (i < s.size() && (s[i] == ' ' || s[i] == '\n')) ++i;
  auto begin = i;
  while (i < s.size() && is_digit(s[i])) ++i;
  if (i > begin && i + 1 < s.size() && (s[i] == '.' || s[i] == ')') && s[i + 1] == ' ') return i + 2;
  i = begin;
  while (i < s.size() && std::string_view("-*+#>").find(s[i]) != std::string_view::npos) ++i;
  return i > begin && i < s.size() && s[i] == ' ' ? i + 1 : begin;
}

std::vector<std::string> sentences(std::string_view text) {
  std::vector<std::string> out;
  std::string_view rest = text;
  std::size_t block = 0;  // length so far of the paragraph at the beginning of rest
  auto flush = [&] {
    split_paragraph(rest.substr(0, block), out);
    rest.remove_prefix(block);
    block = 0;
  };
  while (block < rest.size()) {
    auto end = rest.find('\n', block);
    auto next = end == std::string_view::npos ? rest.size() : end + 1;
    auto line = rest.substr(block, next - block);
    if (is_fence(line)) {
      flush();
      std::size_t at = line.size();
      while (at < rest.size()) {
        auto stop = std::min(rest.find('\n', at), rest.size() - 1) + 1;
        bool closes = is_fence(rest.substr(at, stop - at));
        at = stop;
        if (closes) break;
      }
      out.emplace_back(rest.substr(0, at));
      rest.remove_prefix(at);
      continue;
    }
    if (block > 0 && starts_block(line)) {
      flush();
      continue;
    }
    block = next;
  }
  flush();
  return out;
}

std::string without_code(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; const auto& part : split(text, '`')) {
    out += i++ % 2 ? std::string_view(" ") : part;
  }
  return out;
}

std::string plain_words(std::string_view text) {
  std::string out;
  for (char c : lower(text)) {
    if (c == '*' || c == '~' || c == '\\') continue;
    if (c == '\n' || c == '\t') c = ' ';
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  return out;
}

std::size_t find_phrase(std::string_view plain, std::string_view phrase, std::size_t from) {
  for (auto at = plain.find(phrase, from); at != std::string_view::npos; at = plain.find(phrase, at + 1)) {
    auto end = at + phrase.size();
    if ((at == 0 || !is_alnum(plain[at - 1])) && (end == plain.size() || !is_alnum(plain[end]))) return at;
  }
  return std::string_view::npos;
}

bool is_hunk_id(std::string_view w) {
  return w.size() > 1 && w.size() < 10 && std::string_view("HRMBES").find(w[0]) != std::string_view::npos &&
         std::all_of(w.begin() + 1, w.end(), is_digit);
}

std::vector<std::string> code_names(std::string_view text, std::string_view prose) {
  std::vector<std::string> out;
  auto parts = split(text, '`');
  for (std::size_t i = 1; i < parts.size(); i += 2) {
    auto name = trim(parts[i]);
    if (name.ends_with("()")) name.remove_suffix(2);
    if (!name.empty()) out.emplace_back(name);
  }
  std::string spaced(prose);
  std::ranges::replace(spaced, '\n', ' ');
  std::ranges::replace(spaced, '\t', ' ');
  for (auto word : split(spaced, ' ')) {
    auto w = bare(word);
    if (w.empty() || !looks_like_code(w)) continue;
    if (w.ends_with("()")) w.remove_suffix(2);
    out.emplace_back(w);
  }
  return out;
}

std::vector<std::pair<std::string, long>> counted(std::string_view plain) {
  std::vector<std::pair<std::string, long>> out;
  std::string spaced;
  for (char c : plain) spaced += c == '-' || c == '(' || c == ')' ? ' ' : c;
  std::vector<std::string_view> words;
  for (auto word : split(spaced, ' '))
    if (!word.empty()) words.push_back(word);
  auto ends = [](std::string_view w) { return std::string_view(".,;:!?").find(w.back()) != std::string_view::npos; };
  static constexpr std::array kStops = {"of",   "in", "to", "and", "the", "are",   "is", "for", "with", "from",
                                        "that", "by", "or", "a",   "an",  "which", "on", "at",  "into", "as"};
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto n = number(bare(words[i]));
    if (!n) continue;
    const bool loose = bare(words[i]) == "couple" || bare(words[i]) == "pair" || bare(words[i]) == "dozen";
    const auto begin = i;
    n = whole_number(words, i, *n);
    if (begin > 0 && words[begin - 1].ends_with(':'))
      if (auto what = noun(bare(words[begin - 1])); !what.empty()) out.emplace_back(what, *n);
    if (ends(words[i])) continue;
    for (std::size_t j = i + 1; j < words.size() && j <= i + 4; ++j) {
      auto w = bare(words[j]);
      if (loose && j == i + 1 && w == "of") continue;
      if (number(w) || std::ranges::find(kStops, w) != kStops.end()) break;
      if (auto what = noun(w); !what.empty()) {
        out.emplace_back(what, *n);
        break;
      }
      if (ends(words[j])) break;
    }
  }
  return out;
}

}  // namespace pika::model
