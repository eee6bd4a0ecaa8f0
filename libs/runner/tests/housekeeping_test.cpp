#include "pika/runner/housekeeping.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include "jerichoci/testing/run_fixture.hpp"
#include "pika/base/files.hpp"

using namespace pika;
using namespace pika::runner;

TEST_CASE("a runner collects old runs by itself, and ends at once when it is asked to") {
  TempDir folder;
  auto engine = jerichoci::Engine::open({.state_root = folder.path() / "state"}).value();
  auto old = system_clock().now() - 60 * 24 * 3600 * kSecond;
  jerichoci::testing::TestJerichociRunFixture(folder.path() / "state").id("old").times(old, old).write();
  HousekeepingOptions options;
  options.policy.keep_runs = 0;
  {
    Housekeeping waits(*engine, options);  // ten minutes to its first
  }
  CHECK(engine->load_run_record("old").has_value());
  options.first = 0;
  Housekeeping keeps(*engine, options);
  for (int i = 0; i < 3000 && engine->load_run_record("old"); ++i) ::poll(nullptr, 0, 10);
  CHECK(!engine->load_run_record("old").has_value());
}
