// CLI_TRY: PIKA_TRY for functions that give an Outcome; takes Results too, whose errors become Failures.
#pragma once
#include <type_traits>
#include <utility>

#include "pikaci/cli.hpp"

namespace pikaci::detail {
template <class T, class E>
T unwrap(std::expected<T, E>&& outcome) {
  if constexpr (!std::is_void_v<T>) return std::move(*outcome);
}
}  // namespace pikaci::detail

#define CLI_TRY(...)                                                                                     \
  __extension__({                                                                                        \
    auto cli_try_outcome = (__VA_ARGS__);                                                                \
    if (!cli_try_outcome) return std::unexpected(::pikaci::Failure(std::move(cli_try_outcome).error())); \
    ::pikaci::detail::unwrap(std::move(cli_try_outcome));                                                \
  })
