#include "init/toml_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"

namespace pikaci {

std::string in_toml(std::string_view text) {
  bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
  if (plain && text.find_first_of("\"\\") == std::string_view::npos) return fmt::format("\"{}\"", text);
  if (plain && text.find('\'') == std::string_view::npos) return fmt::format("'{}'", text);
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string toml_list(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + in_toml(word);
  return "[" + out + "]";
}

std::string lines_in_toml(std::string_view text) {
  bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 ? c != 0x7f : c == '\n' || c == '\t';
  });
  if (text.find('\n') == std::string_view::npos || !plain || text.find("'''") != std::string_view::npos ||
      text.ends_with('\''))
    return in_toml(text);
  return fmt::format("'''\n{}'''", text);
}

std::string id_part(std::string_view text) {
  std::string out;
  for (char c : pika::lower(text)) {
    bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (good)
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  while (out.ends_with('-')) out.pop_back();
  if (out.size() > 60) out.resize(60);
  while (out.ends_with('-')) out.pop_back();
  return out;
}

}  // namespace pikaci
