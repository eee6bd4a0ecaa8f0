#include <algorithm>
#include <array>
#include <vector>

#include "tree.hpp"

namespace pika::syntax {

namespace {

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '#';
  });
}

bool is_constant(std::string_view type) {
  static constexpr std::array<std::string_view, 9> kConstants = {
      "true", "false", "none", "null", "nil", "boolean", "boolean_literal", "null_literal", "undefined"};
  return std::find(kConstants.begin(), kConstants.end(), type) != kConstants.end();
}

bool is_type_word(std::string_view type) {
  return type == "type_identifier" || type == "primitive_type" || type == "sized_type_specifier" ||
         type == "predefined_type" || type == "integral_type" || type == "floating_point_type" ||
         type == "boolean_type" || type == "void_type";
}

// What the nodes above a leaf say about it.
struct Above {
  std::string_view type;   // of the node
  std::string_view field;  // under which the node hangs on its parent
};

// An identifier names a function where it is called or defined: the last word of the called or declared name.
bool names_function(const std::vector<Above>& above, std::string_view field) {
  // Through the forms that qualify a name: a::b, a.b, a->b.
  std::size_t i = above.size();
  std::string_view under = field;
  while (i > 0) {
    auto type = above[i - 1].type;
    bool qualifies = type == "qualified_identifier" || type == "field_expression" || type == "scoped_identifier" ||
                     type == "attribute" || type == "member_expression" || type == "selector_expression" ||
                     type == "template_function";
    if (!qualifies) break;
    if (under != "name" && under != "field" && under != "attribute" && under != "property") return false;
    under = above[i - 1].field;
    --i;
  }
  if (i == 0) return false;
  auto type = above[i - 1].type;
  if (under == "function" && (type == "call_expression" || type == "call")) return true;
  if (under == "name" && (type.starts_with("function_") || type.starts_with("method_") || type == "method_invocation"))
    return true;
  return under == "declarator" && type == "function_declarator";
}

std::optional<Paint> paint_of(TSNode node, std::string_view type, std::string_view text,
                              const std::vector<Above>& above, std::string_view field) {
  if (ts_node_is_named(node)) {
    if (is_comment(type)) return Paint::comment;
    if (is_string(type) || type == "escape_sequence") return Paint::string;
    if (is_number(type)) return Paint::number;
    if (is_constant(type)) return Paint::constant;
    if (is_type_word(type)) return Paint::type;
    if (is_identifier(type)) {
      if (names_function(above, field)) return Paint::function;
      if (type == "field_identifier" || type == "property_identifier" || type == "bare_key") return Paint::property;
      if (type == "namespace_identifier" || type == "package_identifier") return Paint::type;
      return std::nullopt;
    }
    if (type == "this" || type == "self" || type == "super" || type == "auto" || type == "preproc_directive" ||
        type == "mutable_specifier" || type == "storage_class_specifier" || type == "type_qualifier")
      return Paint::keyword;
    return std::nullopt;
  }
  if (is_word(text)) return Paint::keyword;
  return Paint::punctuation;
}

}  // namespace

std::string_view paint_name(Paint paint) {
  static constexpr std::array<std::string_view, 9> kNames = {"keyword", "type",     "function", "string",     "number",
                                                             "comment", "constant", "property", "punctuation"};
  return kNames[static_cast<std::size_t>(paint)];
}

std::vector<Span> highlight(Language language, std::string_view text) {
  std::vector<Span> out;
  auto tree = make_tree(language, text);
  if (!tree) return out;
  Cursor cursor(ts_tree_root_node(tree.get()));
  std::vector<Above> above;
  for (;;) {
    auto node = cursor.node();
    auto type = type_of(node);
    bool whole = ts_node_is_named(node) && (is_comment(type) || is_string(type));
    auto field = cursor.field();
    if (!whole && cursor.child()) {
      above.push_back({type, field});
      continue;
    }
    auto begin = ts_node_start_byte(node),
         end = std::min<std::uint32_t>(ts_node_end_byte(node), static_cast<std::uint32_t>(text.size()));
    if (end > begin && (out.empty() || out.back().end <= begin))
      if (auto paint = paint_of(node, type, text.substr(begin, end - begin), above, field))
        out.push_back({begin, end, *paint});
    while (!cursor.next()) {
      if (!cursor.parent()) return out;
      above.pop_back();
    }
  }
}

}  // namespace pika::syntax
