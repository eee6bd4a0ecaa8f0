// What a case of the conformance suite works with.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "jerichoci/testing/conformance.hpp"

namespace jerichoci::testing {

struct CaseRan {
  RunRecord run;
  JobRecord job;  // the first one
  std::string log;
};

class Case {
 public:
  Case(const ConformanceSetup& setup, Engine& engine, SnapshotRecord tree, std::string marker,
       ConformanceResult& result)
      : setup(setup), engine(engine), tree(std::move(tree)), marker(std::move(marker)), result_(result) {}

  const ConformanceSetup& setup;
  Engine& engine;
  SnapshotRecord tree;  // hello.txt and jericho-probe
  std::string marker;   // in the environment of every job

  // A job of the runtime that is tried, with a minute of time.
  JobSpec shell(const std::string& script) const;
  JobSpec probe(std::vector<std::string> words) const;
  CaseRan run(const JobSpec& job);
  // With what a request has beside jobs.
  CaseRan run(RunRequest request, const CancelToken& cancel = {});

  // Says what was not as promised; the case goes on.
  void expect(bool holds, const std::string& promise, const CaseRan& ran);
  void expect(bool holds, const std::string& promise);
  // True when the record says that this limit is not enforced here: the case says so too and is over.
  bool lacks(const CaseRan& ran, std::string_view limit);

 private:
  ConformanceResult& result_;
};

struct CaseEntry {
  ConformanceCase what;
  void (*body)(Case&);
};

// The cases, by subject.
std::vector<CaseEntry> process_cases();
std::vector<CaseEntry> limit_cases();
std::vector<CaseEntry> network_cases();
std::vector<CaseEntry> file_cases();
std::vector<CaseEntry> data_cases();

}  // namespace jerichoci::testing
