// JSON that another program wrote, every field checked: what is missing, of another type, or not known is an error
// that names it.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

// An object with exactly these fields and "schema_version": 1.
pika::Status check_fields(const pika::json::Value& value, std::string_view what,
                          std::initializer_list<std::string_view> required,
                          std::initializer_list<std::string_view> optional = {});
pika::Result<std::string> strict_string(const pika::json::Value& value, std::string_view key, std::string_view what);
pika::Result<bool> strict_bool(const pika::json::Value& value, std::string_view key, std::string_view what);
pika::Result<std::vector<std::string>> strict_list(const pika::json::Value& value, std::string_view key,
                                                   std::string_view what);
pika::Result<pika::json::Array> strict_array(const pika::json::Value& value, std::string_view key,
                                             std::string_view what);
// As check_fields, of an object inside another one.
pika::Status check_part(const pika::json::Value& value, std::string_view what,
                        std::initializer_list<std::string_view> required);

}  // namespace jerichoci
