// Modules and paths of Rust: `mod a;`, use trees, `crate::a::b` wherever it stands.
#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "scan/scanner.hpp"

namespace pika::invariants {
namespace {

constexpr int kDeepest = 64;  // of a use tree

struct Token {
  enum class Kind { end, word, path, string, mark } kind = Kind::end;  // path: "::"
  std::size_t begin = 0;
  std::string_view text;  // of a word without r#, of a string without its quotes, of a mark its byte
  bool is(char c) const { return kind == Kind::mark && text[0] == c; }
  bool is_word(std::string_view word) const { return kind == Kind::word && text == word; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Token next() {
    for (;;) {
      skip();
      if (at_ >= text_.size()) return {Token::Kind::end, text_.size(), {}};
      const auto begin = at_;
      const char c = text_[at_];
      if (c == '"') return string(begin);
      if (c == '\'') {
        quote();
        continue;
      }
      if (is_word_start(c)) {
        if (auto token = word(begin)) return *token;
        continue;
      }
      if (is_digit(c)) {
        while (at_ < text_.size() && is_word(text_[at_])) ++at_;
        continue;
      }
      if (c == ':' && at_ + 1 < text_.size() && text_[at_ + 1] == ':') {
        at_ += 2;
        return {Token::Kind::path, begin, text_.substr(begin, 2)};
      }
      ++at_;
      return {Token::Kind::mark, begin, text_.substr(begin, 1)};
    }
  }

 private:
  void skip() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (is_blank(c) || c == '\n') {
        ++at_;
      } else if (c == '/' && at_ + 1 < text_.size() && text_[at_ + 1] == '/') {
        at_ = end_of_line(text_, at_);
      } else if (c == '/' && at_ + 1 < text_.size() && text_[at_ + 1] == '*') {
        block_comment();
      } else {
        return;
      }
    }
  }

  void block_comment() {
    int depth = 0;
    do {
      const auto mark = text_.find_first_of("*/", at_);
      if (mark == text_.npos || mark + 1 >= text_.size()) {
        at_ = text_.size();
        return;
      }
      const bool opens = text_[mark] == '/' && text_[mark + 1] == '*';
      const bool closes = text_[mark] == '*' && text_[mark + 1] == '/';
      depth += opens ? 1 : closes ? -1 : 0;
      at_ = mark + (opens || closes ? 2 : 1);
    } while (depth > 0);
  }

  Token string(std::size_t begin) {
    const auto from = ++at_;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\') ++at_;
    const auto end = std::min(at_, text_.size());
    at_ = std::min(end + 1, text_.size());
    return {Token::Kind::string, begin, text_.substr(from, end - from)};
  }

  // A character or a lifetime: 'a' or 'a
  void quote() {
    if (at_ + 1 < text_.size() && text_[at_ + 1] == '\\') {
      at_ += 3;  // the byte that is escaped
      while (at_ < text_.size() && text_[at_] != '\'' && text_[at_] != '\n') ++at_;
      ++at_;
      return;
    }
    auto i = at_ + 1;
    if (i < text_.size()) {  // one character, of up to four bytes
      ++i;
      while (i < text_.size() && (static_cast<unsigned char>(text_[i]) & 0xC0) == 0x80) ++i;
    }
    at_ = i < text_.size() && text_[i] == '\'' ? i + 1 : at_ + 1;
  }

