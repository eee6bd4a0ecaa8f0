// import, export from, require and dynamic import of JavaScript and TypeScript, where the place is a literal.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "scan/scanner.hpp"

namespace pika::invariants {
namespace {

struct Token {
  enum class Kind { end, word, string, mark, other } kind = Kind::end;
  std::size_t begin = 0;
  std::string_view text;  // of a string without its quotes; of a mark its byte, "..." for three dots
  bool is(char c) const { return kind == Kind::mark && text.size() == 1 && text[0] == c; }
  bool is_word(std::string_view word) const { return kind == Kind::word && text == word; }
};

// Words after which a slash begins a regular expression.
constexpr std::array<std::string_view, 16> kBeforeExpression = {
    "return", "typeof", "case", "in",         "of",    "delete", "void",    "throw",
    "new",    "else",   "do",   "instanceof", "yield", "await",  "default", "extends"};

class Lexer {
 public:
  Lexer(std::string_view text, FoundList& found) : text_(text), found_(found) {
    if (text_.starts_with("#!")) at_ = end_of_line(text_, 0);
  }

  Token next() {
    auto token = read();
    last_ = token;
    return token;
  }

 private:
  Token read() {
    skip();
    if (at_ >= text_.size()) return {Token::Kind::end, text_.size(), {}};
    const auto begin = at_;
    const char c = text_[at_];
    if (c == '"' || c == '\'') return string(begin);
    if (c == '`') {
      ++at_;
      return template_text(begin);
    }
    if (c == '}' && !templates_.empty() && templates_.back() == braces_) {
      templates_.pop_back();
      ++at_;
      return template_text(begin);
    }
    if (is_word_start(c) || c == '$' || c == '#') {
      ++at_;
      while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '$')) ++at_;
      return {Token::Kind::word, begin, text_.substr(begin, at_ - begin)};
    }
    if (is_digit(c)) {
      while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '.')) ++at_;
      return {Token::Kind::other, begin, {}};
    }
    if (c == '/' && regular_expression_may_begin()) {
      if (const auto end = after_regular_expression(); end != text_.npos) {
        at_ = end;
        return {Token::Kind::other, begin, {}};
      }
    }
    if (c == '{') ++braces_;
    if (c == '}') --braces_;
    at_ += text_.substr(at_).starts_with("...") ? 3 : 1;
    return {Token::Kind::mark, begin, text_.substr(begin, at_ - begin)};
  }

  void skip() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (is_blank(c) || c == '\n') {
        ++at_;
      } else if (c == '/' && at_ + 1 < text_.size() && text_[at_ + 1] == '/') {
        const auto end = end_of_line(text_, at_);
        reference(at_, text_.substr(at_, end - at_));
        at_ = end;
      } else if (c == '/' && at_ + 1 < text_.size() && text_[at_ + 1] == '*') {
        const auto end = text_.find("*/", at_ + 2);
        at_ = end == text_.npos ? text_.size() : end + 2;
      } else {
        return;
      }
    }
  }

  // /// <reference path="x.d.ts" />: the one comment that is code
  void reference(std::size_t begin, std::string_view line) {
    if (!line.starts_with("///")) return;
    line.remove_prefix(3);
    while (!line.empty() && is_blank(line[0])) line.remove_prefix(1);
    if (!line.starts_with("<reference ")) return;
    const auto path = line.find("path=");
    if (path == line.npos || path + 6 >= line.size()) return;
    const char quote = line[path + 5];
    const auto end = line.find(quote, path + 6);
    if ((quote == '"' || quote == '\'') && end != line.npos)
      found_.push_back({RefKind::js_file, begin, std::string(line.substr(path + 6, end - path - 6)), {}});
  }

  // An apostrophe that nothing closes on its line stands in the text of an element: it is no string.
  Token string(std::size_t begin) {
    for (auto i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == text_[begin]) {
        at_ = i + 1;
        return {Token::Kind::string, begin, text_.substr(begin + 1, i - begin - 1)};
      }
      if (text_[i] == '\n') break;
      if (text_[i] == '\\') ++i;  // a newline too
    }
    at_ = begin + 1;
    return {Token::Kind::other, begin, {}};
  }

  // To the closing backtick or to "${". A template without a hole is a string like any other.
  Token template_text(std::size_t begin) {
    const bool first = text_[begin] == '`';
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '`') {
        ++at_;
        if (first) return {Token::Kind::string, begin, text_.substr(begin + 1, at_ - begin - 2)};
        return {Token::Kind::other, begin, {}};
      }
      if (text_[at_] == '$' && at_ + 1 < text_.size() && text_[at_ + 1] == '{') {
        at_ += 2;
        templates_.push_back(braces_);
        return {Token::Kind::mark, begin, "`"};
      }
      if (text_[at_] == '\\') ++at_;
    }
    at_ = text_.size();
    return {Token::Kind::other, begin, {}};
  }

  bool regular_expression_may_begin() const {
    switch (last_.kind) {
      case Token::Kind::end:
        return true;
      case Token::Kind::word:
        return std::find(kBeforeExpression.begin(), kBeforeExpression.end(), last_.text) != kBeforeExpression.end();
      case Token::Kind::mark:  // "</div>" is no expression
        return !last_.is(')') && !last_.is(']') && !last_.is('}') && !(last_.is('<') && last_.begin + 1 == at_);
      case Token::Kind::string:
      case Token::Kind::other:
        return false;
    }
    return false;
  }

  std::size_t after_regular_expression() const {
    bool in_set = false;
    for (auto i = at_ + 1; i < text_.size() && text_[i] != '\n'; ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '[') {
        in_set = true;
      } else if (text_[i] == ']') {
        in_set = false;
      } else if (text_[i] == '/' && !in_set) {
        return i + 1;
      }
    }
    return text_.npos;
  }

  std::string_view text_;
  FoundList& found_;
  std::size_t at_ = 0;
  Token last_;
  int braces_ = 0;
  std::vector<int> templates_;  // braces open where each "${" stands
};

