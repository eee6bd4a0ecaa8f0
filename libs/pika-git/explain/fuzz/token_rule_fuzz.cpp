// The first byte chooses a language, the rest is a text before and one after, parted by a NUL. Where the layout rule
// holds, both have the same characters but for white space and for the marks of line comments: an oracle that knows
// nothing of tokens.
#include "token_rule.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using pika::syntax::Language;

constexpr Language kLanguages[] = {Language::cpp, Language::rust,   Language::java,       Language::go,
                                   Language::c,   Language::python, Language::javascript, Language::typescript};

std::string bare(std::string_view text) {
  std::string out;
  for (char c : text)
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v' && c != '/') out += c;
  return out;
}

int lines(std::string_view text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n')) + (text.empty() || text.back() != '\n');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 20'000) return 0;
  auto language = kLanguages[data[0] % std::size(kLanguages)];
  std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto cut = all.find('\0');
  if (cut == std::string_view::npos) return 0;
  auto before = pika::explain::make_side(language, std::string(all.substr(0, cut)));
  auto after = pika::explain::make_side(language, std::string(all.substr(cut + 1)));
  if (!before.file || !after.file) return 0;
  auto rule = pika::explain::token_rule(before, 1, lines(before.text), after, 1, lines(after.text), language, {});
  if (!rule.empty() && bare(before.text) != bare(after.text)) std::abort();
  return 0;
}
