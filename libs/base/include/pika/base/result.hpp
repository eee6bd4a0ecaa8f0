// Result<T>: the outcome of something that a person or another program can get wrong.
//
//   Result<Oid> resolve(...);
//   auto oid = PIKA_TRY(resolve("main"));          // returns the error to the caller
//   return fail(ErrorKind::not_found, "no branch 'x' in acme/rocket", "list them with 'git branch -r'");
//
// Three kinds of failure, never mixed:
//   - expected: a value, Error, with a sentence (what), its reason (why) and advice (what to do);
//   - environment: a system call that fails throws SystemError with the names of its arguments;
//   - our bug: PIKA_CHECK (check.hpp) stops the program.
#pragma once
#include <cerrno>
#include <expected>
#include <string>
#include <system_error>
#include <utility>

namespace pika {

enum class ErrorKind {
  invalid,       // the input is wrong                      400, exit 2
  unauthorised,  // nobody is signed in                     401, exit 9
  forbidden,     // signed in, and may not                  403, exit 9
  not_found,     //                                         404, exit 2
  conflict,      // the state moved, or forbids it          409, exit 8
  too_large,     //                                         413, exit 2
  unavailable,   // not now: busy, read-only, disk full     503, exit 4
  internal,      // the other side broke its contract       500, exit 4
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string what;    // one sentence: what went wrong and why
  std::string advice;  // one sentence: what to do; may be empty

  // "what; advice", for a terminal or a log line.
  std::string text() const { return advice.empty() ? what : what + "\n" + advice; }
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string what, std::string advice = {}) {
  return std::unexpected<Error>(Error{kind, std::move(what), std::move(advice)});
}

// A system call failed. `what()` reads "open '/x': No such file or directory".
class SystemError : public std::system_error {
 public:
  SystemError(int errno_value, const std::string& call)
      : std::system_error(errno_value, std::generic_category(), call) {}
  explicit SystemError(const std::string& call) : SystemError(errno, call) {}
};

namespace detail {
template <class T>
T unwrap(std::expected<T, Error>&& r) {
  return std::move(*r);
}
inline void unwrap(std::expected<void, Error>&&) {}
}  // namespace detail

}  // namespace pika

// Evaluates to the value, or returns the error from the enclosing function. Not for coroutines.
#define PIKA_TRY(...)                                                                 \
  __extension__({                                                                     \
    auto pika_try_result = (__VA_ARGS__);                                             \
    if (!pika_try_result) return std::unexpected(std::move(pika_try_result).error()); \
    ::pika::detail::unwrap(std::move(pika_try_result));                               \
  })
