#include "cli/cache_story.hpp"

#include <doctest/doctest.h>

using namespace pikaci;
using jerichoci::JobRecord;
using jerichoci::RunRecord;

namespace {

constexpr pika::Micros kMinute = 60 * pika::kSecond;

RunRecord run_of(const std::string& id, pika::Micros took, const std::string& restored,
                 jerichoci::Status status = jerichoci::Status::passed) {
  JobRecord job;
  job.id = "unit";
  job.command = {"make"};
  job.status = status;
  job.phases = {{"workspace", 0, 5}, {"run", 5, 5 + took}};
  job.caches = {{"ccache", restored, "saved", 200u << 20}};
  RunRecord run;
  run.run_id = id;
  run.target_id = "unit";
  run.jobs = {job};
  return run;
}

}  // namespace

TEST_CASE("a job that restored its cache says how much less it took than the newest cold run") {
  auto warm = run_of("w", 2 * kMinute, "hit");
  auto story = cache_story(warm, warm.jobs[0],
                           {warm, run_of("other-warm", kMinute, "hit"), run_of("cold", 9 * kMinute, "miss"),
                            run_of("older", 20 * kMinute, "miss")});
  CHECK(story == "caches: ccache (209.7 MB) restored; 7m 00s less than run cold, which had none (9m 00s)");
}

TEST_CASE("when it took more, it says so; a failed or different cold run is no measure") {
  auto warm = run_of("w", 3 * kMinute, "other-domain");
  auto failed = run_of("failed", 9 * kMinute, "miss", jerichoci::Status::failed);
  auto other_command = run_of("changed", 9 * kMinute, "miss");
  other_command.jobs[0].command = {"make", "all"};
  auto other_target = run_of("elsewhere", 9 * kMinute, "miss");
  other_target.target_id = "release";
  CHECK(cache_story(warm, warm.jobs[0], {failed, other_command, other_target}) == "caches: ccache (209.7 MB) restored");
  CHECK(cache_story(warm, warm.jobs[0], {run_of("cold", kMinute, "miss")}) ==
        "caches: ccache (209.7 MB) restored; 2m 00s more than run cold, which had none (1m 00s)");
}

TEST_CASE("a job that restored nothing has no story") {
  auto cold = run_of("c", kMinute, "miss");
  CHECK(cache_story(cold, cold.jobs[0], {}).empty());
}
