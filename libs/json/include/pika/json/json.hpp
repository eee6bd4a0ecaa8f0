// JSON (Boost.JSON), the only place that includes it.
//
//   auto v = PIKA_TRY(json::parse(text, "request body"));
//   auto name = PIKA_TRY(json::get_string(v, "name"));        // invalid, naming the field, when absent or no string
//   auto n = json::find_int(v, "limit").value_or(20);          // absent or of another type: nothing
//
// Text that goes out is always valid UTF-8: put byte strings through pika::to_utf8 first.
#pragma once
#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pika/base/result.hpp"

namespace pika::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

// `what` names the text in the error: "request body: line 3, column 7: syntax error". Depth is limited to 64.
Result<Value> parse(std::string_view text, std::string_view what = "JSON");
std::string print(const Value& value);         // one line
std::string print_pretty(const Value& value);  // two spaces, newline at the end

const Value* find(const Value& value, std::string_view key);
std::optional<std::string> find_string(const Value& value, std::string_view key);
std::optional<std::int64_t> find_int(const Value& value, std::string_view key);
std::optional<bool> find_bool(const Value& value, std::string_view key);
const Array* find_array(const Value& value, std::string_view key);
const Object* find_object(const Value& value, std::string_view key);

Result<std::string> get_string(const Value& value, std::string_view key);
Result<std::int64_t> get_int(const Value& value, std::string_view key);

}  // namespace pika::json
