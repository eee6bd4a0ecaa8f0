#include "claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "phrases.hpp"
#include "pika/base/text.hpp"
#include "sentence.hpp"

namespace pika::model {

namespace {

bool is_word(char c) {
  return is_alnum(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

std::string squeeze(std::string_view text) {
  std::string out;
  for (char c : text)
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += c;
    }
  return std::string(trim(out));
}

std::string bad_form(std::string_view s) {
  if (trim(s).starts_with("```") || trim(s).starts_with("~~~")) return "is a block of code: only the diff shows code";
  if (s.starts_with("    ") || s.starts_with("\t")) return "is a block of code: only the diff shows code";
  for (std::size_t i = 0; i < s.size(); ++i) {
    auto c = static_cast<unsigned char>(s[i]);
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F) return "has a control character";
    if (c == 0xE2 && i + 2 < s.size()) {  // U+200B..200F, 202A..202E, 2060..2069: invisible or turning the text round
      auto d = static_cast<unsigned char>(s[i + 1]), e = static_cast<unsigned char>(s[i + 2]);
      if ((d == 0x80 && ((e >= 0x8B && e <= 0x8F) || (e >= 0xAA && e <= 0xAE))) ||
          (d == 0x81 && e >= 0xA0 && e <= 0xA9))
        return "has an invisible character";
    }
    if (c == 0xC2 && i + 1 < s.size() && static_cast<unsigned char>(s[i + 1]) == 0xAD)
      return "has an invisible character";
  }
  if (std::ranges::count(s, '`') % 2) return "has a back-tick without its pair";
  if (s.find("``") != std::string_view::npos) return "has back-ticks that stand together";
  auto prose = without_code(s);
  for (const char* mark : {"://", "](", "][", "]:", "&#", "www.", "mailto:"})
    if (lower(prose).find(mark) != std::string::npos) return "has a link or an entity";
  for (auto at = prose.find('&'); at != std::string::npos; at = prose.find('&', at + 1)) {
    auto end = at + 1;
    while (end < prose.size() && is_alnum(prose[end])) ++end;
    if (end > at + 1 && end < prose.size() && prose[end] == ';') return "has a link or an entity";
  }
  for (std::size_t i = 0; i + 1 < prose.size(); ++i)
    if (prose[i] == '<' && (is_alnum(prose[i + 1]) || prose[i + 1] == '/' || prose[i + 1] == '!')) return "has HTML";
  return {};
}

// Letters of other alphabets, odd white space, what joins or hides: in a page of English words they stand for a name,
// or for a word that must not be recognised.
bool is_plain_mark(unsigned c) {
  return c == 0xA7 || c == 0xB0 || c == 0xB1 || c == 0xB7 || c == 0xD7 || (c >= 0x2010 && c <= 0x2027) ||
         (c >= 0x2030 && c <= 0x205E) || (c >= 0x2190 && c <= 0x22FF);
}

// The code point at `i`, and how many bytes it has; of UTF-8.
std::pair<unsigned, std::size_t> code_at(std::string_view s, std::size_t i) {
  auto c = static_cast<unsigned char>(s[i]);
  std::size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
  n = std::min(n, s.size() - i);
  unsigned code = n == 1 ? c : c & (0x7Fu >> n);
  for (std::size_t k = 1; k < n; ++k) code = code << 6 | (static_cast<unsigned char>(s[i + k]) & 0x3Fu);
  return {code, n};
}

std::string odd_word(std::string_view s, const Known& known) {
  for (std::size_t i = 0; i < s.size();) {
    auto end = i;
    bool odd = false;
    while (end < s.size() && is_word(s[end])) {
      auto [code, n] = code_at(s, end);
      if (is_plain_mark(code)) break;
      odd |= n > 1;
      end += n;
    }
    auto word = s.substr(i, end - i);
    if (odd && !known.has_name(word) && !known.author_said(word)) return std::string(word);
    i = end + (end < s.size() ? code_at(s, end).second : 1);
  }
  return {};
}

// The sentence without its code spans, but for those that stand where a judgement would: "is `safe`".
std::string with_predicates(std::string_view s) {
  static constexpr std::array kVerbs = {"is", "are", "be", "was", "were", "looks", "seems", "stays", "remains", "as"};
  std::string out;
  for (std::size_t i = 0; const auto& part : split(s, '`')) {
    auto before = plain_words(out);
    auto verb = trim(before).substr(trim(before).rfind(' ') + 1);
    bool predicate = std::ranges::find(kVerbs, verb) != kVerbs.end();
    out += i++ % 2 && !predicate ? std::string_view(" ") : part;
  }
  return out;
}

std::string bad_name(std::string_view s, std::string_view unquoted, const Known& known, const Scope& scope) {
  for (const auto& name : code_names(s, unquoted)) {
    if (is_hunk_id(name)) {
      if (!known.has_hunk(name)) return fmt::format("names {}, which is no hunk of this change", name);
      if (!scope.hunks.contains(name)) return fmt::format("names {}, which is a hunk of another step", name);
    } else if (!known.has_name(name)) {
      return fmt::format("names `{}`, which is neither in the diff nor in the tree",
                         to_utf8(squeeze(name).substr(0, 80)));
    }
  }
  return {};
}

// The sentence with the author's own words, between quotation marks, replaced by \x01; a quotation of anything else
// is in `forged`.
std::string without_quotes(std::string_view s, const Known& known, std::string& forged) {
  std::string out;
  for (std::size_t i = 0; i < s.size();) {
    std::string_view open = s.substr(i).starts_with("“") ? "“" : s[i] == '"' ? "\"" : "";
    std::string_view close = open == "“" ? "”" : "\"";
    auto end = open.empty() ? std::string_view::npos : s.find(close, i + open.size());
    if (end == std::string_view::npos) {
      out += s[i++];
      continue;
    }
    auto inside = s.substr(i + open.size(), end - i - open.size());
    if (known.author_said(inside))
      out += '\x01';
    else if (known.has_name(trim(inside)))
      out += inside;  // quotation marks take nothing back
    else
      forged = inside;
    i = end + close.size();
  }
  return out;
}

}  // namespace

Known::Known(const Subject& subject) {
  auto add = [&](std::string_view bytes) {
    text_ += bytes;
    text_ += '\n';
  };
  for (const auto& file : subject.diff->files) {
    add(file.old_path);
    add(file.new_path);
    if (!file.pseudo_id.empty()) hunks_.insert(file.pseudo_id);
    for (const auto& hunk : file.hunks) {
      hunks_.insert(hunk.id);
      add(hunk.section);
      for (const auto& line : hunk.lines) add(line.text);
    }
  }
  for (const auto& path : subject.tree_paths) add(path);
  for (const auto& step : subject.derived->steps) {
    add(step.title);
    for (std::size_t i = 0; const auto& part : split(step.body_markdown, '`'))
      if (i++ % 2) add(part);
  }
  for (std::size_t i = 0; i < text_.size();) {
    auto end = i;
    while (end < text_.size() && is_word(text_[end])) ++end;
    if (end > i) words_.insert(text_.substr(i, end - i));
    i = std::max(end, i + 1);
  }
  author_ = squeeze(subject.title) + "\n";
  for (const auto& message : subject.commit_messages) author_ += squeeze(message) + "\n";
}

bool Known::has_name(std::string_view name) const {
  if (name.empty() || name.find('\n') != std::string_view::npos) return false;
  bool whole = true;
  for (std::size_t i = 0; i < name.size();) {
    auto end = i;
    while (end < name.size() && is_word(name[end])) ++end;
    if (end > i && !words_.contains(std::string(name.substr(i, end - i)))) return false;
    if (end - i != name.size()) whole = false;
    i = std::max(end, i + 1);
  }
  if (whole) return true;
  if (++searches_ > kMaxSearches) return false;  // an answer that asks for more is no honest one
  for (auto at = text_.find(name); at != std::string::npos; at = text_.find(name, at + 1)) {
    auto end = at + name.size();
    bool begins = !is_word(name.front()) || at == 0 || !is_word(text_[at - 1]);
    bool ends = !is_word(name.back()) || end == text_.size() || !is_word(text_[end]);
    if (begins && ends) return true;
  }
  return false;
}

bool Known::author_said(std::string_view text) const {
  auto words = squeeze(text);
  while (!words.empty() && (words.back() == '.' || words.back() == ',')) words.pop_back();
  auto at = words.empty() ? std::string::npos : author_.find(words);
  for (; at != std::string::npos; at = author_.find(words, at + 1)) {
    auto end = at + words.size();
    if ((at == 0 || !is_word(author_[at - 1])) && (end == author_.size() || !is_word(author_[end]))) return true;
  }
  return false;
}

std::string false_claim(std::string_view sentence, const Known& known, const Scope& scope) {
  if (trim(sentence).empty()) return {};
  if (auto why = bad_form(sentence); !why.empty()) return why;
  std::string forged;
  auto unquoted = without_quotes(sentence, known, forged);
  if (!forged.empty()) return "puts words in quotation marks that neither the author wrote nor the diff has";
  if (auto word = odd_word(without_code(unquoted), known); !word.empty())
    return fmt::format("has “{}”, a word of other letters that the change does not have", word);
  if (auto why = bad_name(unquoted, without_code(unquoted), known, scope); !why.empty()) return why;
  auto plain = plain_words(with_predicates(unquoted));
  if (auto word = praise_in(plain); !word.empty()) return fmt::format("praises or fills: “{}”", word);
  if (auto word = verdict_in(plain); !word.empty())
    return fmt::format("judges, which is the reviewer's part: “{}”", word);
  if (auto word = sameness_in(plain); !word.empty() && !scope.folded)
    return fmt::format("says “{}” of lines that match no rule", word);
  for (const auto& [noun, n] : counted(plain)) {
    auto found = scope.counts.find(noun);
    if (found == scope.counts.end() || !found->second.contains(n))
      return fmt::format("counts {}, and no such count was derived", plural(n, noun));
  }
  return {};
}

bool unlabelled_reason(std::string_view sentence, const Known& known) {
  static constexpr std::array kReasons = {
      "because",    "so that",         "in order to", "since",        "to ensure",    "to avoid",
      "to prevent", "due to",          "the reason",  "therefore",    "which is why", "as a result",
      "thus",       "to make sure",    "to allow",    "motivated by", "hence",        "thereby",
      "in case",    "for the sake of", "ensures",     "ensuring",     "prevents",     "preventing",
      "avoiding",   "enabling",        "allowing",    "so it",        "so they",      "as it"};
  auto body = trim(sentence.substr(list_mark(sentence)));
  if (body.starts_with(kGuess)) return false;
  std::string forged;
  auto plain = plain_words(without_code(without_quotes(sentence, known, forged)));
  for (const char* reason : kReasons)
    for (auto at = find_phrase(plain, reason, 0); at != std::string::npos; at = find_phrase(plain, reason, at + 1)) {
      auto rest = trim(std::string_view(plain).substr(at + std::string_view(reason).size()));
      while (rest.starts_with(':') || rest.starts_with(',') || rest.starts_with(' ')) rest.remove_prefix(1);
      if (!rest.starts_with('\x01')) return true;
    }
  return false;
}

}  // namespace pika::model
