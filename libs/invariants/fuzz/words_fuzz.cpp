// Any text, any CODEOWNERS and any bytes as what was kept between runs. "\xff" parts a word from the text.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "pika/invariants/owners.hpp"
#include "pika/invariants/print.hpp"
#include "pika/invariants/tree.hpp"

using namespace pika::invariants;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto cut = all.find('\xff');
  const std::string word(all.substr(0, cut == all.npos ? 0 : cut));
  const auto text = all.substr(cut == all.npos ? 0 : cut + 1);
  for (const auto& mention : find_mentions(text, {word, "forge"}))
    if (mention.line == 0 || mention.column == 0 || mention.word > 1 || mention.column > text.size()) std::abort();
  const auto owners = Owners::parse(text);
  for (auto path : {"a", "a/b/c.js", "docs/x"})
    if (const auto* line = owners.of(path); line && line->line == 0) std::abort();
  for (char c : printable(text))
    if (static_cast<unsigned char>(c) < 0x20) std::abort();
  return 0;
}
