// The import declarations of a Go file, which come before all others.
#include "scan/scanner.hpp"

namespace pika::invariants {
namespace {

class Scanner {
 public:
  Scanner(std::string_view text, FoundList& found) : text_(text), found_(found) {}

  void run() {
    if (word() != "package") return;
    word();
    for (;;) {
      skip(";");
      if (word() != "import") return;
      skip("");
      if (at_ < text_.size() && text_[at_] == '(') {
        ++at_;
        do skip(";");
        while (spec());
        if (at_ < text_.size() && text_[at_] == ')') ++at_;
      } else if (!spec()) {
        return;
      }
    }
  }

 private:
  // White space, comments and the bytes of `also`.
  void skip(std::string_view also) {
    while (at_ < text_.size()) {
      if (is_blank(text_[at_]) || text_[at_] == '\n' || also.find(text_[at_]) != also.npos) {
        ++at_;
      } else if (text_.substr(at_).starts_with("//")) {
        at_ = end_of_line(text_, at_);
      } else if (text_.substr(at_).starts_with("/*")) {
        const auto end = text_.find("*/", at_ + 2);
        at_ = end == text_.npos ? text_.size() : end + 2;
      } else {
        return;
      }
    }
  }

  std::string_view word() {
    if (at_ == 0 && text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    skip("");
    const auto from = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }

  // [name] "path"
  bool spec() {
    skip("");
    const auto from = at_;
    if (at_ < text_.size() && text_[at_] == '.')
      ++at_;
    else
      word();
    skip("");
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '`')) return false;
    const auto end = text_.find_first_of(text_[at_] == '"' ? "\"\n" : "`\n", at_ + 1);
    if (end == text_.npos || text_[end] == '\n') return false;
    found_.push_back({RefKind::go_import, from, std::string(text_.substr(at_ + 1, end - at_ - 1)), {}});
    at_ = end + 1;
    return true;
  }

  std::string_view text_;
  FoundList& found_;
  std::size_t at_ = 0;
};

}  // namespace

void scan_go(std::string_view text, FoundList& found) {
  Scanner(text, found).run();
}

// module, require and replace, alone or in parentheses: https://go.dev/ref/mod#go-mod-file
void scan_go_mod(std::string_view text, FoundList& found) {
  std::string block;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = end_of_line(text, begin);
    auto line = text.substr(begin, end - begin);
    line = line.substr(0, line.find("//"));
    std::vector<std::string_view> words;
    for (std::size_t i = 0; i < line.size();) {
      while (i < line.size() && is_blank(line[i])) ++i;
      const auto from = i;
      while (i < line.size() && !is_blank(line[i])) ++i;
      auto word = line.substr(from, i - from);
      if (word.size() > 1 && (word[0] == '"' || word[0] == '`') && word.back() == word[0])
        word = word.substr(1, word.size() - 2);
      if (!word.empty()) words.push_back(word);
    }
    if (words.size() == 2 && words[1] == "(") {
      block = words[0];
    } else if (words.size() == 1 && words[0] == ")") {
      block.clear();
    } else if (!words.empty()) {
      std::string_view verb = block;
      if (verb.empty()) {
        verb = words[0];
        words.erase(words.begin());
      }
      const auto offset = begin + line.find_first_not_of(" \t");
      if (verb == "module" && !words.empty())
        found.push_back({RefKind::go_module, offset, std::string(words[0]), {}});
      else if (verb == "require" && !words.empty())
        found.push_back({RefKind::go_require, offset, std::string(words[0]), {}});
      else if (verb == "replace")
        for (std::size_t i = 1; i + 1 < words.size(); ++i)
          if (words[i] == "=>")
            found.push_back({RefKind::go_replace, offset, std::string(words[0]), std::string(words[i + 1])});
    }
    begin = end + 1;
  }
}

}  // namespace pika::invariants
