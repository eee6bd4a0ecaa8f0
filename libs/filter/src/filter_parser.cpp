// From the text of a filter to alternatives of tokens: read, expand the braces, put the stars together.
#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"
#include "pika/filter/filter.hpp"

namespace pika {

namespace {
constexpr std::size_t kMaxPattern = 1024;
constexpr std::size_t kMaxAlternatives = 256;
constexpr std::size_t kMaxTokens = 8192;  // of all alternatives: with the path's length the cost of a match
constexpr int kMaxBraceDepth = 8;
}  // namespace

class FilterParser {
 public:
  explicit FilterParser(std::string_view pattern) : pattern_(pattern) {}

  Result<Filter> parse() {
    filter_.text_ = std::string(pattern_);
    text_ = pattern_;
    if (text_.starts_with('!')) {
      filter_.takes_out_ = true;
      text_.remove_prefix(1);
    }
    PIKA_TRY(check_shape());
    auto alternatives = PIKA_TRY(sequence(0));
    if (at_ < text_.size()) return wrong("has a '}' without a '{'", "write '\\}' when the name has one");
    std::size_t total = 0;
    for (const auto& tokens : alternatives) total += tokens.size();
    if (total > kMaxTokens) return wrong("stands for too many long patterns", "make it several filters");
    for (auto& tokens : alternatives) {
      if (tokens.empty()) return wrong("has an empty alternative");
      finish(std::move(tokens));
    }
    return std::move(filter_);
  }

 private:
  using Kind = Filter::Kind;
  using Token = Filter::Token;
  using Tokens = std::vector<Token>;

  std::unexpected<Error> wrong(std::string_view what, std::string_view advice = {}) const {
    constexpr std::size_t kShown = 80;
    auto shown = pattern_.size() > kShown ? quote_name(pattern_.substr(0, kShown)) + "…" : quote_name(pattern_);
    return fail(ErrorKind::invalid, fmt::format("the filter '{}' {}", shown, what), std::string(advice));
  }

  // What could never match a path of a tree is refused, since a lane that silently never runs is the worst outcome.
  Status check_shape() const {
    if (text_.empty()) return wrong("is empty", "write '**' for every path");
    if (text_.size() > kMaxPattern) return wrong(fmt::format("is longer than {} bytes", kMaxPattern));
    constexpr std::string_view kFromRoot = "filters begin at the root of the repository: leave the beginning away";
    if (text_.starts_with('/')) return wrong("begins with '/', and no path does", kFromRoot);
    if (text_.starts_with("./")) return wrong("begins with './', and no path does", kFromRoot);
    for (auto part : split(text_, '/'))
      if (part == "..") return wrong("has a part '..', and no path has", kFromRoot);
    if (text_.find("//") != std::string_view::npos) return wrong("has '//', and no path has", "write one '/'");
    if (text_.find("/./") != std::string_view::npos || text_.ends_with("/."))
      return wrong("has a part '.', and no path has", "leave it away");
    return {};
  }