  // Nothing when what began as a word was a string: r"..", br#".."#.
  std::optional<Token> word(std::size_t begin) {
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    auto text = text_.substr(begin, at_ - begin);
    if (at_ >= text_.size()) return Token{Token::Kind::word, begin, text};
    if (text == "r" || text == "br" || text == "cr") {
      auto i = at_;
      while (i < text_.size() && text_[i] == '#') ++i;
      if (i < text_.size() && text_[i] == '"') {
        const auto close = "\"" + std::string(i - at_, '#');
        const auto end = text_.find(close, i + 1);
        Token token{Token::Kind::string, begin, text_.substr(i + 1, end == text_.npos ? end : end - i - 1)};
        at_ = end == text_.npos ? text_.size() : end + close.size();
        return token;
      }
      if (text == "r" && i == at_ + 1 && i < text_.size() && is_word_start(text_[i])) {
        at_ = i;
        const auto from = at_;
        while (at_ < text_.size() && is_word(text_[at_])) ++at_;
        return Token{Token::Kind::word, begin, text_.substr(from, at_ - from)};
      }
    }
    if ((text == "b" || text == "c") && text_[at_] == '"') return string(begin);
    if (text == "b" && text_[at_] == '\'') {
      quote();
      return std::nullopt;
    }
    return Token{Token::Kind::word, begin, text};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

class Scanner {
 public:
  Scanner(std::string_view text, FoundList& found) : lexer_(text), found_(found) {}

  void run() {
    for (auto token = next(); token.kind != Token::Kind::end; token = next()) {
      if (token.kind == Token::Kind::word)
        on_word(token);
      else if (token.kind == Token::Kind::path)
        after_path_mark();
      else if (token.kind == Token::Kind::mark)
        on_mark(token);
    }
  }

 private:
  struct Inline {
    std::string name;
    int depth;
  };

  Token next() {
    auto token = ahead_ ? *std::exchange(ahead_, std::nullopt) : lexer_.next();
    before_last_ = last_;
    last_ = token;
    return token;
  }
  const Token& peek() {
    if (!ahead_) ahead_ = lexer_.next();
    return *ahead_;
  }

  void on_mark(const Token& token) {
    if (token.is('#') && peek().is('[')) return attribute();
    if (token.is('{')) ++depth_;
    if (token.is('}')) {
      if (!inlines_.empty() && inlines_.back().depth == depth_) inlines_.pop_back();
      --depth_;
    }
    if (token.is('{') || token.is('}') || token.is(';')) path_attributes_.clear();
  }

  // #[path = "x.rs"] or #[cfg_attr(unix, path = "x.rs")], of which a module may have several
  void attribute() {
    next();
    const bool conditional = peek().is_word("cfg_attr");
    if (!conditional && !peek().is_word("path")) return;
    while (peek().kind != Token::Kind::end && !peek().is(']')) {
      if (!next().is_word("path") || !peek().is('=')) continue;
      next();
      if (peek().kind == Token::Kind::string) path_attributes_.emplace_back(next().text);
    }
  }

  // The rest of a path whose beginning says nothing: <T as X>::a::b
  void after_path_mark() {
    while (peek().kind == Token::Kind::word) {
      next();
      if (peek().kind != Token::Kind::path) return;
      next();
    }
  }

  void on_word(const Token& token) {
    if (before_last_.is('.')) return;
    if (token.text == "use" && (peek().kind != Token::Kind::mark || peek().is('{'))) return tree({}, token.begin, 0);
    if (token.text == "mod" && peek().kind == Token::Kind::word) return module(token.begin);
    if (token.text == "extern" && peek().is_word("crate")) {
      next();
      if (peek().kind == Token::Kind::word) add(RefKind::rust_use, std::string(next().text), token.begin);
      return;
    }
    expression(token);
  }

  void module(std::size_t begin) {
    const std::string name(next().text);
    if (peek().is(';')) {
      if (path_attributes_.empty()) path_attributes_.emplace_back();
      for (const auto& path : path_attributes_)
        found_.push_back({RefKind::rust_mod, begin, name, inlines() + "\n" + path});
    } else if (peek().is('{')) {
      next();
      inlines_.push_back({name, ++depth_});
    }
    path_attributes_.clear();
  }

  void expression(const Token& first) {
    const bool visibility = before_last_.is_word("in");  // pub(in crate::a)
    std::string path(first.text);
    const bool one = peek().kind != Token::Kind::path;
    while (peek().kind == Token::Kind::path) {
      next();
      if (peek().kind != Token::Kind::word) break;
      path += "::";
      path += next().text;
    }
    if (!one && !visibility) add(RefKind::rust_path, std::move(path), first.begin);
  }

  // A use tree below `prefix`: leaves are added.
  void tree(std::string prefix, std::size_t begin, int depth) {
    if (depth > kDeepest) return;
    if (peek().kind == Token::Kind::path) next();
    const auto place = depth == 0 ? begin : peek().begin;
    for (;;) {
      if (peek().is('{')) {
        next();
        while (peek().kind != Token::Kind::end && !peek().is('}')) {
          tree(prefix, begin, depth + 1);
          if (!peek().is(',')) break;
          next();
        }
        if (peek().is('}')) next();
        return;
      }
      if (peek().is('*')) {
        next();
        return add(RefKind::rust_use, std::move(prefix), place);
      }
      if (peek().kind != Token::Kind::word) return;
      const auto word = next().text;
      if (word != "self" || prefix.empty()) prefix += (prefix.empty() ? "" : "::") + std::string(word);
      if (peek().kind != Token::Kind::path) break;
      next();
    }
    if (peek().is_word("as")) {
      next();
      if (peek().kind == Token::Kind::word) next();
    }
    add(RefKind::rust_use, std::move(prefix), place);
  }

  std::string inlines() const {
    std::string all;
    for (const auto& each : inlines_) all += (all.empty() ? "" : "::") + each.name;
    return all;
  }

  // Only what may lead to another file, and each path once.
  void add(RefKind kind, std::string path, std::size_t begin) {
    const auto first = std::string_view(path).substr(0, path.find("::"));
    if (first.empty() || (first[0] >= 'A' && first[0] <= 'Z')) return;
    if (first == "std" || first == "core" || first == "alloc") return;
    auto context = inlines();
    if (!seen_.insert(context + "\n" + path).second) return;
    found_.push_back({kind, begin, std::move(path), std::move(context)});
  }

  Lexer lexer_;
  FoundList& found_;
  std::optional<Token> ahead_;
  Token last_, before_last_;
  int depth_ = 0;  // of braces
  std::vector<Inline> inlines_;
  std::vector<std::string> path_attributes_;
  std::set<std::string> seen_;
};

}  // namespace

void scan_rust(std::string_view text, FoundList& found) {
  Scanner(text, found).run();
}

}  // namespace pika::invariants
