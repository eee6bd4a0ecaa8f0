// Cases about limits. Where a host cannot hold one, the record says so, and the case repeats it.
#include "testing/conformance_case.hpp"

namespace jerichoci::testing {

namespace {

bool holds(const CaseRan& ran, std::string_view limit) {
  for (const auto& line : ran.job.enforced)
    if (line.starts_with(limit)) return true;
  return false;
}

void memory(Case& c) {
  auto job = c.probe({"memory", std::to_string(300u << 20)});
  job.limits.memory_bytes = 64u << 20;
  auto ran = c.run(job);
  if (c.lacks(ran, "memory: ")) return c.expect(ran.job.status == Status::passed, "without it the job runs", ran);
  c.expect(ran.job.failure == FailureKind::out_of_memory, "more memory than allowed: out_of_memory", ran);
  c.expect(holds(ran, "memory: "), "the record says how memory is limited", ran);
  job = c.probe({"memory", std::to_string(8u << 20)});
  job.limits.memory_bytes = 64u << 20;
  ran = c.run(job);
  c.expect(ran.job.status == Status::passed, "less than allowed passes", ran);
  c.expect(ran.job.used.peak_memory_bytes.value_or(0) >= (8u << 20), "the peak is recorded", ran);
}

void processes(Case& c) {
  auto job = c.probe({"forks", "200"});
  job.limits.pids = 40;
  auto ran = c.run(job);
  if (c.lacks(ran, "pids: ")) return;
  c.expect(ran.job.exit_code == 11 && ran.log.find("EAGAIN") != std::string::npos, "a fork above the limit fails", ran);
  c.expect(holds(ran, "pids: "), "the record says how processes are limited", ran);
}

void processor(Case& c) {
  auto job = c.shell("while :; do :; done");
  job.limits.cpus = 0.2;
  job.limits.time = pika::kSecond;
  job.limits.grace = pika::kSecond / 10;
  auto ran = c.run(job);
  if (c.lacks(ran, "cpu: ")) return;
  c.expect(holds(ran, "cpu: "), "the record says how processor time is limited", ran);
  c.expect(ran.job.used.cpu_time.value_or(pika::kSecond) < 7 * pika::kSecond / 10,
           "a fifth of a processor for a second", ran);
}

void disk(Case& c) {
  auto job = c.probe({"fill", "big", std::to_string(64u << 20)});
  job.limits.disk_bytes = 16u << 20;
  auto ran = c.run(job);
  if (c.lacks(ran, "disk: ")) return;
  bool prevented = holds(ran, "disk: prevented: ");
  c.expect(prevented || holds(ran, "disk: watched: "), "the record says whether the limit is prevented or watched",
           ran);
  c.expect(ran.job.status == Status::failed, "more disk than allowed is refused", ran);
  c.expect(ran.job.message.starts_with("disk: "), "and the record says that it was that", ran);
  if (prevented) c.expect(ran.job.used.disk_bytes.value_or(0) <= (16u << 20), "not a byte more was written", ran);
  job = c.shell("head -c 1000000 /dev/zero > small");
  job.limits.disk_bytes = 16u << 20;
  c.expect(c.run(job).job.status == Status::passed, "less than allowed passes", ran);
}

void use_is_recorded(Case& c) {
  auto ran = c.run(c.shell("i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done"));
  c.expect(ran.job.used.cpu_time.value_or(0) > 0, "processor time is recorded", ran);
  c.expect(ran.job.phases.size() >= 3, "so are the phases", ran);
  c.expect(!ran.job.environment.kernel.empty(), "and what it ran on", ran);
}

}  // namespace

std::vector<CaseEntry> limit_cases() {
  return {
      {{"memory", "a memory limit holds, and breaking it is out_of_memory"}, memory},
      {{"processes", "a limit of processes holds"}, processes},
      {{"processor", "a limit of processor time holds"}, processor},
      {{"disk", "a limit of disk holds"}, disk},
      {{"use", "what a job used is recorded"}, use_is_recorded},
  };
}

}  // namespace jerichoci::testing