class Scanner {
 public:
  Scanner(std::string_view text, FoundList& found) : lexer_(text, found), found_(found) {}

  void run() {
    for (auto token = next(); token.kind != Token::Kind::end; token = next()) {
      if (token.kind != Token::Kind::word || before_last_.is('.')) continue;
      if (token.text == "import")
        import(token.begin);
      else if (token.text == "export")
        export_from(token.begin);
      else if (token.text == "require")
        call(token.begin);
    }
  }

 private:
  Token next() {
    auto token = ahead_ ? *std::exchange(ahead_, std::nullopt) : lexer_.next();
    before_last_ = std::exchange(last_, token);
    return token;
  }
  const Token& peek() {
    if (!ahead_) ahead_ = lexer_.next();
    return *ahead_;
  }

  void add(std::size_t begin, std::string_view text) {
    if (!text.empty()) found_.push_back({RefKind::js_import, begin, std::string(text), {}});
  }

  void import(std::size_t begin) {
    if (peek().kind == Token::Kind::string)
      add(begin, next().text);
    else if (peek().is('('))
      call(begin);
    else
      clause(begin);
  }

  void export_from(std::size_t begin) {
    if (peek().is_word("type")) next();
    if (peek().is('*') || peek().is('{')) clause(begin);
  }

  // ("place") or ("place", { ... })
  void call(std::size_t begin) {
    if (!peek().is('(')) return;
    next();
    if (peek().kind != Token::Kind::string) return;
    const auto place = next().text;
    if (peek().is(')') || peek().is(',')) add(begin, place);
  }

  // a, { b as c } from "place"
  void clause(std::size_t begin) {
    bool closed = false;  // after "}" only "from" may stand
    for (;;) {
      if (peek().is_word("from")) {
        next();
        if (peek().kind == Token::Kind::string) return add(begin, next().text);
        continue;
      }
      const auto& token = peek();
      const bool name = token.kind == Token::Kind::word || token.kind == Token::Kind::string;
      if (closed || !(name || token.is('{') || token.is('}') || token.is(',') || token.is('*'))) return;
      closed = token.is('}');
      next();
    }
  }

  Lexer lexer_;
  FoundList& found_;
  std::optional<Token> ahead_;
  Token last_, before_last_;
};

}  // namespace

void scan_javascript(std::string_view text, FoundList& found) {
  Scanner(text, found).run();
}

}  // namespace pika::invariants
