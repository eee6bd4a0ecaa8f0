// Readers of runs: records, plans, events.
#include <fmt/format.h>

#include <algorithm>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "run/engine_impl.hpp"
#include "runstore/events.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;
using pika::Result;

namespace {

constexpr std::uint64_t kEventsAtOnce = 4u << 20;

// A run that says it is busy and that no engine works on was left by one that died since we began.
Result<RunRecord> read_settled(EngineParts& engine, const std::string& run_id) {
  auto run = PIKA_TRY(engine.runs.read_record(run_id));
  if (is_final(run.status) || !settle_dead_run(engine.runs, run_id)) return run;
  return engine.runs.read_record(run_id);
}

pika::Status check_run_id(const std::string& run_id) {
  if (valid_run_id(run_id)) return {};
  return fail(ErrorKind::invalid, fmt::format("{} is no run id", pika::quote_name(run_id)));
}

}  // namespace

std::vector<RunRecord> Engine::list_runs(std::size_t limit, std::vector<std::string>* warnings) {
  std::vector<RunRecord> out;
  // What cannot be read makes room for another: then more ids are wanted than runs.
  for (std::size_t wanted = limit, seen = 0; out.size() < limit;
       wanted = wanted > SIZE_MAX / 4 ? SIZE_MAX : wanted * 4) {
    auto ids = impl_->runs.list(wanted);
    for (std::size_t i = seen; i < ids.size() && out.size() < limit; ++i) {
      auto run = guarded([&] { return read_settled(*impl_, ids[i]); });
      if (run) {
        out.push_back(std::move(*run));
      } else if (warnings) {
        warnings->push_back(fmt::format("run {} is left out: {}", ids[i], run.error().what));
      }
    }
    seen = ids.size();
    if (ids.size() < wanted) break;
  }
  return out;
}

Result<RunRecord> Engine::load_run_record(const std::string& run_id) {
  return guarded([&] { return read_settled(*impl_, run_id); });
}

Result<std::string> Engine::load_plan(const std::string& run_id) {
  PIKA_TRY(check_run_id(run_id));
  return guarded([&] { return pika::read_file(impl_->runs.run_folder(run_id) / "plan.json"); });
}

Result<EventPiece> Engine::load_events(const std::string& run_id, std::uint64_t offset) {
  PIKA_TRY(check_run_id(run_id));
  return guarded([&]() -> Result<EventPiece> {
    auto bytes = pika::read_range(impl_->runs.run_folder(run_id) / "events.jsonl", offset, kEventsAtOnce);
    if (!bytes && bytes.error().kind == ErrorKind::not_found)
      return fail(ErrorKind::not_found, fmt::format("there is no run '{}' here, or it has no events", run_id),
                  "list them with 'pikaci list'");
    if (!bytes) return std::unexpected(bytes.error());
    auto piece = parse_events(*bytes, offset);
    if (piece.next_offset == offset && bytes->size() == kEventsAtOnce) {  // no event is so long
      piece.next_offset += bytes->size();
      ++piece.damaged;
    }
    return piece;
  });
}

}  // namespace jerichoci
