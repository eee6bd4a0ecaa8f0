// The target of a request line, taken apart: path segments and query fields, decoded.
// https://www.rfc-editor.org/rfc/rfc9112#name-request-target (origin-form and absolute-form)
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pika/base/result.hpp"

namespace pika::http {

struct Target {
  std::vector<std::string> segments;  // see Request::segments
  bool trailing_slash = false;        // "/a/"; not for "/"
  std::vector<std::pair<std::string, std::string>> query;
};

// Error (invalid): not a path, an empty, "." or ".." segment, a NUL, a '%' that two hex digits do not follow.
Result<Target> parse_target(std::string_view target);

// "a=1&b=x+y%21": the fields of a query or of a form's body, '+' standing for a space. The same errors.
Result<std::vector<std::pair<std::string, std::string>>> parse_fields(std::string_view text);

}  // namespace pika::http
