// logs: one lane's log, from its first byte; -f to its end.
#include <fmt/format.h>

#include <algorithm>

#include "context.hpp"
#include "pika/base/text.hpp"
#include "pika/ph/commands.hpp"

namespace pika::ph {

namespace {

constexpr std::uint64_t kPiece = 1u << 20;

Result<const model::LaneState*> choose_lane(const model::Suite& ci, const std::string& wanted) {
  std::vector<std::string> names;
  for (const auto& lane : ci.lanes) {
    if (!wanted.empty() && (lane.id == wanted || lane.title == wanted)) return &lane;
    names.push_back(lane.id);
    names.push_back(lane.title);
  }
  if (!wanted.empty()) {
    const auto near = nearest(wanted, names);
    return fail(ErrorKind::not_found, fmt::format("run #{} has no lane {}", ci.number->value(), quote_name(wanted)),
                near ? fmt::format("did you mean {}?", quote_name(*near)) : "see 'ph status' for its lanes");
  }
  for (const std::string_view status : {"failed", "running"})
    for (const auto& lane : ci.lanes)
      if (lane.status == status) return &lane;
  for (const auto& lane : ci.lanes)
    if (!lane.attempts.empty()) return &lane;
  return fail(ErrorKind::not_found, fmt::format("run #{} has no lane with a log", ci.number->value()));
}

Result<int> choose_attempt(const model::LaneState& lane, int wanted) {
  for (const auto& attempt : lane.attempts)
    if (attempt.number == wanted) return wanted;
  if (wanted == 0 && lane.newest()) return lane.newest()->number;
  return fail(ErrorKind::not_found, wanted == 0 ? fmt::format("lane {} has not been tried yet", plain(lane.title))
                                                : fmt::format("lane {} has no attempt {}", plain(lane.title), wanted));
}

// The end of that attempt, once it has one.
std::optional<int> ended(const model::Suite& ci, const std::string& lane_id, int number) {
  for (const auto& lane : ci.lanes)
    if (lane.id == lane_id)
      for (const auto& attempt : lane.attempts)
        if (attempt.number == number && model::is_final_status(attempt.status))
          return exit_code(attempt.status, attempt.failure);
  return std::nullopt;
}

Result<int> do_logs(const Session& session, const BranchWord& word, const LogOptions& options) {
  auto context = PIKA_TRY(find_context(session));
  const auto number = PIKA_TRY(find_number(context, session, word));
  auto branch = PIKA_TRY(context.client.branch(context.repository, number));
  const auto suite = branch.value.ci.number;
  if (!suite) return fail(ErrorKind::not_found, "the branch has no run yet", "'ph wait' follows it from its start");
  const auto* lane = PIKA_TRY(choose_lane(branch.value.ci, options.lane));
  const auto lane_id = lane->id;
  const auto attempt = PIKA_TRY(choose_attempt(*lane, options.attempt));
  for (std::uint64_t offset = 0;;) {
    auto part = PIKA_TRY(context.client.log(context.repository, *suite, lane_id, attempt, offset, kPiece));
    session.out(part.bytes);
    const bool more = part.next_offset > offset;
    offset = std::max(offset, part.next_offset);
    if (more) continue;
    if (!options.follow) return 0;
    if (part.complete) {
      branch = PIKA_TRY(context.client.branch(context.repository, number));
      // Another run may be the newest by now: then this attempt's end is not asked for any more.
      if (branch.value.ci.number != suite) return 0;
      if (const auto code = ended(branch.value.ci, lane_id, attempt)) return *code;
    }
    session.pause(kSecond / 2);
  }
}

}  // namespace

int logs(const Session& session, const BranchWord& branch, const LogOptions& options) {
  return finish(session, do_logs(session, branch, options));
}

}  // namespace pika::ph
