#include "prepared/strict_json.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "jerichoci/model.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

namespace json = pika::json;
using pika::ErrorKind;
using pika::fail;

namespace {

pika::Status check_names(const json::Value& value, std::string_view what, const std::vector<std::string_view>& required,
                         const std::vector<std::string_view>& optional) {
  auto* object = value.if_object();
  if (!object) return fail(ErrorKind::invalid, fmt::format("{} is no object", what));
  for (auto name : required)
    if (!object->contains(name)) return fail(ErrorKind::invalid, fmt::format("{} has no field '{}'", what, name));
  auto among = [](const std::vector<std::string_view>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const auto& [key, item] : *object) {
    std::string_view name(key.data(), key.size());
    if (!among(required, name) && !among(optional, name))
      return fail(ErrorKind::invalid,
                  fmt::format("{} has the field {}, which this version does not know", what, pika::quote_name(name)));
  }
  return {};
}

auto wrong_type(std::string_view what, std::string_view key, std::string_view type) {
  return fail(ErrorKind::invalid, fmt::format("{}: the field '{}' is no {}", what, key, type));
}

}  // namespace

pika::Status check_fields(const json::Value& value, std::string_view what,
                          std::initializer_list<std::string_view> required,
                          std::initializer_list<std::string_view> optional) {
  // The version first: of another one the fields are others.
  if (auto version = json::find_int(value, "schema_version"); version && *version != 1)
    return fail(ErrorKind::invalid, fmt::format("{} has schema_version {}; this version reads 1", what, *version),
                "use the same version on both sides");
  std::vector<std::string_view> names(required);
  names.emplace_back("schema_version");
  PIKA_TRY(check_names(value, what, names, optional));
  if (!json::find_int(value, "schema_version")) return wrong_type(what, "schema_version", "number");
  return {};
}

pika::Status check_part(const json::Value& value, std::string_view what,
                        std::initializer_list<std::string_view> required) {
  return check_names(value, what, required, {});
}

pika::Result<std::string> strict_string(const json::Value& value, std::string_view key, std::string_view what) {
  auto* item = json::find(value, key);
  auto text = item ? bytes_from_json(*item) : std::nullopt;
  if (!text) return wrong_type(what, key, "string");
  if (text->find('\0') != std::string::npos)
    return fail(ErrorKind::invalid, fmt::format("{}: the field '{}' holds a NUL byte", what, key));
  return *text;
}

pika::Result<bool> strict_bool(const json::Value& value, std::string_view key, std::string_view what) {
  if (auto out = json::find_bool(value, key)) return *out;
  return wrong_type(what, key, "truth value");
}

pika::Result<json::Array> strict_array(const json::Value& value, std::string_view key, std::string_view what) {
  if (auto* out = json::find_array(value, key)) return *out;
  return wrong_type(what, key, "list");
}

pika::Result<std::vector<std::string>> strict_list(const json::Value& value, std::string_view key,
                                                   std::string_view what) {
  std::vector<std::string> out;
  auto list = PIKA_TRY(strict_array(value, key, what));
  for (const auto& item : list) {
    auto text = bytes_from_json(item);
    if (!text) return wrong_type(what, key, "list of strings");
    out.push_back(std::move(*text));
  }
  return out;
}

}  // namespace jerichoci
