#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "pika/base/text.hpp"
#include "tree.hpp"

namespace pika::syntax {

namespace {

enum class Form {
  symbol,     // a symbol
  container,  // a symbol whose members are symbols too
  wrapper,    // stands around the symbol it holds: a template, decorators, `export`
  through,    // holds symbols and adds nothing: #ifdef, extern "C", `if` at a module's top
};

struct NodeRule {
  std::string_view type;
  Form form;
  SymbolKind kind;
};

template <std::size_t N>
const NodeRule* find_rule(const std::array<NodeRule, N>& rules, std::string_view type) {
  auto found = std::find_if(rules.begin(), rules.end(), [&](const NodeRule& r) { return r.type == type; });
  return found == rules.end() ? nullptr : &*found;
}

constexpr std::array kCpp = {
    NodeRule{"function_definition", Form::symbol, SymbolKind::function},
    NodeRule{"declaration", Form::symbol, SymbolKind::variable},
    NodeRule{"field_declaration", Form::symbol, SymbolKind::field},
    NodeRule{"class_specifier", Form::container, SymbolKind::type},
    NodeRule{"struct_specifier", Form::container, SymbolKind::type},
    NodeRule{"union_specifier", Form::container, SymbolKind::type},
    NodeRule{"enum_specifier", Form::symbol, SymbolKind::type},
    NodeRule{"namespace_definition", Form::container, SymbolKind::scope},
    NodeRule{"alias_declaration", Form::symbol, SymbolKind::alias},
    NodeRule{"type_definition", Form::symbol, SymbolKind::alias},
    NodeRule{"concept_definition", Form::symbol, SymbolKind::type},
    NodeRule{"preproc_def", Form::symbol, SymbolKind::macro},
    NodeRule{"preproc_function_def", Form::symbol, SymbolKind::macro},
    NodeRule{"template_declaration", Form::wrapper, SymbolKind::type},
    NodeRule{"linkage_specification", Form::through, SymbolKind::scope},
    NodeRule{"declaration_list", Form::through, SymbolKind::scope},
    NodeRule{"labeled_statement", Form::through, SymbolKind::scope},  // public: in what reads as a function
    NodeRule{"preproc_if", Form::through, SymbolKind::scope},
    NodeRule{"preproc_ifdef", Form::through, SymbolKind::scope},
    NodeRule{"preproc_else", Form::through, SymbolKind::scope},
    NodeRule{"preproc_elif", Form::through, SymbolKind::scope},
};

constexpr std::array kPython = {
    NodeRule{"function_definition", Form::symbol, SymbolKind::function},
    NodeRule{"class_definition", Form::container, SymbolKind::type},
    NodeRule{"decorated_definition", Form::wrapper, SymbolKind::function},
    NodeRule{"expression_statement", Form::symbol, SymbolKind::variable},
    NodeRule{"if_statement", Form::through, SymbolKind::scope},
    NodeRule{"else_clause", Form::through, SymbolKind::scope},
    NodeRule{"try_statement", Form::through, SymbolKind::scope},
    NodeRule{"except_clause", Form::through, SymbolKind::scope},
    NodeRule{"block", Form::through, SymbolKind::scope},
};

constexpr std::array kRust = {
    NodeRule{"function_item", Form::symbol, SymbolKind::function},
    NodeRule{"function_signature_item", Form::symbol, SymbolKind::function},
    NodeRule{"struct_item", Form::symbol, SymbolKind::type},
    NodeRule{"enum_item", Form::symbol, SymbolKind::type},
    NodeRule{"union_item", Form::symbol, SymbolKind::type},
    NodeRule{"trait_item", Form::container, SymbolKind::type},
    NodeRule{"impl_item", Form::container, SymbolKind::scope},
    NodeRule{"mod_item", Form::container, SymbolKind::scope},
    NodeRule{"const_item", Form::symbol, SymbolKind::variable},
    NodeRule{"static_item", Form::symbol, SymbolKind::variable},
    NodeRule{"type_item", Form::symbol, SymbolKind::alias},
    NodeRule{"macro_definition", Form::symbol, SymbolKind::macro},
    NodeRule{"foreign_mod_item", Form::through, SymbolKind::scope},
};

constexpr std::array kGo = {
    NodeRule{"function_declaration", Form::symbol, SymbolKind::function},
    NodeRule{"method_declaration", Form::symbol, SymbolKind::function},
    NodeRule{"type_declaration", Form::wrapper, SymbolKind::type},
    NodeRule{"type_spec", Form::symbol, SymbolKind::type},
    NodeRule{"type_alias", Form::symbol, SymbolKind::alias},
    NodeRule{"const_declaration", Form::wrapper, SymbolKind::variable},
    NodeRule{"var_declaration", Form::wrapper, SymbolKind::variable},
    NodeRule{"var_spec_list", Form::through, SymbolKind::variable},
    NodeRule{"const_spec", Form::symbol, SymbolKind::variable},
    NodeRule{"var_spec", Form::symbol, SymbolKind::variable},
};

constexpr std::array kScript = {
    NodeRule{"function_declaration", Form::symbol, SymbolKind::function},
    NodeRule{"generator_function_declaration", Form::symbol, SymbolKind::function},
    NodeRule{"function_signature", Form::symbol, SymbolKind::function},
    NodeRule{"class_declaration", Form::container, SymbolKind::type},
    NodeRule{"abstract_class_declaration", Form::container, SymbolKind::type},
    NodeRule{"method_definition", Form::symbol, SymbolKind::function},
    NodeRule{"field_definition", Form::symbol, SymbolKind::field},
    NodeRule{"public_field_definition", Form::symbol, SymbolKind::field},
    NodeRule{"interface_declaration", Form::symbol, SymbolKind::type},
    NodeRule{"type_alias_declaration", Form::symbol, SymbolKind::alias},
    NodeRule{"enum_declaration", Form::symbol, SymbolKind::type},
    NodeRule{"internal_module", Form::container, SymbolKind::scope},
    NodeRule{"module", Form::container, SymbolKind::scope},
    NodeRule{"export_statement", Form::wrapper, SymbolKind::variable},
    NodeRule{"ambient_declaration", Form::wrapper, SymbolKind::variable},
    NodeRule{"lexical_declaration", Form::wrapper, SymbolKind::variable},
    NodeRule{"variable_declaration", Form::wrapper, SymbolKind::variable},
    NodeRule{"variable_declarator", Form::symbol, SymbolKind::variable},
};

constexpr std::array kJava = {
    NodeRule{"class_declaration", Form::container, SymbolKind::type},
    NodeRule{"interface_declaration", Form::container, SymbolKind::type},
    NodeRule{"enum_declaration", Form::container, SymbolKind::type},
    NodeRule{"enum_body_declarations", Form::through, SymbolKind::type},
    NodeRule{"record_declaration", Form::container, SymbolKind::type},
    NodeRule{"annotation_type_declaration", Form::container, SymbolKind::type},
    NodeRule{"method_declaration", Form::symbol, SymbolKind::function},
    NodeRule{"constructor_declaration", Form::symbol, SymbolKind::function},
    NodeRule{"field_declaration", Form::symbol, SymbolKind::field},
};

constexpr std::array kBash = {
    NodeRule{"function_definition", Form::symbol, SymbolKind::function},
    NodeRule{"variable_assignment", Form::symbol, SymbolKind::variable},
};

constexpr std::array kToml = {
    NodeRule{"table", Form::symbol, SymbolKind::scope},
    NodeRule{"table_array_element", Form::symbol, SymbolKind::scope},
};

const NodeRule* rule_of(Language language, std::string_view type) {
  switch (language) {
    case Language::c:
    case Language::cpp:
      return find_rule(kCpp, type);
    case Language::python:
      return find_rule(kPython, type);
    case Language::rust:
      return find_rule(kRust, type);
    case Language::go:
      return find_rule(kGo, type);
    case Language::javascript:
    case Language::typescript:
    case Language::tsx:
      return find_rule(kScript, type);
    case Language::java:
      return find_rule(kJava, type);
    case Language::bash:
      return find_rule(kBash, type);
    case Language::toml:
      return find_rule(kToml, type);
    case Language::json:
    case Language::none:
      return nullptr;
  }
  return nullptr;
}

// White space as single blanks, at most `limit` bytes.
std::string squeezed(std::string_view text, std::size_t limit = 300) {
  std::string out;
  for (char c : text) {
    bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
    if (!space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
    if (out.size() >= limit) {
      out += "…";
      break;
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

class Finder {
 public:
  Finder(Language language, std::string_view text, std::vector<Symbol>& out)
      : language_(language), text_(text), out_(out) {
    separator_ = language == Language::cpp || language == Language::c || language == Language::rust ? "::" : ".";
  }

  void run(TSNode root) { members(root, "", -1, false, 0); }

 private:
  // What leads a symbol: comments on the lines right above it, attributes.
  struct Lead {
    bool any = false;
    std::uint32_t begin = 0, attributes = 0;
    bool has_attributes = false, test = false;
    std::uint32_t end_row = 0;
  };

  static constexpr int kDeepest = 40;

  static std::uint32_t last_row(TSNode node) {
    auto end = ts_node_end_point(node);
    return end.column == 0 && end.row > ts_node_start_point(node).row ? end.row - 1 : end.row;
  }

  bool own_line(TSNode node) const {
    auto at = ts_node_start_byte(node);
    while (at > 0 && (text_[at - 1] == ' ' || text_[at - 1] == '\t')) --at;
    return at == 0 || text_[at - 1] == '\n';
  }

  void members(TSNode node, const std::string& scope, int parent, bool test, int depth) {
    if (depth > kDeepest) return;
    Cursor cursor(node);
    if (!cursor.child()) return;
    Lead lead;
    do {
      auto child = cursor.node();
      auto type = type_of(child);
      if (!ts_node_is_named(child)) continue;
      bool attribute = type == "attribute_item";
      if (is_comment(type) || attribute) {
        follow(lead, child, attribute);
        continue;
      }
      if (type == "compound_statement" && macro_test(lead, child, parent)) {
        lead = Lead();
        continue;
      }
      if (const auto* rule = rule_of(language_, type)) {
        if (lead.any && ts_node_start_point(child).row > lead.end_row + 1) lead = Lead();
        visit(child, child, *rule, scope, parent, test, lead, depth);
      }
      lead = Lead();
      pending_ = type == "expression_statement" ? child : TSNode{};
    } while (cursor.next());
  }

  // TEST_CASE("words") { ... } is to the grammar a call without its semicolon, and a block.
  bool macro_test(const Lead& lead, TSNode block, int parent) {
    if (language_ != Language::cpp || lead.any || !pending_.id) return false;
    auto call = std::exchange(pending_, TSNode{});
    auto words = text_of(call, text_);
    if (!names_test(words) && !words.starts_with("SCENARIO")) return false;
    if (ts_node_end_point(call).row + 1 < ts_node_start_point(block).row) return false;
    Symbol symbol = make(call, call, block, true, lead);
    symbol.name = symbol.qualified = squeezed(words, 160);
    symbol.end = ts_node_end_byte(block);
    symbol.last_line = static_cast<int>(last_row(block)) + 1;
    symbol.parent = parent;
    symbol.test = true;
    out_.push_back(std::move(symbol));
    return true;
  }

  void follow(Lead& lead, TSNode node, bool attribute) const {
    if (!attribute && !own_line(node)) return;  // a comment after something else's code
    auto begin = ts_node_start_byte(node);
    if (!lead.any || ts_node_start_point(node).row > lead.end_row + 1) lead = Lead{.any = true, .begin = begin};
    lead.end_row = last_row(node);
    if (!attribute) return;
    if (!lead.has_attributes) lead.attributes = begin;
    lead.has_attributes = true;
    auto words = text_of(node, text_);
    if (words == "#[test]" || words == "#[cfg(test)]" || words.ends_with("::test]")) lead.test = true;
  }

  bool doubtful(TSNode node, TSNode body, std::string_view name, SymbolKind kind) const {
    if (ts_node_has_error(node)) {
      Cursor cursor(node);
      if (cursor.child()) do {
          auto child = cursor.node();
          if (!ts_node_is_null(body) && ts_node_eq(child, body)) continue;
          if (ts_node_has_error(child) || ts_node_is_error(child) || ts_node_is_missing(child)) return true;
        } while (cursor.next());
    }
    if (language_ != Language::cpp && language_ != Language::c) return false;
    static constexpr std::array<std::string_view, 12> kWords = {
        "namespace", "class", "struct", "enum", "union", "template", "if", "for", "while", "return", "switch", "else"};
    if (std::find(kWords.begin(), kWords.end(), name) != kWords.end()) return true;
    // END_NAMESPACE before a declaration reads as one of its own.
    return kind == SymbolKind::variable &&
           (name.ends_with("NAMESPACE") || name.ends_with("_BEGIN") || name.ends_with("_END"));
  }

  // `outer` is the node with its wrappers.
  void visit(TSNode node, TSNode outer, const NodeRule& rule, const std::string& scope, int parent, bool test,
             const Lead& lead, int depth) {
    switch (rule.form) {
      case Form::through:
        return members(node, scope, parent, test, depth + 1);
      case Form::wrapper:
        return unwrap(node, outer, scope, parent, test, lead, depth);
      case Form::symbol:
      case Form::container:
        break;
    }
    auto kind = rule.kind;
    bool definition = true;
    auto name = name_of(node, kind, definition);
    auto body = body_of(node);
    // What a declaration defines in passing: `struct { … } x;`, or a type of its own inside of another one.
    auto inner = ts_node_is_null(body) ? inner_body(node) : TSNode{};
    bool nested = inner.id && ts_node_is_null(field_of(node, "declarator"));
    if (nested) body = std::exchange(inner, TSNode{});
    bool has_body = !ts_node_is_null(body);
    // A macro before `namespace` makes a function of that name of it, to the grammar.
    if (name == "namespace" && has_body) return members(body, scope, parent, test, depth + 1);
    // Where the grammar did not fit, a name would be a guess.
    bool exported = exported_class(node);  // its bases are what the grammar could not fit
    if (exported)
      kind = SymbolKind::type, name = exported_name(node);
    else if (doubtful(node, body, name, kind))
      name.clear();
    bool anonymous = name.empty();
    if (anonymous && rule.form != Form::container && !nested) return;
    int self = parent;
    bool is_test = test || lead.test || names_test(name);
    auto qualified = anonymous ? scope : scope.empty() ? name : scope + std::string(separator_) + name;
    bool bare_type = kind == SymbolKind::type && (language_ == Language::cpp || language_ == Language::c) && !has_body;
    if (bare_type) definition = false;
    if (!anonymous) {
      self = static_cast<int>(out_.size());
      out_.push_back(make(outer, node, body, has_body, lead));
      auto& symbol = out_.back();
      if (inner.id) symbol.header = header_around(outer, inner);
      symbol.kind = kind;
      symbol.name = last_part(name);
      symbol.constant = rule.type == "const_spec" || rule.type == "const_item";
      symbol.qualified = qualified;
      symbol.parent = parent;
      symbol.definition = definition;
      symbol.test = is_test;
    }
    if ((rule.form == Form::container || nested || exported) && has_body)
      members(body, qualified, self, is_test, depth + 1);
  }

  void unwrap(TSNode node, TSNode outer, const std::string& scope, int parent, bool test, const Lead& lead, int depth) {
    if (depth > kDeepest) return;
    std::uint32_t inner = 0;
    Cursor count(node);
    std::vector<TSNode> held;
    if (count.child()) do {
        if (ts_node_is_named(count.node()) && rule_of(language_, type_of(count.node())))
          held.push_back(count.node()), ++inner;
      } while (count.next());
    for (auto child : held) {
      const auto* rule = rule_of(language_, type_of(child));
      // Where one statement holds several, each stands for itself.
      visit(child, inner == 1 ? outer : child, *rule, scope, parent, test, inner == 1 ? lead : Lead(), depth + 1);
    }
  }

  // Behind the last joint that stands in no brackets: of `Maker<std::variant<T>>` all of it.
  std::string last_part(const std::string& name) const {
    int depth = 0;
    auto end = std::min(name.find("operator"), name.size());
    for (auto i = end; i-- > 0;) {
      if (name[i] == '>') ++depth;
      if (name[i] == '<') --depth;
      if (depth == 0 && i + separator_.size() <= name.size() && name.substr(i, separator_.size()) == separator_)
        return name.substr(i + separator_.size());
    }
    return name;
  }

  Symbol make(TSNode outer, TSNode node, TSNode body, bool has_body, const Lead& lead) const {
    Symbol symbol;
    auto begin = ts_node_start_byte(outer), end = ts_node_end_byte(outer);
    symbol.core = lead.has_attributes ? lead.attributes : begin;
    symbol.begin = lead.any ? lead.begin : symbol.core;
    symbol.end = end;
    while (symbol.end > begin && (text_[symbol.end - 1] == '\n' || text_[symbol.end - 1] == '\r')) --symbol.end;
    symbol.line = static_cast<int>(ts_node_start_point(outer).row) + 1;
    auto above = text_.substr(symbol.begin, begin - symbol.begin);
    symbol.first_line = symbol.line - static_cast<int>(std::count(above.begin(), above.end(), '\n'));
    symbol.last_line = static_cast<int>(last_row(outer)) + 1;
    auto until = has_body ? ts_node_start_byte(body) : symbol.end;
    for (auto around : {outer, node}) until = std::min(until, first_comment(around, symbol.end));
    symbol.header = header_of(text_.substr(begin, until > begin ? until - begin : 0));
    return symbol;
  }

  // Where a comment begins that stands in the middle of a declaration, as after the colon of Python's `def`.
  static std::uint32_t first_comment(TSNode node, std::uint32_t end) {
    Cursor cursor(node);
    if (cursor.child()) do {
        if (is_comment(type_of(cursor.node())) && ts_node_start_byte(cursor.node()) > ts_node_start_byte(node))
          return ts_node_start_byte(cursor.node());
      } while (cursor.next());
    return end;
  }

  static std::string header_of(std::string_view text) {
    auto header = squeezed(text, 1200);
    while (!header.empty() &&
           (header.back() == '{' || header.back() == ':' || header.back() == ';' || header.back() == ' '))
      header.pop_back();
    return header;
  }

  // `typedef struct Point {…} Point`: what the members are is no part of how it is declared.
  std::string header_around(TSNode outer, TSNode body) const {
    auto from = ts_node_start_byte(outer), open = ts_node_start_byte(body), close = ts_node_end_byte(body);
    return header_of(std::string(text_.substr(from, open - from)) + "{…}" +
                     std::string(text_.substr(close, ts_node_end_byte(outer) - close)));
  }

  // `class EXPORT Name : Base { … }`: to the grammar, which knows no macros, a function that gives a class EXPORT.
  bool exported_class(TSNode node) const {
    if (language_ != Language::cpp || type_of(node) != "function_definition") return false;
    auto type = field_of(node, "type"), declarator = field_of(node, "declarator");
    return !ts_node_is_null(type) && !ts_node_is_null(declarator) && ts_node_is_null(body_of(type)) &&
           (type_of(type) == "class_specifier" || type_of(type) == "struct_specifier") &&
           (type_of(declarator) == "identifier" || type_of(declarator) == "template_function" ||
            type_of(declarator) == "qualified_identifier");
  }

  // Where bases follow, the grammar leaves the name over, and takes the last of them for the function's.
  std::string exported_name(TSNode node) const {
    Cursor cursor(node);
    if (cursor.child()) do {
        auto child = cursor.node();
        if (!ts_node_is_error(child) || ts_node_named_child_count(child) == 0) continue;
        auto first = ts_node_named_child(child, 0);
        if (type_of(first) == "identifier" || type_of(first) == "type_identifier") return compact(first);
      } while (cursor.next());
    return compact(field_of(node, "declarator"));
  }

  // The members of the type that a declaration of C or C++ spells out.
  TSNode inner_body(TSNode node) const {
    if (language_ != Language::cpp && language_ != Language::c) return {};
    auto type = field_of(node, "type");
    if (ts_node_is_null(type) || !type_of(type).ends_with("_specifier")) return {};
    auto body = body_of(type);
    return ts_node_is_null(body) ? TSNode{} : body;
  }

  static TSNode body_of(TSNode node) { return field_of(node, "body"); }

  bool names_test(std::string_view name) const {
    bool title = name.starts_with("Test") && name.size() > 4 && name[4] >= 'A' && name[4] <= 'Z';
    switch (language_) {
      case Language::c:
      case Language::cpp:
        return name.starts_with("TEST") || name.starts_with("BENCHMARK");
      case Language::python:
        return name.starts_with("test_") || title;
      case Language::go:
        return title || name.starts_with("Benchmark");
      case Language::rust:
        return name == "tests";
      case Language::none:
      case Language::java:
      case Language::javascript:
      case Language::typescript:
      case Language::tsx:
      case Language::bash:
      case Language::json:
      case Language::toml:
        return false;
    }
    return false;
  }

  // ---- names ----

  std::string name_of(TSNode node, SymbolKind& kind, bool& definition) {
    auto type = type_of(node);
    if (language_ == Language::cpp || language_ == Language::c) return cpp_name(node, type, kind, definition);
    if (language_ == Language::python && type == "expression_statement") return python_variable(node);
    if (language_ == Language::toml) return toml_name(node);
    if (type == "variable_declarator" && brings_in(node)) return {};
    if (type == "impl_item") return impl_name(node);
    if (type == "method_declaration" && language_ == Language::go) return go_method(node);
    if (type == "function_signature_item" || type == "function_signature") definition = false;
    if (type == "field_declaration" && language_ == Language::java) {
      auto declarator = field_of(node, "declarator");
      return ts_node_is_null(declarator) ? "" : short_name(field_of(declarator, "name"));
    }
    auto name = short_name(field_of(node, "name"));
    if (name.empty()) name = short_name(field_of(node, "property"));
    return name;
  }

  // `const x = require("y")` imports; `const { a, b } = x` is no name but several.
  bool brings_in(TSNode node) const {
    auto name = field_of(node, "name"), value = field_of(node, "value");
    if (!ts_node_is_null(name) && type_of(name) != "identifier") return true;
    return !ts_node_is_null(value) && text_of(value, text_).starts_with("require(");
  }

  std::string short_name(TSNode node) const {
    if (ts_node_is_null(node)) return {};
    auto name = squeezed(text_of(node, text_), 120);
    return name;
  }

  // A declarator holds the name inside pointers, references, arrays, parameter lists and initialisers.
  std::string cpp_name(TSNode node, std::string_view type, SymbolKind& kind, bool& definition) {
    if (type == "preproc_def" || type == "preproc_function_def" || type == "namespace_definition" ||
        type == "alias_declaration" || type == "concept_definition" || type.ends_with("_specifier"))
      return compact(field_of(node, "name"));
    auto declarator = field_of(node, "declarator");
    if (ts_node_is_null(declarator)) return nested_type(node, kind);
    bool function = false;
    for (int i = 0; i < kDeepest && !ts_node_is_null(declarator); ++i) {
      auto t = type_of(declarator);
      if (t == "function_declarator") {
        auto inner = field_of(declarator, "declarator");
        // int (*f)(int) is a variable.
        function = ts_node_is_null(inner) || type_of(inner) != "parenthesized_declarator";
      }
      auto inner = field_of(declarator, "declarator");
      if (ts_node_is_null(inner) && (t == "reference_declarator" || t == "parenthesized_declarator") &&
          ts_node_named_child_count(declarator) > 0)
        inner = ts_node_named_child(declarator, 0);
      if (ts_node_is_null(inner)) break;
      declarator = inner;
    }
    auto name = compact(declarator);
    if (type == "function_definition") {
      if (names_test(name)) return test_case(node, name);
      return name;
    }
    if (function && type != "type_definition") kind = SymbolKind::function, definition = false;
    return name;
  }

  // struct { ... } x; and `struct X { ... };` where the grammar makes a declaration of it.
  std::string nested_type(TSNode node, SymbolKind& kind) const {
    auto type = field_of(node, "type");
    if (ts_node_is_null(type) || !type_of(type).ends_with("_specifier")) return {};
    kind = SymbolKind::type;
    return compact(field_of(type, "name"));
  }

  // TEST(Suite, name) { ... } is one of many of its macro's name.
  std::string test_case(TSNode node, const std::string& name) const {
    auto parameters = field_of(field_of(node, "declarator"), "parameters");
    return ts_node_is_null(parameters) ? name : name + squeezed(text_of(parameters, text_), 100);
  }

  std::string compact(TSNode node) const {
    if (ts_node_is_null(node)) return {};
    std::string out;
    for (char c : text_of(node, text_).substr(0, 200))
      if (c != ' ' && c != '\n' && c != '\t' && c != '\r') out += c;
    return out;
  }

  std::string python_variable(TSNode node) const {
    if (ts_node_named_child_count(node) != 1) return {};
    auto assignment = ts_node_named_child(node, 0);
    if (type_of(assignment) != "assignment") return {};
    auto left = field_of(assignment, "left");
    return ts_node_is_null(left) || type_of(left) != "identifier" ? "" : short_name(left);
  }

  std::string toml_name(TSNode node) const {
    return ts_node_named_child_count(node) == 0 ? "" : short_name(ts_node_named_child(node, 0));
  }

  std::string impl_name(TSNode node) const { return compact(field_of(node, "type")); }

  std::string go_method(TSNode node) const {
    auto receiver = field_of(node, "receiver");
    std::string type;
    if (!ts_node_is_null(receiver) && ts_node_named_child_count(receiver) > 0) {
      auto t = field_of(ts_node_named_child(receiver, 0), "type");
      if (!ts_node_is_null(t)) type = compact(t);
      if (type.starts_with("*")) type.erase(0, 1);
    }
    auto name = short_name(field_of(node, "name"));
    return type.empty() ? name : type + "." + name;
  }

  Language language_;
  std::string_view text_;
  std::vector<Symbol>& out_;
  std::string_view separator_;
  TSNode pending_{};  // the statement before, which may be the head of a macro's test
};

}  // namespace

std::string_view kind_name(SymbolKind kind) {
  static constexpr std::array<std::string_view, 7> kNames = {"scope", "type",  "function", "variable",
                                                             "field", "macro", "alias"};
  return kNames[static_cast<std::size_t>(kind)];
}

void find_symbols(Language language, TSNode root, std::string_view text, std::vector<Symbol>& out) {
  Finder(language, text, out).run(root);
}

}  // namespace pika::syntax
