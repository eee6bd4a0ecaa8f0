// Reading and writing the fields of wire types, with errors that name message and field.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/text.hpp"
#include "pika/json/json.hpp"

namespace pika::forge_model {

// JSON text is UTF-8; what comes from outside may not be.
inline json::Value text_value(std::string_view bytes) {
  return json::Value(boost::json::string(to_utf8(bytes)));
}

inline json::Array strings_value(const std::vector<std::string>& values) {
  json::Array array;
  for (const auto& v : values) array.push_back(text_value(v));
  return array;
}

inline std::unexpected<Error> wrong_field(std::string_view owner, std::string_view field, std::string_view why) {
  return fail(ErrorKind::invalid, std::string(owner) + ": field '" + std::string(field) + "' " + std::string(why));
}

// A number of things or bytes: absent means 0, anything but an integer >= 0 is an error.
inline Result<std::uint64_t> read_count(const json::Value& v, std::string_view owner, std::string_view field) {
  const auto* found = json::find(v, field);
  if (!found || found->is_null()) return std::uint64_t{0};
  const auto n = json::find_int(v, field);
  if (!n || *n < 0) return wrong_field(owner, field, "must be an integer that is not negative");
  return static_cast<std::uint64_t>(*n);
}

inline std::string read_text(const json::Value& v, std::string_view field) {
  return json::find_string(v, field).value_or("");
}

inline bool read_flag(const json::Value& v, std::string_view field) {
  return json::find_bool(v, field).value_or(false);
}

inline std::vector<std::string> read_strings(const json::Value& v, std::string_view field) {
  std::vector<std::string> out;
  if (const auto* array = json::find_array(v, field))
    for (const auto& item : *array)
      if (item.is_string()) out.emplace_back(std::string_view(item.get_string()));
  return out;
}

}  // namespace pika::forge_model
