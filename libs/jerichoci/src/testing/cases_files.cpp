// Cases about what a job sees and what it leaves: files, environment, privileges.
#include <fmt/format.h>

#include "pika/base/text.hpp"
#include "testing/conformance_case.hpp"

namespace jerichoci::testing {

namespace {

bool has(const CaseRan& ran, std::string_view text) {
  return ran.log.find(text) != std::string::npos;
}

void environment(Case& c) {
  auto job = c.shell("env");
  job.env["MINE"] = "set \xff";
  job.env_allow = {"PASSED_ON", "NOT_THERE"};
  auto ran = c.run(job);
  c.expect(has(ran, "\nMINE=set \xff\n") || ran.log.starts_with("MINE=set \xff\n"), "the job's own variables", ran);
  c.expect(has(ran, "PASSED_ON=yes\n"), "what is allowed to pass", ran);
  c.expect(!has(ran, "HIDDEN") && !has(ran, "JERICHO_MARKER"), "nothing else of the engine's", ran);
  for (auto* name : {"CI=true", "PIKA_JOB=job", "HOME=", "TMPDIR=", "PATH=", "PIKA_RUN_ID="})
    c.expect(has(ran, name), fmt::format("{} is there", name), ran);
}

void fresh_workspace(Case& c) {
  auto ran =
      c.run(c.shell("echo changed > hello.txt; rm -r folder; touch new; chmod 600 jericho-probe; "
                    "ls -A > .git-like; cat hello.txt"));
  c.expect(ran.log == "changed\n", "a job may change its workspace", ran);
  ran = c.run(c.shell("cat hello.txt folder/inner.txt; ls -A | grep -c -e new -e .git-like; ./jericho-probe bytes 0"));
  c.expect(ran.log == "hello\ninner\n0\n" && ran.job.status == Status::passed, "the next one sees none of it", ran);
  ran = c.run(c.shell("touch \"$HOME/h\" \"$TMPDIR/t\" && ls \"$HOME\" && pwd"));
  c.expect(ran.log.starts_with("h\n"), "a home and a temporary folder of its own", ran);
  ran = c.run(c.shell("ls -A \"$HOME\""));
  c.expect(ran.log.empty(), "which are new for each job", ran);
}

void read_only_host(Case& c) {
  auto ran = c.run(c.shell(
      "for d in /usr /etc /usr/bin / /proc/sys/kernel; do touch $d/jericho 2>/dev/null && echo WROTE $d; done; :"));
  c.expect(ran.log.empty(), "what is shown of the host cannot be written", ran);
  if (c.setup.runtime == Runtime::host_process) return;
  auto shown = c.setup.scratch.string();
  ran = c.run(c.shell("ls -d /root/.[!.]* /home/* /etc/shadow /var/lib/dpkg " + shown + " 2>/dev/null; :"));
  c.expect(ran.log.empty(), "homes, accounts and the engine's own files are not shown", ran);
  ran = c.run(c.shell("ls /proc | grep -c '^[0-9]*$'"));
  auto count = pika::parse_number<int>(pika::trim(ran.log));
  c.expect(count && *count < 10, "no process of the host is seen", ran);
}

void privileges(Case& c) {
  auto ran =
      c.run(c.shell("cat /proc/self/uid_map; grep -E '^(CapEff|CapPrm|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status"));
  // Who it is in there, who that is outside, and for how many: in a namespace of its own it may be called root.
  std::vector<std::string_view> map;
  for (auto word : pika::split(std::string_view(ran.log).substr(0, ran.log.find('\n')), ' '))
    if (!word.empty()) map.push_back(word);
  bool own_namespace = map.size() == 3 && map[2] == "1" && map[1] != "0";
  if (!own_namespace) c.expect(c.run(c.shell("id -u")).log != "0\n", "a job is not root", ran);
  c.expect(has(ran, "CapEff:\t0000000000000000") && has(ran, "CapPrm:\t0000000000000000"), "it has no capability", ran);
  if (c.setup.runtime == Runtime::host_process) return;
  c.expect(has(ran, "NoNewPrivs:\t1"), "and gets none by a program that is setuid", ran);
  c.expect(has(ran, "Seccomp:\t2"), "its system calls are filtered", ran);
}

void system_calls(Case& c) {
  if (c.setup.runtime == Runtime::host_process) return;
  auto ran = c.run(c.probe({"calls"}));
  for (auto line : pika::split(ran.log, '\n')) {
    if (line.empty()) continue;
    bool needed = line.starts_with("socket-route") || line.starts_with("socket-unix") || line.starts_with("getpid");
    bool refused = line.ends_with(" EPERM") || line.ends_with(" ENOSYS") || line.ends_with(" EAFNOSUPPORT");
    c.expect(needed ? line.ends_with(" 0") : refused, fmt::format("'{}' is as it should be", line));
  }
  c.expect(ran.job.status == Status::passed, "all were tried", ran);
}

}  // namespace

std::vector<CaseEntry> file_cases() {
  return {
      {{"environment", "the job's variables, the allowed ones, and no other"}, environment},
      {{"fresh-workspace", "nothing of one job is seen by the next"}, fresh_workspace},
      {{"read-only-host", "the host is read-only, and only what is on the list is shown"}, read_only_host},
      {{"privileges", "no root, no capabilities, no way to get them"}, privileges},
      {{"system-calls", "calls that no job needs are refused"}, system_calls},
  };
}

}  // namespace jerichoci::testing
