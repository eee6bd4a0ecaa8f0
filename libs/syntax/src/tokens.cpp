#include <algorithm>
#include <array>

#include "tree.hpp"

namespace pika::syntax {

namespace {

template <std::size_t N>
bool in(std::string_view type, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), type) != names.end();
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// Collects tokens in order and sees to it that no byte is lost between them.
class Collector {
 public:
  Collector(std::string_view text, std::vector<Token>& out) : text_(text), out_(out) {}

  void add(TokenKind kind, std::uint32_t begin, std::uint32_t end) {
    begin = std::max(begin, at_);  // a grammar's nodes never overlap; this holds it
    if (end <= begin) return;
    gap(begin);
    put(kind, begin, end);
  }

  void finish() { gap(static_cast<std::uint32_t>(text_.size())); }

 private:
  void gap(std::uint32_t until) {
    while (at_ < until) {
      if (is_space(text_[at_])) {
        line_ += text_[at_++] == '\n';
        continue;
      }
      auto end = at_;
      while (end < until && !is_space(text_[end])) ++end;
      put(TokenKind::other, at_, end);
    }
  }

  void put(TokenKind kind, std::uint32_t begin, std::uint32_t end) {
    // White space at a node's ends (a preprocessor line's newline) belongs to no token.
    while (begin < end && is_space(text_[begin])) line_ += text_[begin++] == '\n';
    auto last = end;
    while (last > begin && is_space(text_[last - 1])) --last;
    Token token{kind, begin, last, line_, line_};
    for (auto i = begin; i < last; ++i) line_ += text_[i] == '\n';
    token.last_line = line_;
    for (auto i = last; i < end; ++i) line_ += text_[i] == '\n';
    if (last > begin) out_.push_back(token);
    at_ = end;
  }

  std::string_view text_;
  std::vector<Token>& out_;
  std::uint32_t at_ = 0;
  int line_ = 1;
};

TokenKind kind_of(TSNode node, std::string_view type) {
  if (!ts_node_is_named(node)) return TokenKind::word;
  // Names of properties can be run-time keys: a rename must not touch them unseen.
  if (type.contains("property_identifier")) return TokenKind::word;
  if (is_identifier(type)) return TokenKind::identifier;
  if (is_number(type)) return TokenKind::number;
  // Named leaves such as `this`, `true`, `primitive_type`, `visibility_modifier`; raw text such as preproc_arg.
  if (type == "preproc_arg" || type == "word" || type == "jsx_text" || type == "ERROR") return TokenKind::other;
  return TokenKind::word;
}

}  // namespace

bool is_comment(std::string_view type) {
  return type == "comment" || type == "line_comment" || type == "block_comment";
}

bool is_string(std::string_view type) {
  static constexpr std::array<std::string_view, 17> kStrings = {
      "string_literal",  "raw_string_literal",   "char_literal",      "character_literal", "system_lib_string",
      "string",          "raw_string",           "template_string",   "rune_literal",      "interpreted_string_literal",
      "regex",           "ansi_c_string",        "translated_string", "heredoc_body",      "text_block",
      "string_fragment", "template_literal_type"};
  return in(type, kStrings);
}

bool is_number(std::string_view type) {
  static constexpr std::array<std::string_view, 14> kNumbers = {"number",
                                                                "number_literal",
                                                                "integer",
                                                                "float",
                                                                "integer_literal",
                                                                "float_literal",
                                                                "int_literal",
                                                                "imaginary_literal",
                                                                "decimal_integer_literal",
                                                                "hex_integer_literal",
                                                                "octal_integer_literal",
                                                                "binary_integer_literal",
                                                                "decimal_floating_point_literal",
                                                                "hex_floating_point_literal"};
  return in(type, kNumbers);
}

bool is_identifier(std::string_view type) {
  return type.ends_with("identifier") || type == "shorthand_property_identifier_pattern" || type == "variable_name" ||
         type == "bare_key";
}

void find_tokens(TSNode root, std::string_view text, std::vector<Token>& out) {
  Collector collector(text, out);
  Cursor cursor(root);
  for (;;) {
    auto node = cursor.node();
    auto type = type_of(node);
    bool named = ts_node_is_named(node);
    bool whole = named && (is_comment(type) || is_string(type));
    if (whole || ts_node_child_count(node) == 0) {
      auto kind = !whole ? kind_of(node, type) : is_comment(type) ? TokenKind::comment : TokenKind::string;
      if (!ts_node_is_missing(node)) collector.add(kind, ts_node_start_byte(node), ts_node_end_byte(node));
    } else if (cursor.child()) {
      continue;
    }
    while (!cursor.next())
      if (!cursor.parent()) return collector.finish();
  }
}

}  // namespace pika::syntax
