// One path filter, compiled: the only matcher there is. The language is described in docs/catalogue.md.
//
//   auto filter = PIKA_TRY(Filter::parse("libs/**/*.{cpp,hpp}"));
//   if (filter.matches("libs/base/src/fd.cpp")) ...
//
// Matching takes time proportional to (length of the filter) x (length of the path), whatever the filter is.
#pragma once
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/result.hpp"

namespace pika {

class Filter {
 public:
  // invalid: malformed, or a pattern that could never match (a leading '/').
  static Result<Filter> parse(std::string_view pattern);
  // Of the pattern alone: a leading '!' is not looked at.
  bool matches(std::string_view path) const;
  bool takes_out() const { return takes_out_; }  // begins with '!'
  const std::string& text() const { return text_; }

  // Literal bytes that every path has that one alternative matches: at its beginning, at its end, and at the beginning
  // of its last segment. Empty: nothing is known.
  struct Hint {
    std::string prefix, suffix, name_prefix;
  };
  std::vector<Hint> hints() const;

 private:
  enum class Kind : std::uint8_t { byte, any, of_class, run, deep_run, deep_folders };
  struct Token {
    Kind kind = Kind::byte;
    unsigned char byte = 0;
    std::uint16_t of_class = 0;  // index in classes_
  };
  // One of the patterns that braces stand for: literal bytes, then tokens.
  struct Alternative {
    std::string prefix;
    std::vector<Token> rest;
  };
  friend class FilterParser;
  bool matches(const Alternative& alternative, std::string_view path) const;

  std::string text_;
  bool takes_out_ = false;
  std::vector<std::bitset<256>> classes_;
  std::vector<Alternative> alternatives_;
};

// A lane's filters in order: the last one that matches a path decides.
class FilterList {
 public:
  static Result<FilterList> parse(const std::vector<std::string>& patterns);
  // The filter that chooses this path; nullptr when none does or a '!' filter takes it out.
  const Filter* choosing(std::string_view path) const;
  const std::vector<Filter>& filters() const { return filters_; }

 private:
  std::vector<Filter> filters_;
};

}  // namespace pika
