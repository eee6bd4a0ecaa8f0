#include "model/json_parts.hpp"

#include "pika/base/hash.hpp"

namespace jerichoci {

namespace json = pika::json;

json::Value bytes_to_json(const std::string& bytes) {
  if (pika::is_utf8(bytes)) return json::Value(bytes);
  return json::Object{{"base64", pika::base64_encode(bytes)}};
}

std::optional<std::string> bytes_from_json(const json::Value& value) {
  if (auto* text = value.if_string()) return std::string(text->data(), text->size());
  if (auto coded = json::find_string(value, "base64")) return pika::base64_decode(*coded);
  return std::nullopt;
}

json::Array list_to_json(const std::vector<std::string>& list) {
  json::Array out;
  for (const auto& item : list) out.push_back(bytes_to_json(item));
  return out;
}

json::Object map_to_json(const std::map<std::string, std::string>& map) {
  json::Object out;
  for (const auto& [key, value] : map) out[pika::to_utf8(key)] = bytes_to_json(value);
  return out;
}

std::vector<std::string> list_from_json(const json::Value& value, std::string_view key) {
  std::vector<std::string> out;
  if (auto* list = json::find_array(value, key))
    for (const auto& item : *list)
      if (auto text = bytes_from_json(item)) out.push_back(std::move(*text));
  return out;
}

std::map<std::string, std::string> map_from_json(const json::Value& value, std::string_view key) {
  std::map<std::string, std::string> out;
  if (auto* object = json::find_object(value, key))
    for (const auto& [name, item] : *object)
      if (auto text = bytes_from_json(item)) out[std::string(name)] = std::move(*text);
  return out;
}

std::string text_or_empty(const json::Value& value, std::string_view key) {
  auto* item = json::find(value, key);
  return item ? bytes_from_json(*item).value_or("") : "";
}

std::uint64_t count_or_zero(const json::Value& value, std::string_view key) {
  auto n = json::find_int(value, key);
  return n && *n > 0 ? static_cast<std::uint64_t>(*n) : 0;
}

}  // namespace jerichoci
