// The small pieces that specs and records are written with: lists and maps of byte strings, words of a set.
#pragma once
#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jerichoci/model.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

pika::json::Array list_to_json(const std::vector<std::string>& list);
pika::json::Object map_to_json(const std::map<std::string, std::string>& map);
// What is no byte string is left out; an absent key is an empty list.
std::vector<std::string> list_from_json(const pika::json::Value& value, std::string_view key);
std::map<std::string, std::string> map_from_json(const pika::json::Value& value, std::string_view key);
std::string text_or_empty(const pika::json::Value& value, std::string_view key);
std::uint64_t count_or_zero(const pika::json::Value& value, std::string_view key);

template <class T>
pika::Result<T> word_from_json(const pika::json::Value& value, std::string_view key,
                               std::optional<T> (*parse)(std::string_view)) {
  auto word = PIKA_TRY(pika::json::get_string(value, key));
  if (auto known = parse(word)) return *known;
  return pika::fail(
      pika::ErrorKind::invalid,
      fmt::format("the field '{}' says {}, a word this version does not know", key, pika::quote_name(word)),
      "a newer version may have written it");
}

}  // namespace jerichoci
