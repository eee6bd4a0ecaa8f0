#include "pika/json/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pika::json {

Result<Value> parse(std::string_view text, std::string_view what) {
  boost::json::stream_parser parser({}, {.max_depth = 64});
  boost::system::error_code error;
  auto used = parser.write_some(text.data(), text.size(), error);
  if (!error && used < text.size()) {
    auto rest = text.substr(used);
    if (rest.find_first_not_of(" \t\r\n") != std::string_view::npos)
      error = boost::json::make_error_code(boost::json::error::extra_data);
  }
  if (!error) parser.finish(error);
  if (error) {
    auto seen = text.substr(0, std::min(used, text.size()));
    auto line = 1 + std::count(seen.begin(), seen.end(), '\n');
    auto last = seen.rfind('\n');
    auto column = seen.size() - (last == std::string_view::npos ? 0 : last + 1) + 1;
    return fail(ErrorKind::invalid, fmt::format("{}: line {}, column {}: {}", what, line, column, error.message()));
  }
  return parser.release();
}

std::string print(const Value& value) {
  return boost::json::serialize(value);
}

namespace {
void pretty(std::string& out, const Value& value, std::size_t depth) {
  auto indent = [&](std::size_t d) { out.append(d * 2, ' '); };
  if (auto* object = value.if_object(); object && !object->empty()) {
    out += "{\n";
    std::size_t i = 0;
    for (const auto& [key, item] : *object) {
      indent(depth + 1);
      out += boost::json::serialize(boost::json::string(key));
      out += ": ";
      pretty(out, item, depth + 1);
      out += ++i < object->size() ? ",\n" : "\n";
    }
    indent(depth);
    out += "}";
  } else if (auto* array = value.if_array(); array && !array->empty()) {
    out += "[\n";
    std::size_t i = 0;
    for (const auto& item : *array) {
      indent(depth + 1);
      pretty(out, item, depth + 1);
      out += ++i < array->size() ? ",\n" : "\n";
    }
    indent(depth);
    out += "]";
  } else {
    out += boost::json::serialize(value);
  }
}
}  // namespace

std::string print_pretty(const Value& value) {
  std::string out;
  pretty(out, value, 0);
  return out + "\n";
}

const Value* find(const Value& value, std::string_view key) {
  auto* object = value.if_object();
  return object ? object->if_contains(key) : nullptr;
}

std::optional<std::string> find_string(const Value& value, std::string_view key) {
  auto* item = find(value, key);
  auto* text = item ? item->if_string() : nullptr;
  if (!text) return std::nullopt;
  return std::string(text->data(), text->size());
}

std::optional<std::int64_t> find_int(const Value& value, std::string_view key) {
  auto* item = find(value, key);
  if (!item) return std::nullopt;
  if (auto* n = item->if_int64()) return *n;
  if (auto* n = item->if_uint64(); n && *n <= INT64_MAX) return static_cast<std::int64_t>(*n);
  return std::nullopt;
}

std::optional<bool> find_bool(const Value& value, std::string_view key) {
  auto* item = find(value, key);
  auto* flag = item ? item->if_bool() : nullptr;
  if (!flag) return std::nullopt;
  return *flag;
}

const Array* find_array(const Value& value, std::string_view key) {
  auto* item = find(value, key);
  return item ? item->if_array() : nullptr;
}

const Object* find_object(const Value& value, std::string_view key) {
  auto* item = find(value, key);
  return item ? item->if_object() : nullptr;
}

Result<std::string> get_string(const Value& value, std::string_view key) {
  if (auto text = find_string(value, key)) return *text;
  return fail(ErrorKind::invalid, fmt::format("the field '{}' is missing or not a string", key));
}

Result<std::int64_t> get_int(const Value& value, std::string_view key) {
  if (auto n = find_int(value, key)) return *n;
  return fail(ErrorKind::invalid, fmt::format("the field '{}' is missing or not a whole number", key));
}

}  // namespace pika::json
