// #include lines of C, C++ and Objective-C, outside of comments, strings and raw strings.
#include <array>

#include "scan/scanner.hpp"

namespace pika::invariants {
namespace {

class Scanner {
 public:
  Scanner(std::string_view text, FoundList& found) : text_(text), found_(found) {}

  void run() {
    while (at_ < text_.size()) {
      while (at_ < text_.size() && !kStops[static_cast<unsigned char>(text_[at_])]) ++at_;
      if (at_ >= text_.size()) return;
      switch (text_[at_]) {
        case '\n':
          clean_ = ++at_;
          break;
        case '/':
          comment();
          break;
        case '"':
          quoted();
          break;
        case '\'':
          character();
          break;
        case '#':
          directive();
          break;
        default:
          ++at_;
      }
    }
  }

 private:
  static constexpr auto kStops = [] {
    std::array<bool, 256> stops{};
    for (unsigned char c : {'\n', '/', '"', '\'', '#'}) stops[c] = true;
    return stops;
  }();

  // Nothing but blanks and comments stand before `at_` on its line.
  bool first_on_line() const {
    for (auto i = clean_; i < at_; ++i)
      if (!is_blank(text_[i])) return false;
    return true;
  }

  void comment() {
    const bool first = first_on_line();
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (next == '/') {
      do at_ = end_of_line(text_, at_ + 1);
      while (at_ < text_.size() && continued(at_));
    } else if (next == '*') {
      auto end = text_.find("*/", at_ + 2);
      at_ = end == text_.npos ? text_.size() : end + 2;
      if (first) clean_ = at_;
    } else {
      ++at_;
    }
  }

  // A backslash takes the newline at `newline` away.
  bool continued(std::size_t newline) const {
    auto i = newline;
    if (i > 0 && text_[i - 1] == '\r') --i;
    return i > 0 && text_[i - 1] == '\\';
  }

  void quoted() {
    if (raw()) return;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return;
      }
      if (text_[at_] == '\n') return;  // never closed
      if (text_[at_] == '\\') ++at_;
    }
  }

  // R"name( ... )name", with its prefixes.
  bool raw() {
    if (at_ == 0 || text_[at_ - 1] != 'R') return false;
    auto word = at_ - 1;
    while (word > 0 && is_word(text_[word - 1])) --word;
    const auto prefix = text_.substr(word, at_ - word);
    if (prefix != "R" && prefix != "u8R" && prefix != "uR" && prefix != "UR" && prefix != "LR") return false;
    const auto open = text_.find_first_of("(\n\")\\ ", at_ + 1);
    if (open == text_.npos || text_[open] != '(' || open - at_ > 17) return false;
    const auto close = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
    const auto end = text_.find(close, open + 1);
    at_ = end == text_.npos ? text_.size() : end + close.size();
    return true;
  }

  // A character, or the separator in 1'000.
  void character() {
    auto word = at_;
    while (word > clean_ && (is_word(text_[word - 1]) || text_[word - 1] == '\'')) --word;
    if (word < at_ && is_digit(text_[word]) && at_ + 1 < text_.size() && is_word(text_[at_ + 1])) {
      ++at_;
      return;
    }
    const auto end = after_quoted(text_, at_);
    at_ = end == text_.npos ? at_ + 1 : end;
  }

  std::size_t skip_blanks(std::size_t i) const {
    while (i < text_.size()) {
      if (is_blank(text_[i])) {
        ++i;
      } else if (text_.substr(i).starts_with("\\\n")) {
        i += 2;
      } else if (text_.substr(i).starts_with("/*")) {
        const auto end = text_.find("*/", i + 2);
        if (end == text_.npos) return text_.size();
        i = end + 2;
      } else {
        break;
      }
    }
    return i;
  }

  void directive() {
    const auto hash = at_++;
    if (!(clean_ <= hash && [&] {
          at_ = hash;
          const bool first = first_on_line();
          at_ = hash + 1;
          return first;
        }()))
      return;
    auto i = skip_blanks(hash + 1);
    auto end = i;
    while (end < text_.size() && is_word(text_[end])) ++end;
    const auto name = text_.substr(i, end - i);
    at_ = end > at_ ? end : at_;
    if (name != "include" && name != "include_next" && name != "import") return;
    i = skip_blanks(end);
    if (i >= text_.size() || (text_[i] != '"' && text_[i] != '<')) return;
    const char close = text_[i] == '<' ? '>' : '"';
    const auto last = text_.find_first_of(close == '>' ? ">\n" : "\"\n", i + 1);
    if (last == text_.npos || text_[last] == '\n' || last == i + 1) return;
    found_.push_back({close == '>' ? RefKind::include_angled : RefKind::include_quoted,
                      hash,
                      std::string(text_.substr(i + 1, last - i - 1)),
                      {}});
    at_ = last + 1;
  }

  std::string_view text_;
  FoundList& found_;
  std::size_t at_ = 0;
  std::size_t clean_ = 0;  // up to here nothing of the line is code
};

}  // namespace

void scan_c(std::string_view text, FoundList& found) {
  Scanner(text, found).run();
}

}  // namespace pika::invariants
