#include "import/expression.hpp"

#include "pika/base/text.hpp"

namespace pikaci {

namespace {

// nullopt: not known. The grammar's || and && give one of their sides, and an empty word is false.
using Known = std::optional<std::string>;

class Evaluator {
 public:
  Evaluator(std::string_view text, const Names& names, bool shell) : text_(text), names_(names), shell_(shell) {}

  Known run() {
    auto value = any();
    skip();
    return at_ == text_.size() && !broken_ ? value : std::nullopt;
  }

 private:
  static bool truthy(const std::string& value) { return !value.empty() && value != "false" && value != "0"; }
  static std::string word(bool value) { return value ? "true" : "false"; }

  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view token) {
    skip();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  // The other side is read in any case, and counts only where it is needed.
  Known any() {
    auto value = all();
    while (take("||")) {
      auto other = all();
      if (value && !truthy(*value)) value = other;
    }
    return value;
  }
  Known all() {
    auto value = comparison();
    while (take("&&")) {
      auto other = comparison();
      if (value && truthy(*value)) value = other;
    }
    return value;
  }
  Known comparison() {
    auto left = single();
    bool equal = take("=="), unequal = !equal && take("!=");
    if (!equal && !unequal) return left;
    auto right = single();
    if (!left || !right) return std::nullopt;
    return word((pika::lower(*left) == pika::lower(*right)) == equal);  // letters count alike there
  }
  Known single() {
    constexpr int kMostDeep = 50;
    if (++depth_ > kMostDeep) broken_ = true;
    if (broken_) return std::nullopt;
    if (take("!")) {
      auto value = single();
      --depth_;
      return value ? Known(word(!truthy(*value))) : std::nullopt;
    }
    if (take("(")) {
      auto value = any();
      broken_ = broken_ || !take(")");
      --depth_;
      return value;
    }
    --depth_;
    skip();
    if (at_ < text_.size() && text_[at_] == '\'') return literal();
    auto begin = at_;
    while (at_ < text_.size() &&
           (pika::lower(text_.substr(at_, 1)).find_first_of("abcdefghijklmnopqrstuvwxyz0123456789_.-*") == 0))
      ++at_;
    auto name = text_.substr(begin, at_ - begin);
    if (name.empty()) broken_ = true;
    if (take("(")) return call(name);
    return value_of(name);
  }
  Known literal() {
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\'' && (at_ + 1 >= text_.size() || text_[at_ + 1] != '\'')) {
        ++at_;
        return out;
      }
      if (text_[at_] == '\'') ++at_;  // two of them are one
      out += text_[at_];
    }
    broken_ = true;
    return std::nullopt;
  }
  Known call(std::string_view name) {
    if (!take(")")) {
      do any();
      while (take(","));
      broken_ = broken_ || !take(")");
      return std::nullopt;
    }
    if (name == "success" || name == "always") return "true";
    if (name == "failure" || name == "cancelled") return "false";
    return std::nullopt;
  }

  Known value_of(std::string_view name) {
    auto below = [&](std::string_view of) {
      return name.starts_with(of) && name.size() > of.size() ? std::string(name.substr(of.size())) : std::string();
    };
    if (name == "true" || name == "false") return std::string(name);
    if (pika::parse_number<int>(name)) return std::string(name);
    if (auto key = below("matrix."); !key.empty()) {
      // A member that this combination does not have is empty, as it is there.
      auto at = names_.matrix.find(key);
      return at == names_.matrix.end() ? std::string() : at->second;
    }
    if (auto key = below("env."); !key.empty()) {
      auto at = names_.env.find(key);
      if (at != names_.env.end()) return at->second;
      return shell_ ? Known("${" + key + "}") : std::nullopt;
    }
    if (auto key = below("secrets."); !key.empty()) {
      if (key == "GITHUB_TOKEN" || !shell_) return std::nullopt;
      if (names_.secrets) names_.secrets->insert(key);
      return "${" + key + "}";
    }
    if (name == "runner.os") return "Linux";
    if (name == "runner.arch") return "X64";
    if (shell_ && (name == "github.workspace" || name == "runner.workspace")) return "$PIKA_WORKSPACE";
    if (shell_ && name == "runner.temp") return "${TMPDIR:-/tmp}";
    return std::nullopt;
  }

  std::string_view text_;
  const Names& names_;
  bool shell_, broken_ = false;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::optional<std::string> replace_expressions(std::string_view text, const Names& names, bool shell,
                                               std::string& which) {
  std::string out;
  while (!text.empty()) {
    auto begin = text.find("${{");
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) return out;
    auto end = text.find("}}", begin);
    if (end == std::string_view::npos) {
      which = text.substr(begin, 60);
      return std::nullopt;
    }
    auto expression = pika::trim(text.substr(begin + 3, end - begin - 3));
    auto value = Evaluator(expression, names, shell).run();
    if (!value) {
      which = expression.substr(0, 60);
      return std::nullopt;
    }
    out += *value;
    text.remove_prefix(end + 2);
  }
  return out;
}

std::optional<bool> condition(std::string_view text, const Names& names) {
  text = pika::trim(text);
  if (text.starts_with("${{") && text.ends_with("}}") && text.find("${{", 3) == std::string_view::npos)
    text = pika::trim(text.substr(3, text.size() - 5));
  auto value = Evaluator(text, names, false).run();
  if (!value) return std::nullopt;
  return !value->empty() && *value != "false" && *value != "0";
}

}  // namespace pikaci
