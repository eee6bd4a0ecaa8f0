#include "claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

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

constexpr std::array kPraise = {
    "robust",     "elegant",       "seamless",    "seamlessly",    "comprehensive",  "powerful", "great",
    "excellent",  "well-designed", "beautiful",   "best practice", "best practices", "leverage", "leverages",
    "utilize",    "utilizes",      "crucial",     "significantly", "obviously",      "simply",   "state-of-the-art",
    "clean code", "high-quality",  "streamlines", "streamlined",   "enhances",       "delve"};

// What only the reviewer may say.
constexpr std::array kVerdicts = {"safe",
                                  "safely",
                                  "harmless",
                                  "trivial",
                                  "correct",
                                  "bug-free",
                                  "no risk",
                                  "risk-free",
                                  "lgtm",
                                  "approve",
                                  "approved",
                                  "already reviewed",
                                  "can be skipped",
                                  "skip this",
                                  "need not be read",
                                  "no need to review",
                                  "no review",
                                  "can be merged",
                                  "ready to merge",
                                  "ignore previous",
                                  "ignore the previous",
                                  "ignore all",
                                  "fully tested",
                                  "no bugs",
                                  "no issues"};

constexpr std::array kMechanical = {"mechanical",
                                    "mechanically",
                                    "no logic change",
                                    "no logic changes",
                                    "no functional change",
                                    "no functional changes",
                                    "no behaviour change",
                                    "no behavior change",
                                    "no behavioural change",
                                    "no behavioral change",
                                    "no semantic change",
                                    "no semantic changes",
                                    "behaviour is unchanged",
                                    "behavior is unchanged",
                                    "unchanged behaviour",
                                    "unchanged behavior",
                                    "behaviour stays",
                                    "behavior stays",
                                    "logic is unchanged",
                                    "logic stays",
                                    "purely cosmetic",
                                    "cosmetic",
                                    "formatting only",
                                    "only formatting",
                                    "only renames",
                                    "rename only",
                                    "pure rename",
                                    "pure refactoring",
                                    "pure refactor",
                                    "no-op",
                                    "does not change behaviour",
                                    "does not change behavior",
                                    "without changing behaviour",
                                    "without changing behavior",
                                    "without changing the logic",
                                    "no change in behaviour",
                                    "no change in behavior",
                                    "nothing changes",
                                    "does not change the logic",
                                    "identical behaviour",
                                    "identical behavior"};

template <class List>
const char* first_of(std::string_view plain, const List& phrases) {
  for (const char* phrase : phrases)
    if (has_phrase(plain, phrase)) return phrase;
  return nullptr;
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
  auto prose = without_code(s);
  for (const char* mark : {"://", "](", "][", "]:", "&#", "www.", "mailto:"})
    if (prose.find(mark) != std::string::npos) return "has a link or an entity";
  for (std::size_t i = 0; i + 1 < prose.size(); ++i)
    if (prose[i] == '<' && (is_alnum(prose[i + 1]) || prose[i + 1] == '/' || prose[i + 1] == '!')) return "has HTML";
  return {};
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
      out += ' ';
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
  if (auto why = bad_name(unquoted, without_code(unquoted), known, scope); !why.empty()) return why;
  auto plain = plain_words(without_code(unquoted));
  if (auto* word = first_of(plain, kPraise)) return fmt::format("praises or fills: “{}”", word);
  if (auto* word = first_of(plain, kVerdicts)) return fmt::format("judges, which is the reviewer's part: “{}”", word);
  if (auto* word = first_of(plain, kMechanical); word && !scope.folded)
    return fmt::format("says “{}” of lines that match no rule", word);
  for (const auto& [noun, n] : counted(plain)) {
    auto found = scope.counts.find(noun);
    if (found == scope.counts.end() || !found->second.contains(n))
      return fmt::format("counts {}, and no such count was derived", plural(n, noun));
  }
  return {};
}

bool unlabelled_reason(std::string_view sentence, const Known& known) {
  static constexpr std::array kReasons = {"because",    "so that",      "in order to",  "since",
                                          "to ensure",  "to avoid",     "to prevent",   "due to",
                                          "the reason", "therefore",    "which is why", "as a result",
                                          "thus",       "to make sure", "to allow",     "motivated by"};
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
