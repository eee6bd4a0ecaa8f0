// Cases about a job's processes: how they end, and that all of them do.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "pika/base/files.hpp"
#include "pika/proc/child.hpp"
#include "testing/conformance_case.hpp"

namespace jerichoci::testing {

namespace {

bool passed(const CaseRan& ran) {
  return ran.job.status == Status::passed && ran.job.exit_code == 0;
}

bool timed_out(const CaseRan& ran) {
  return ran.job.status == Status::failed && ran.job.failure == FailureKind::timed_out;
}

JobSpec with_time(JobSpec job, pika::Micros time, pika::Micros grace) {
  job.limits.time = time;
  job.limits.grace = grace;
  return job;
}

void exit_codes(Case& c) {
  for (int code : {0, 1, 2, 77, 127, 255}) {
    auto ran = c.run(c.shell(fmt::format("exit {}", code)));
    c.expect(ran.job.exit_code == code, fmt::format("exit code {} is recorded", code), ran);
    c.expect(ran.job.status == (code == 0 ? Status::passed : Status::failed), "0 passes and nothing else", ran);
    c.expect(ran.job.failure == (code == 0 ? FailureKind::none : FailureKind::test_failed), "its kind", ran);
  }
}

void signals(Case& c) {
  for (int signal : {SIGSEGV, SIGKILL, SIGTERM, SIGABRT, SIGPIPE}) {
    auto ran = c.run(c.probe({"signal", std::to_string(signal)}));
    c.expect(ran.job.exit_code == 128 + signal, "128 + signal, as a shell says it", ran);
    c.expect(ran.job.failure == FailureKind::test_failed, "it is the command's own doing", ran);
  }
}

void missing_program(Case& c) {
  auto job = c.shell("");
  job.command = {"no-such-program-anywhere"};
  auto ran = c.run(job);
  c.expect(ran.job.failure == FailureKind::setup_failed, "no such program: setup_failed", ran);
}

void input_and_arguments(Case& c) {
  auto ran = c.run(c.shell("cat; echo end"));
  c.expect(ran.log == "end\n", "standard input is at its end", ran);
  auto job = c.shell("");
  job.command = {"sh", "-c", "printf '%s|' \"$@\"", "sh", "a b", "\xff", "<x>'\"$(id)", "new\nline", "", "--"};
  ran = c.run(job);
  c.expect(ran.log == "a b|\xff|<x>'\"$(id)|new\nline||--|", "arguments of any bytes arrive as they are", ran);
  job = c.shell("echo ${#BIG}");
  job.env["BIG"] = std::string(100'000, 'x');
  ran = c.run(job);
  c.expect(ran.log == "100000\n", "a variable of 100,000 bytes arrives", ran);
}

void deadline(Case& c) {
  auto ran = c.run(with_time(c.shell("echo before; sleep 600"), pika::kSecond / 2, pika::kSecond / 5));
  c.expect(timed_out(ran), "a job that runs too long has timed out", ran);
  c.expect(ran.log.starts_with("before\n"), "what it wrote is kept", ran);
}

void deadline_with_grandchild(Case& c) {
  auto ran = c.run(
      with_time(c.shell("echo before; (trap '' TERM; sleep 600) & sleep 600"), pika::kSecond / 2, pika::kSecond / 5));
  c.expect(timed_out(ran), "a grandchild that keeps the output open does not hold a deadline up", ran);
  c.expect(ran.job.finished_at - ran.job.started_at < 60 * pika::kSecond, "it ends long before the grandchild", ran);
}

void background_child(Case& c) {
  auto ran = c.run(c.shell("sleep 600 & echo done"));
  c.expect(passed(ran) && ran.log == "done\n", "a child left in the background does not hold a finished job up", ran);
  c.expect(ran.job.finished_at - ran.job.started_at < 60 * pika::kSecond, "it ends long before the child", ran);
}

void daemons(Case& c) {
  auto ran = c.run(c.shell("./jericho-probe daemon 600; setsid sleep 600 & ./jericho-probe daemon 600; echo done"));
  c.expect(passed(ran) && ran.log == "done\n", "daemons (double fork, own session, deaf to TERM) end with the job",
           ran);
  ran =
      c.run(with_time(c.shell("./jericho-probe daemon 600; echo up; sleep 600"), pika::kSecond / 2, pika::kSecond / 5));
  c.expect(timed_out(ran) && ran.log.starts_with("up\n"), "and with a job that timed out", ran);
}

void term_then_kill(Case& c) {
  auto ran = c.run(with_time(c.shell("trap 'echo goodbye; exit 0' TERM; while :; do sleep 0.02; done"),
                             pika::kSecond / 2, 30 * pika::kSecond));
  c.expect(timed_out(ran) && ran.log.find("goodbye\n") != std::string::npos,
           "TERM comes first, and what is said then is kept", ran);
  ran = c.run(with_time(c.shell("trap '' TERM; while :; do sleep 0.02; done"), pika::kSecond / 2, pika::kSecond / 5));
  c.expect(timed_out(ran), "one that is deaf to TERM is killed after its grace", ran);
}

void any_bytes(Case& c) {
  auto ran = c.run(c.shell("printf '\\377\\000\\376\\n'; printf '\\355\\240\\200' >&2"));
  c.expect(passed(ran) && ran.log.find(std::string("\xff\0\xfe\n", 4)) != std::string::npos,
           "0xFF and NUL harm nothing", ran);
  auto record = c.engine.load_run_record(ran.run.run_id);
  c.expect(record.has_value(), "and the record is readable");
}

void big_output(Case& c) {
  auto own_peak = [] {
    auto status = pika::read_file("/proc/self/statm");
    return status ? std::stoull(status->substr(status->find(' ') + 1)) * 4096 : 0;
  };
  auto before = own_peak();
  auto job = c.probe({"bytes", std::to_string(c.setup.big_output)});
  job.limits.time = 900 * pika::kSecond;
  RunRequest request;
  request.target_id = "conformance";
  request.snapshot = c.tree;
  request.jobs = {job};
  auto run = c.engine.run_jobs(request, {}, {});
  c.expect(run && run->jobs[0].status == Status::passed, "a job with a great deal of output passes");
  if (!run) return;
  c.expect(own_peak() < before + (48u << 20), "in constant memory of the engine");
  auto cap = c.engine.config().log_cap_bytes;
  c.expect(run->jobs[0].log_bytes <= cap + 4096 && run->jobs[0].log_bytes >= std::min(cap, c.setup.big_output) / 2,
           "its log is there, and capped");
}

void cancel(Case& c) {
  CancelToken token;
  RunRequest request;
  request.run_id = "cancel-" + c.marker;
  request.jobs = {c.shell("./jericho-probe daemon 600; echo up; sleep 600")};
  std::thread canceller([&] {
    for (int i = 0; i < 6000; ++i) {
      auto piece = c.engine.load_log(*request.run_id, "job", 0, 16);
      if (piece && piece->bytes == "up\n") break;
      ::poll(nullptr, 0, 10);
    }
    token.cancel();
  });
  auto ran = c.run(request, token);
  canceller.join();
  c.expect(ran.job.status == Status::cancelled, "a running job is cancelled", ran);
}

void many_at_once(Case& c) {
  RunRequest request;
  for (int i = 0; i < 6; ++i) {
    request.jobs.push_back(c.shell("echo $PIKA_JOB > mine; sleep 0.1; cat mine"));
    request.jobs.back().id = fmt::format("job-{}", i);
  }
  auto ran = c.run(request);
  c.expect(std::ranges::all_of(ran.run.jobs, [](auto& j) { return j.status == Status::passed; }), "six jobs pass", ran);
  for (const auto& job : ran.run.jobs) {
    auto log = c.engine.load_log(ran.run.run_id, job.id, 0, 100);
    c.expect(log && log->bytes == job.id + "\n", "each in its own workspace, with its own log");
  }
}

void killed_engine(Case& c) {
  if (c.setup.doomed.empty()) return;
  auto folder = c.setup.scratch / ("doomed-" + c.marker);
  auto root = folder / "state";
  fs::create_directories(folder);
  pika::proc::Command command;
  command.argv = c.setup.doomed;
  command.argv.push_back(root.string());
  command.env = {"JERICHO_MARKER=" + c.marker};
  auto child = pika::proc::Child::start(command);
  auto log = root / "runs/doomed/jobs/job/log.raw";
  bool up = false;
  for (int i = 0; i < 6000 && !up && !child.try_wait(); ++i) {
    auto text = pika::read_file(log);
    up = text && *text == "up\n";
    if (!up) ::poll(nullptr, 0, 10);
  }
  c.expect(up, "the engine that is to be killed runs its job");
  ::kill(child.pid(), SIGKILL);
  child.wait();
  // We are the reaper of what the dead engine leaves; a plain host has its first process for that. Our own engine has
  // no child now.
  for (int i = 0; i < 1000 && ::waitpid(-1, nullptr, WNOHANG) >= 0; ++i) ::poll(nullptr, 0, 10);
  auto config = c.setup.engine;
  config.state_root = root;
  auto next = Engine::open(std::move(config));
  c.expect(next.has_value(), "the next engine starts");
  if (!next) return;
  auto run = (*next)->load_run_record("doomed");
  c.expect(run && run->failure == FailureKind::lost && run->jobs[0].failure == FailureKind::lost,
           "the run of a killed engine is settled as lost by the next");
  for (const auto* below : {"work", "busy"}) c.expect(fs::is_empty(root / below), "nothing of it is left on disk");
  next->reset();
  pika::remove_tree(folder);
}

}  // namespace

std::vector<CaseEntry> process_cases() {
  return {
      {{"exit-codes", "the command's exit code is recorded; 0 passes"}, exit_codes},
      {{"signals", "a command ended by a signal has 128 + signal"}, signals},
      {{"missing-program", "a program that is not there is no failed test"}, missing_program},
      {{"input-and-arguments", "no input; arguments and variables of any bytes and size"}, input_and_arguments},
      {{"deadline", "a job that runs too long is ended, its output kept"}, deadline},
      {{"deadline-grandchild", "a grandchild holding the output does not hold a deadline up"},
       deadline_with_grandchild},
      {{"background-child", "a background child does not hold a finished job up"}, background_child},
      {{"daemons", "daemonised children end with their job"}, daemons},
      {{"term-then-kill", "TERM, grace, KILL"}, term_then_kill},
      {{"any-bytes", "output of any bytes"}, any_bytes},
      {{"big-output", "a great deal of output, in constant memory"}, big_output},
      {{"cancel", "a running job is cancelled with all it started"}, cancel},
      {{"many-at-once", "jobs at the same time do not see one another"}, many_at_once},
      {{"killed-engine", "what a killed engine left is ended, removed and recorded"}, killed_engine},
  };
}

}  // namespace jerichoci::testing
