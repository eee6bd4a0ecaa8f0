// PIKA_CHECK(condition, "what should have held"): our own invariant. It is checked in every build; when it is
// broken the program says where and aborts, because going on would write something false.
#pragma once
#include <source_location>
#include <string_view>

namespace pika {
[[noreturn]] void check_failed(std::string_view expression, std::string_view message,
                               std::source_location where = std::source_location::current());
}  // namespace pika

#define PIKA_CHECK(condition, message)           \
  do {                                           \
    if (!(condition)) [[unlikely]]               \
      ::pika::check_failed(#condition, message); \
  } while (false)
