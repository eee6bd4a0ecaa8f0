// package.json and tsconfig.json. A small reader of its own, because the library's keeps no places; it takes the
// comments and trailing commas that tsconfig.json may have.
#include <functional>
#include <initializer_list>
#include <optional>
#include <utility>

#include "scan/scanner.hpp"

namespace pika::invariants {
namespace {

constexpr std::size_t kDeepest = 64;

// Calls `each` for every string value, with the keys that lead to it; an item of an array has its array's keys.
class StringWalk {
 public:
  using Keys = std::vector<std::string>;
  using Each = std::function<void(const Keys& keys, std::string value, std::size_t offset)>;
  StringWalk(std::string_view text, Each each) : text_(text), each_(std::move(each)) {}
  void run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    value(0);
  }

 private:
  void skip() {
    while (at_ < text_.size()) {
      if (is_blank(text_[at_]) || text_[at_] == '\n') {
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
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // Escapes of one byte are undone; \u stays as it is, no name that leads to a file has one.
  std::string string() {
    std::string value;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != 'u') ++at_;
      value += text_[at_];
    }
    ++at_;
    return value;
  }

  bool value(std::size_t depth) {
    skip();
    if (at_ >= text_.size() || depth > kDeepest) return false;
    const char c = text_[at_];
    if (c == '"') {
      const auto offset = key_ ? *std::exchange(key_, std::nullopt) : at_;
      each_(keys_, string(), offset);
      return true;
    }
    if (c == '{') return object(depth);
    if (c == '[') {
      ++at_;
      key_.reset();
      while (!take(']'))
        if (!value(depth + 1) || (!take(',') && (skip(), at_ >= text_.size() || text_[at_] != ']'))) return false;
      return true;
    }
    const auto from = at_;
    while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '-' || text_[at_] == '+' || text_[at_] == '.'))
      ++at_;
    key_.reset();
    return at_ > from;
  }

  bool object(std::size_t depth) {
    ++at_;
    while (!take('}')) {
      skip();
      if (at_ >= text_.size() || text_[at_] != '"') return false;
      const auto place = at_;
      keys_.push_back(string());
      if (!take(':')) return false;
      key_ = place;
      if (!value(depth + 1)) return false;
      keys_.pop_back();
      if (!take(',') && (skip(), at_ >= text_.size() || text_[at_] != '}')) return false;
    }
    return true;
  }

  std::string_view text_;
  Each each_;
  std::size_t at_ = 0;
  Keys keys_;
  std::optional<std::size_t> key_;  // where the key of the coming value stands
};

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  for (auto each : words)
    if (each == word) return true;
  return false;
}

}  // namespace

// https://docs.npmjs.com/cli/configuring-npm/package-json and https://nodejs.org/api/packages.html
void scan_npm(std::string_view text, FoundList& found) {
  StringWalk(text, [&](const auto& keys, std::string value, std::size_t offset) {
    if (keys.empty()) return;
    const auto& top = keys[0];
    if (keys.size() == 1 && top == "name") {
      found.push_back({RefKind::npm_name, offset, std::move(value), {}});
    } else if (keys.size() == 1 && is_one_of(top, {"source", "types", "typings", "module", "main"})) {
      found.push_back({RefKind::npm_entry, offset, std::move(value), "."});
    } else if (top == "exports" || top == "imports") {
      const bool named = keys.size() > 1 && !keys[1].empty() && (keys[1][0] == '.' || keys[1][0] == '#');
      found.push_back({RefKind::npm_entry, offset, std::move(value), named ? keys[1] : "."});
    } else if (keys.size() == 2 &&
               is_one_of(top, {"dependencies", "devDependencies", "peerDependencies", "optionalDependencies"})) {
      found.push_back({RefKind::npm_dependency, offset, keys[1], std::move(value)});
    }
  }).run();
}

// https://www.typescriptlang.org/tsconfig
void scan_tsconfig(std::string_view text, FoundList& found) {
  StringWalk(text, [&](const auto& keys, std::string value, std::size_t offset) {
    if (keys.size() == 1 && keys[0] == "extends")
      found.push_back({RefKind::ts_extends, offset, std::move(value), {}});
    else if (keys.size() == 2 && keys[0] == "references" && keys[1] == "path")
      found.push_back({RefKind::ts_project, offset, std::move(value), {}});
    else if (keys.size() == 2 && keys[0] == "compilerOptions" && keys[1] == "baseUrl")
      found.push_back({RefKind::ts_base, offset, std::move(value), {}});
    else if (keys.size() == 3 && keys[0] == "compilerOptions" && keys[1] == "paths")
      found.push_back({RefKind::ts_path, offset, std::move(value), keys[2]});
  }).run();
}

}  // namespace pika::invariants
