#include "jerichoci/status.hpp"

#include <array>
#include <cstddef>

namespace jerichoci {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::queued:
      return "queued";
    case Status::running:
      return "running";
    case Status::passed:
      return "passed";
    case Status::failed:
      return "failed";
    case Status::skipped:
      return "skipped";
    case Status::cancelled:
      return "cancelled";
    case Status::nothing_ran:
      return "nothing_ran";
  }
  return "";
}

std::string_view to_string(FailureKind kind) {
  switch (kind) {
    case FailureKind::none:
      return "";
    case FailureKind::test_failed:
      return "test_failed";
    case FailureKind::timed_out:
      return "timed_out";
    case FailureKind::out_of_memory:
      return "out_of_memory";
    case FailureKind::setup_failed:
      return "setup_failed";
    case FailureKind::infrastructure:
      return "infrastructure";
    case FailureKind::lost:
      return "lost";
    case FailureKind::catalogue_error:
      return "catalogue_error";
  }
  return "";
}

std::optional<Status> parse_status(std::string_view word) {
  for (auto s : {Status::queued, Status::running, Status::passed, Status::failed, Status::skipped, Status::cancelled,
                 Status::nothing_ran})
    if (to_string(s) == word) return s;
  return std::nullopt;
}

std::optional<FailureKind> parse_failure_kind(std::string_view word) {
  for (auto k :
       {FailureKind::none, FailureKind::test_failed, FailureKind::timed_out, FailureKind::out_of_memory,
        FailureKind::setup_failed, FailureKind::infrastructure, FailureKind::lost, FailureKind::catalogue_error})
    if (to_string(k) == word) return k;
  return std::nullopt;
}

bool is_final(Status status) {
  return status != Status::queued && status != Status::running;
}

namespace {
int failed_exit_code(FailureKind kind) {
  switch (kind) {
    case FailureKind::none:
    case FailureKind::test_failed:
    case FailureKind::out_of_memory:
      return 1;
    case FailureKind::timed_out:
      return 5;
    case FailureKind::setup_failed:
    case FailureKind::infrastructure:
    case FailureKind::lost:
      return 4;
    case FailureKind::catalogue_error:
      return 7;
  }
  return 4;
}
}  // namespace

int exit_code(Status status, FailureKind kind) {
  switch (status) {
    case Status::passed:
      return 0;
    case Status::failed:
      return failed_exit_code(kind);
    case Status::cancelled:
      return 6;
    case Status::skipped:
    case Status::nothing_ran:
      return 3;
    case Status::queued:
    case Status::running:
      return 4;  // asked of something that has not ended: no verdict to be had
  }
  return 4;
}

int worse_exit_code(int a, int b) {
  constexpr std::array<int, 8> kWorstFirst = {7, 2, 4, 1, 5, 6, 3, 0};
  auto rank = [&](int code) {
    for (std::size_t i = 0; i < kWorstFirst.size(); ++i)
      if (kWorstFirst[i] == code) return i;
    return std::size_t{2};  // a code that is not in the table is trouble of the host
  };
  return rank(a) <= rank(b) ? a : b;
}

}  // namespace jerichoci
