#include "pika/base/check.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "pika/base/fd.hpp"

namespace pika {

void check_failed(std::string_view expression, std::string_view message, std::source_location where) {
  auto line = fmt::format("{}:{}: broken invariant: {} ({})\n", where.file_name(), where.line(), message, expression);
  try {
    write_all(2, line);
  } catch (...) {
  }
  std::abort();
}

}  // namespace pika
