// When two symbols are the same one.
#include "delta_pairs.hpp"

namespace pika::explain {

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

// A type that gets a lifetime is the same type: Buffer<W> and Buffer<'a, W>. A letter in quotes is none.
std::string without_lifetimes(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    auto end = i + 1;
    while (name[i] == '\'' && end < name.size() && is_word(name[end])) ++end;
    if (name[i] != '\'' || end == i + 1 || (end < name.size() && name[end] == '\'')) {
      out += name[i];
      continue;
    }
    while (end < name.size() && (name[end] == ',' || name[end] == ' ')) ++end;
    i = end - 1;
  }
  if (auto empty = out.find("<>"); empty != std::string::npos) out.erase(empty, 2);
  return out;
}

}  // namespace

std::string without_layout(std::string_view header) {
  std::string out;
  for (std::size_t i = 0; i < header.size(); ++i) {
    bool space = header[i] == ' ' || header[i] == '\t' || header[i] == '\n';
    if (!space) {
      out += header[i];
      continue;
    }
    auto next = header.find_first_not_of(" \t\n", i);
    if (next == std::string_view::npos) break;
    if (!out.empty() && is_word(out.back()) && is_word(header[next])) out += ' ';
    i = next - 1;
  }
  return out;
}

bool same_header(const syntax::Symbol& a, const syntax::Symbol& b) {
  return a.header == b.header || without_layout(a.header) == without_layout(b.header);
}

SymbolKey key_of(const syntax::Symbol& s) {
  return {without_lifetimes(without_layout(s.qualified)), s.kind, s.definition};
}

}  // namespace pika::explain
