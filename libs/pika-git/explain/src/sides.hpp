// Both sides of a changed file as text, symbols and tokens.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pika/syntax/syntax.hpp"

namespace pika::explain {

struct Side {
  std::string text;
  std::optional<syntax::File> file;   // nothing: no such language, too large, or given up
  std::vector<std::uint32_t> starts;  // where each line begins
  bool markup = false;                // JavaScript with tags: white space between them is content

  std::string_view text_of(const syntax::Token& token) const {
    return std::string_view(text).substr(token.begin, token.end - token.begin);
  }
  std::string_view text_of(const syntax::Symbol& symbol) const {
    return std::string_view(text).substr(symbol.core, symbol.end - symbol.core);
  }
  std::string_view line(int number) const;  // without its end; empty where there is none
  // The tokens that begin on lines first..last; none where there is no file.
  std::span<const syntax::Token> tokens(int first, int last) const;
  std::span<const syntax::Token> tokens(const syntax::Symbol& symbol) const;  // from core to end
  // A token that begins before the range reaches into it, or one that begins in it reaches beyond.
  bool cuts_token(int first, int last) const;
  // The outermost symbol around a line that is not a mere scope; nullptr: none.
  const syntax::Symbol* top_symbol(int line) const;
  bool in_test(int line) const;  // inside a symbol that is a test
};

Side make_side(syntax::Language language, std::string text);

}  // namespace pika::explain
