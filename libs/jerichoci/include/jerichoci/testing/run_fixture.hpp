// Builders of small runs on disk, for tests of those who read run stores: nothing is executed.
//
//   auto id = jerichoci::testing::TestJerichociRunFixture(state_root)
//                 .target("unit")
//                 .job(jerichoci::testing::TestJerichociJobFixture("test").failed(FailureKind::test_failed, "exit code
//                 1").log("boom\n")) .write();
//
// What they write is what an engine would have written: run.json, plan.json, events.jsonl, jobs/<job>/log.raw, log.idx.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jerichoci/model.hpp"

namespace jerichoci::testing {

class TestJerichociJobFixture {
 public:
  explicit TestJerichociJobFixture(std::string id);  // passed, exit code 0, an empty log
  TestJerichociJobFixture& command(std::vector<std::string> argv);
  TestJerichociJobFixture& failed(FailureKind kind, std::string message, int exit_code = 1);
  TestJerichociJobFixture& status(Status status);
  TestJerichociJobFixture& log(std::string bytes);

 private:
  friend class TestJerichociRunFixture;
  JobRecord record_;
  std::string log_;
};

class TestJerichociRunFixture {
 public:
  explicit TestJerichociRunFixture(std::filesystem::path state_root);
  TestJerichociRunFixture& id(std::string run_id);  // default: a new ULID
  TestJerichociRunFixture& target(std::string target_id);
  TestJerichociRunFixture& snapshot(SnapshotRecord snapshot);
  TestJerichociRunFixture& label(std::string name, std::string value);
  TestJerichociRunFixture& times(pika::Micros created, pika::Micros finished);
  TestJerichociRunFixture& job(TestJerichociJobFixture job);
  // The run's status follows from its jobs as the engine judges it, unless given here.
  TestJerichociRunFixture& status(Status status, FailureKind failure = FailureKind::none);
  std::string write();  // gives the run id; throws SystemError

 private:
  std::filesystem::path state_root_;
  RunRecord run_;
  bool judged_ = false;
  std::vector<TestJerichociJobFixture> jobs_;
};

}  // namespace jerichoci::testing
