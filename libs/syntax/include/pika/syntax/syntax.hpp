// What a source file consists of: its symbols, its tokens and its colours. A thin library around tree-sitter.
//
//   auto language = syntax::language_of("src/run.cpp");
//   if (auto file = syntax::parse(language, bytes)) for (const auto& symbol : file->symbols) ...
//
// Content is hostile bytes: nothing here fails or hangs on it. A parse is limited by size and by the parser's own
// operations, so that the same bytes give the same answer on every host; only text that drives the grammar's error
// recovery to ten times the ordinary cost is given up by CPU time. Every function is safe from any thread. Offsets are
// bytes, lines count from 1.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pika::syntax {

enum class Language { none, c, cpp, python, rust, go, java, javascript, typescript, tsx, bash, json, toml };

// By the path's ending; by the "#!" line where there is none. `none` when it is not known.
Language language_of(std::string_view path, std::string_view content = {});
std::string_view language_name(Language language);  // "C++"; "" for none

enum class SymbolKind { scope, type, function, variable, field, macro, alias };
std::string_view kind_name(SymbolKind kind);  // "namespace", "type", "function", ...

struct Symbol {
  SymbolKind kind = SymbolKind::function;
  std::string name;                   // "run"
  std::string qualified;              // "pika::Engine::run"; "pika.engine.run" where the language joins with dots
  std::string header;                 // on one line, without the body: "int run(const Plan& plan) const"
  std::uint32_t begin = 0, end = 0;   // bytes, with the comments, attributes and decorators that lead it
  std::uint32_t core = 0;             // where the symbol itself begins, with its attributes, after the comments
  int first_line = 0, last_line = 0;  // of begin and end
  int line = 0;                       // of the symbol itself
  int parent = -1;                    // index of the enclosing symbol
  bool definition = true;             // false: only declared (a prototype)
  bool test = false;                  // a test, or inside one
  bool constant = false;              // the language declares it as one (Go, Rust)
};

enum class TokenKind { identifier, word, number, string, comment, other };  // word: keyword, operator, punctuation

struct Token {
  TokenKind kind = TokenKind::other;
  std::uint32_t begin = 0, end = 0;
  int line = 0, last_line = 0;
};

// All bytes but white space are in exactly one token: strings and comments are one each, whatever they hold; what the
// grammar does not know is cut at white space.
struct File {
  Language language = Language::none;
  bool has_errors = false;      // somewhere the grammar did not fit
  std::vector<Symbol> symbols;  // by begin; a parent comes before its children
  std::vector<Token> tokens;    // by begin
};

inline constexpr std::size_t kMostBytes = 1u << 20;

// Nothing when the language is `none`, the text is larger than kMostBytes or holds a NUL, or parsing it took more
// operations than ordinary text of its size takes.
std::optional<File> parse(Language language, std::string_view text);

enum class Paint { keyword, type, function, string, number, comment, constant, property, punctuation };
std::string_view paint_name(Paint paint);  // "keyword": for a class name

struct Span {
  std::uint32_t begin = 0, end = 0;
  Paint paint = Paint::keyword;
};

// Coloured spans by begin, never overlapping; plain text is in none. Spans may cross lines. Empty where parse() gives
// nothing.
std::vector<Span> highlight(Language language, std::string_view text);

}  // namespace pika::syntax
