#include "import/expression.hpp"

#include <vector>

#include "import/script.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

namespace {

// nullopt: not known. The grammar's || and && give one of their sides, and an empty word is false.
using Known = std::optional<std::string>;

// Of which something is known, and not the word itself.
const std::string kEvent =
                      "\x01"
                      "event",
                  kRef =
                      "\x01"
                      "ref",
                  kRepository =
                      "\x01"
                      "repository";
bool partly(const std::string& value) {
  return value.starts_with('\x01');
}

class Evaluator {
 public:
  Evaluator(std::string_view text, const Names& names, bool shell) : text_(text), names_(names), shell_(shell) {}

  Known run() {
    auto value = any();
    skip();
    return at_ == text_.size() && !broken_ && !(value && partly(*value)) ? value : std::nullopt;
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
    if (partly(*left) || partly(*right)) {
      auto same = partly(*left) ? is(*left, *right) : is(*right, *left);
      return same ? Known(word(*same == equal)) : std::nullopt;
    }
    return word((pika::lower(*left) == pika::lower(*right)) == equal);  // letters count alike there
  }
  // Whether what is known in part is this word.
  std::optional<bool> is(const std::string& what, const std::string& other) const {
    if (partly(other)) return std::nullopt;
    if (what == kRepository) return true;
    if (what == kRef) return pika::lower(other).starts_with("refs/tags/") ? std::optional(false) : std::nullopt;
    if (names_.events.empty()) return std::nullopt;
    if (!names_.events.contains(pika::lower(other))) return false;
    return names_.events.size() == 1 ? std::optional(true) : std::nullopt;
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
    std::vector<Known> words;
    if (!take(")")) {
      do words.push_back(any());
      while (take(","));
      broken_ = broken_ || !take(")");
    }
    auto function = pika::lower(name);
    if (words.empty()) {
      if (function == "success" || function == "always") return "true";
      if (function == "failure" || function == "cancelled") return "false";
      return std::nullopt;
    }
    if (words.size() != 2 || !words[0] || !words[1] || partly(*words[1])) return std::nullopt;
    auto text = pika::lower(*words[0]), part = pika::lower(*words[1]);
    if (*words[0] == kRef && function == "startswith" && part.starts_with("refs/tags")) return "false";
    if (partly(text)) return std::nullopt;
    if (function == "startswith") return word(text.starts_with(part));
    if (function == "endswith") return word(text.ends_with(part));
    if (function == "contains") return word(text.find(part) != std::string::npos);
    return std::nullopt;
  }

  Known value_of(std::string_view name) {
    auto below = [&](std::string_view of) {
      return name.starts_with(of) && name.size() > of.size() ? std::string(name.substr(of.size())) : std::string();
    };
    if (name == "true" || name == "false") return std::string(name);
    if (pika::parse_number<int>(name)) return std::string(name);
    if (auto key = below("matrix."); !key.empty()) {
      auto at = names_.matrix.find(key);
      if (at != names_.matrix.end()) return at->second;
      auto inner = names_.matrix.lower_bound(key + ".");
      if (inner != names_.matrix.end() && inner->first.starts_with(key + ".")) return std::nullopt;  // no word
      return std::string();  // a member that this combination does not have is empty, as it is there
    }
    if (auto key = below("env."); !key.empty()) {
      bool at_run = names_.all_at_run || names_.at_run.contains(key);
      auto at = names_.env.find(key);
      if (at_run && !shell_) return std::nullopt;
      if (!at_run && at != names_.env.end()) return at->second;
      return shell_ ? Known("${" + key + "}") : std::nullopt;
    }
    if (auto key = below("secrets."); !key.empty()) {
      if (key == "GITHUB_TOKEN" || !shell_) return std::nullopt;
      if (names_.secrets) names_.secrets->insert(key);
      return "${" + key + "}";
    }
    for (std::string_view of : {"inputs.", "github.event.inputs."})
      if (auto key = below(of); !key.empty()) {
        auto at = names_.inputs.find(key);
        return at == names_.inputs.end() ? std::string() : at->second;  // nobody was asked
      }
    if (!shell_) {
      if (name == "github.event_name") return kEvent;
      if (name == "github.ref") return kRef;
      if (name == "github.ref_type") return "branch";
      if (name == "github.repository" || name == "github.repository_owner") return kRepository;
      if (name == "github.actor") return std::string();  // no bot, above all
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
    if (!value || (shell && value->starts_with('$') && in_single_quotes(out))) {
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
