#include "headers.hpp"

#include <doctest/doctest.h>

using namespace pika::explain;

namespace {
std::string shown(pika::syntax::SymbolKind kind, std::string header) {
  pika::syntax::Symbol symbol;
  symbol.kind = kind;
  symbol.header = std::move(header);
  return std::string(shown_header(symbol));
}
}  // namespace

TEST_CASE("a long value is no part of what is shown of a variable; a short one is") {
  using enum pika::syntax::SymbolKind;
  std::string value(80, 'x');
  CHECK(shown(variable, "const int kMost = 6") == "const int kMost = 6");
  CHECK(shown(variable, "export const run: Map<A, B> = " + value) == "export const run: Map<A, B>");
  CHECK(shown(variable, "var addCmd = &cobra.Command{ " + value) == "var addCmd");
  CHECK(shown(variable, "initCmd := func() { " + value) == "initCmd");
  CHECK(shown(field, "optional: <This extends this = this>() => Optional<This> = () => " + value) ==
        "optional: <This extends this = this>() => Optional<This>");
  CHECK(shown(alias, "export type In<T extends Loose, Extra = unknown> = " + value) ==
        "export type In<T extends Loose, Extra = unknown>");
  CHECK(shown(function, "int f(int a = 1, std::string b = \"" + value + "\")") ==
        "int f(int a = 1, std::string b = \"" + value + "\")");
}

TEST_CASE("of two long headers the part around what differs is shown") {
  std::string lead =
      "export function extend<T extends ZodMiniObject, U extends core.LooseShape>( schema: T, shape: U, "
      "and: Many<More, Arguments>, to: Make<It, Long> ): ";
  auto [before, after] = differing_code(lead + "ZodMiniObject<U>", lead + "ZodMiniObject<Writeable<U>>");
  CHECK(before == "`… Long> ): ZodMiniObject<U>`");
  CHECK(after == "`… Long> ): ZodMiniObject<Writeable<U>>`");
  auto [a, b] = differing_code("int f()", "int f(int)");
  CHECK(a == "`int f()`");
  CHECK(b == "`int f(int)`");
}

TEST_CASE("what is declared has no value and nothing of what a constructor does with its arguments") {
  using enum pika::syntax::SymbolKind;
  auto of = [](pika::syntax::SymbolKind kind, std::string header) {
    pika::syntax::Symbol symbol;
    symbol.kind = kind;
    symbol.header = std::move(header);
    return std::string(declared(symbol));
  };
  CHECK(of(variable, "__version__ = 'dev'") == "__version__");
  CHECK(of(alias, "type A<T extends B = C> = T extends D ? E : F") == "type A<T extends B = C>");
  CHECK(of(function, "Reader::Reader(int a) : a_(a), b_(false)") == "Reader::Reader(int a)");
  CHECK(of(function, "int f(int a = 1)") == "int f(int a = 1)");
}