  // Up to the end, or to the ',' or '}' that ends an alternative of the enclosing braces.
  Result<std::vector<Tokens>> sequence(int depth) {
    std::vector<Tokens> found(1);
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '}' || (c == ',' && depth > 0)) break;
      if (c == '{') {
        auto inner = PIKA_TRY(braces(depth));
        if (found.size() * inner.size() > kMaxAlternatives)
          return wrong(fmt::format("stands for more than {} patterns", kMaxAlternatives), "make it several filters");
        std::vector<Tokens> product;
        for (const auto& head : found)
          for (const auto& tail : inner) {
            product.push_back(head);
            product.back().insert(product.back().end(), tail.begin(), tail.end());
          }
        found = std::move(product);
        continue;
      }
      auto token = PIKA_TRY(single());
      for (auto& tokens : found) tokens.push_back(token);
    }
    return found;
  }

  Result<std::vector<Tokens>> braces(int depth) {
    if (depth >= kMaxBraceDepth) return wrong(fmt::format("has braces more than {} deep", kMaxBraceDepth));
    std::vector<Tokens> found;
    do {
      ++at_;  // the '{' or ','
      auto part = PIKA_TRY(sequence(depth + 1));
      found.insert(found.end(), part.begin(), part.end());
      if (found.size() > kMaxAlternatives)
        return wrong(fmt::format("stands for more than {} patterns", kMaxAlternatives), "make it several filters");
      if (at_ >= text_.size()) return wrong("has a '{' without a '}'", "write '\\{' when the name has one");
    } while (text_[at_] == ',');
    ++at_;
    return found;
  }

  Result<Token> single() {
    char c = text_[at_++];
    if (c == '*') return Token{.kind = Kind::run};
    if (c == '?') return Token{.kind = Kind::any};
    if (c == '[') return of_class();
    if (c == '\\') return Token{.kind = Kind::byte, .byte = PIKA_TRY(escaped())};
    return Token{.kind = Kind::byte, .byte = static_cast<unsigned char>(c)};
  }

  Result<unsigned char> escaped() {
    if (at_ >= text_.size()) return wrong("ends in '\\'", "write '\\\\' for a backslash");
    return static_cast<unsigned char>(text_[at_++]);
  }

  // After the '['. A ']' that comes first stands for itself, as does a '-' at either end.
  Result<Token> of_class() {
    std::bitset<256> bytes;
    bool inverted = at_ < text_.size() && (text_[at_] == '!' || text_[at_] == '^');
    if (inverted) ++at_;
    for (bool first = true;; first = false) {
      if (at_ >= text_.size()) return wrong("has a '[' without a ']'", "write '\\[' when the name has one");
      if (text_[at_] == ']' && !first) break;
      auto from = PIKA_TRY(class_byte());
      auto to = from;
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        to = PIKA_TRY(class_byte());
        if (to < from) return wrong("has a range that runs backwards", "write it as [a-z]");
      }
      for (unsigned b = from; b <= to; ++b) bytes.set(b);
    }
    ++at_;
    if (inverted) bytes.flip();
    bytes.reset('/');
    if (bytes.none()) return wrong("has a '[...]' that matches nothing");
    filter_.classes_.push_back(bytes);
    return Token{.kind = Kind::of_class, .of_class = static_cast<std::uint16_t>(filter_.classes_.size() - 1)};
  }

  Result<unsigned char> class_byte() {
    char c = text_[at_++];
    if (c == '\\') return escaped();
    return static_cast<unsigned char>(c);
  }

  // "**" and "**/" become one token each, a '/' at the end means everything below, plain bytes at the front a prefix.
  void finish(Tokens tokens) {
    if (tokens.back().kind == Kind::byte && tokens.back().byte == '/')
      tokens.insert(tokens.end(), 2, {.kind = Kind::run});
    Tokens joined;
    for (const auto& token : tokens) {
      auto* last = joined.empty() ? nullptr : &joined.back();
      bool after_run = last && (last->kind == Kind::run || last->kind == Kind::deep_run);
      if (token.kind == Kind::run && after_run)
        last->kind = Kind::deep_run;
      else if (token.kind == Kind::byte && token.byte == '/' && last && last->kind == Kind::deep_run)
        last->kind = Kind::deep_folders;
      else
        joined.push_back(token);
    }
    Filter::Alternative alternative;
    auto plain = std::find_if(joined.begin(), joined.end(), [](const Token& t) { return t.kind != Kind::byte; });
    for (auto token = joined.begin(); token != plain; ++token) alternative.prefix += static_cast<char>(token->byte);
    alternative.rest.assign(plain, joined.end());
    filter_.alternatives_.push_back(std::move(alternative));
  }

  std::string_view pattern_, text_;
  std::size_t at_ = 0;
  Filter filter_;
};

Result<Filter> Filter::parse(std::string_view pattern) {
  return FilterParser(pattern).parse();
}

}  // namespace pika
