// import and from statements of Python, wherever a statement may begin.
#include "scan/scanner.hpp"

namespace pika::invariants {
namespace {

class Scanner {
 public:
  Scanner(std::string_view text, FoundList& found) : text_(text), found_(found) {}

  void run() {
    bool begins = true;  // a statement
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (is_blank(c)) {
        ++at_;
      } else if (c == '\n') {
        ++at_;
        begins = begins || depth_ == 0;
      } else if (c == '\\') {
        at_ += text_.substr(at_).starts_with("\\\r\n") ? 3 : 2;
      } else if (c == '#') {
        at_ = end_of_line(text_, at_);
      } else if (c == '"' || c == '\'') {
        string();
        begins = false;
      } else if (is_word_start(c)) {
        const auto from = at_;
        const auto word = read_word();
        if (begins && word == "import")
          import(from);
        else if (begins && word == "from")
          import_from(from);
        begins = false;
      } else if (is_digit(c)) {
        read_word();
        begins = false;
      } else {
        if (c == '(' || c == '[' || c == '{') ++depth_;
        if ((c == ')' || c == ']' || c == '}') && depth_ > 0) --depth_;
        begins = depth_ == 0 && (c == ';' || c == ':');
        ++at_;
      }
    }
  }

 private:
  std::string_view read_word() {
    const auto from = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }

  // Also with a prefix before it, which was read as a word. In a raw string too a backslash keeps a quote from closing.
  void string() {
    const auto quote = text_.substr(at_, 1);
    if (text_.substr(at_, 3) == std::string(3, quote[0])) {
      const std::string close(3, quote[0]);
      for (at_ += 3; at_ < text_.size(); ++at_) {
        if (text_[at_] == '\\') {
          ++at_;
        } else if (text_[at_] == quote[0] && text_.substr(at_, 3) == close) {
          at_ += 3;
          return;
        }
      }
      return;
    }
    for (++at_; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      if (text_[at_] == quote[0]) {
        ++at_;
        return;
      }
      if (text_[at_] == '\\') ++at_;
    }
  }

  void skip(bool in_parentheses) {
    while (at_ < text_.size()) {
      if (is_blank(text_[at_]) || (in_parentheses && text_[at_] == '\n'))
        ++at_;
      else if (text_.substr(at_).starts_with("\\\n"))
        at_ += 2;
      else if (text_.substr(at_).starts_with("\\\r\n"))
        at_ += 3;
      else if (in_parentheses && text_[at_] == '#')
        at_ = end_of_line(text_, at_);
      else
        return;
    }
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // "a.b.c", blanks left out; empty when there is none.
  std::string dotted() {
    std::string name;
    for (;;) {
      skip(false);
      const auto word = at_ < text_.size() && is_word_start(text_[at_]) ? read_word() : std::string_view();
      if (word.empty()) return name;
      name += word;
      const auto before = at_;
      skip(false);
      if (!take('.')) {
        at_ = before;
        return name;
      }
      name += '.';
    }
  }

  // " as name"
  void alias(bool in_parentheses) {
    skip(in_parentheses);
    if (text_.substr(at_).starts_with("as") && at_ + 2 < text_.size() && !is_word(text_[at_ + 2])) {
      at_ += 2;
      skip(in_parentheses);
      read_word();
      skip(in_parentheses);
    }
  }

  void import(std::size_t from) {
    do {
      auto name = dotted();
      if (name.empty()) return;
      if (name.ends_with('.')) name.pop_back();
      found_.push_back({RefKind::python_import, from, std::move(name), {}});
      alias(false);
    } while (take(','));
  }

  void import_from(std::size_t from) {
    std::string module;
    skip(false);
    while (take('.')) {
      module += '.';
      skip(false);
    }
    // "from . import x": the word import is no module.
    if (const auto before = at_; module.empty() || read_word() != "import") {
      at_ = before;
      module += dotted();
      skip(false);
      if (read_word() != "import") return;
    }
    if (module.empty()) return;
    skip(false);
    const bool in_parentheses = take('(');
    do {
      skip(in_parentheses);
      const auto place = at_;
      std::string name(take('*') ? "*" : read_word());
      if (name.empty()) break;
      found_.push_back({RefKind::python_from, in_parentheses ? place : from, module, std::move(name)});
      alias(in_parentheses);
    } while (take(','));
    if (in_parentheses) take(')');
  }

  std::string_view text_;
  FoundList& found_;
  std::size_t at_ = 0;
  int depth_ = 0;  // of brackets
};

}  // namespace

void scan_python(std::string_view text, FoundList& found) {
  Scanner(text, found).run();
}

}  // namespace pika::invariants
