// RAII over tree-sitter's C types (tree_sitter/api.h), and a parse with a limit on operations.
#pragma once
#include <tree_sitter/api.h>

#include <memory>
#include <optional>
#include <string_view>

#include "pika/syntax/syntax.hpp"

namespace pika::syntax {

struct TreeDeleter {
  void operator()(TSTree* tree) const { ts_tree_delete(tree); }
};
using Tree = std::unique_ptr<TSTree, TreeDeleter>;

// Null where parse() gives nothing.
Tree make_tree(Language language, std::string_view text);

// A walk in document order without recursion; a tree may be as deep as its text is long.
class Cursor {
 public:
  explicit Cursor(TSNode node) : cursor_(ts_tree_cursor_new(node)) {}
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor() { ts_tree_cursor_delete(&cursor_); }
  TSNode node() const { return ts_tree_cursor_current_node(&cursor_); }
  std::string_view field() const {
    const char* name = ts_tree_cursor_current_field_name(&cursor_);
    return name ? name : "";
  }
  bool child() { return ts_tree_cursor_goto_first_child(&cursor_); }
  bool next() { return ts_tree_cursor_goto_next_sibling(&cursor_); }
  bool parent() { return ts_tree_cursor_goto_parent(&cursor_); }

 private:
  TSTreeCursor cursor_;
};

inline std::string_view type_of(TSNode node) {
  return ts_node_type(node);
}
inline std::string_view text_of(TSNode node, std::string_view text) {
  auto begin = ts_node_start_byte(node), end = ts_node_end_byte(node);
  return begin <= end && end <= text.size() ? text.substr(begin, end - begin) : std::string_view();
}
inline TSNode field_of(TSNode node, std::string_view name) {
  return ts_node_child_by_field_name(node, name.data(), static_cast<std::uint32_t>(name.size()));
}

bool is_comment(std::string_view type);
// Strings of every form, taken as one token whatever is inside.
bool is_string(std::string_view type);
bool is_number(std::string_view type);
bool is_identifier(std::string_view type);

void find_symbols(Language language, TSNode root, std::string_view text, std::vector<Symbol>& out);
void find_tokens(TSNode root, std::string_view text, std::vector<Token>& out);

}  // namespace pika::syntax
