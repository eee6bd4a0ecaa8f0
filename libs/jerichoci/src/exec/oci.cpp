#include "exec/oci.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/led_process.hpp"
#include "exec/system_calls.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/json/json.hpp"
#include "runstore/replace_file.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::UniqueFd;

namespace {

// The runtime itself runs as we do, to make the namespaces; what it starts is the job's user.
class OciPlan final : public LeaderPlan {
 public:
  explicit OciPlan(std::vector<std::string> words) : words_(std::move(words)), filter_(system_call_filter()) {
    for (auto& w : words_) argv_.push_back(w.data());
    argv_.push_back(nullptr);
  }

  int become_first(pid_t leader, const char** step) override {
    if (!ready_to_exec(5, leader)) ::_exit(127);
    *step = "filter system calls";
    if (int error = install_system_call_filter(filter_)) return error;
    // The runtime starts itself anew from a sealed copy; it asks for nothing else of the environment.
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char* environment[] = {path, nullptr};
    ::execve(argv_[0], argv_.data(), environment);
    *step = "exec the OCI runtime";
    return errno;
  }

 private:
  std::vector<std::string> words_;
  std::vector<char*> argv_;
  std::string filter_;
};

// The runtime's files in the job's folder.
struct Files {
  explicit Files(const fs::path& job_folder) : bundle(job_folder / "oci") {}
  fs::path bundle;
  fs::path config() const { return bundle / "config.json"; }
  fs::path pid() const { return bundle / "pid"; }
  fs::path log() const { return bundle / "log"; }
  fs::path state() const { return bundle / "state"; }
};

class OciProcess final : public LedProcess {
 public:
  OciProcess(std::unique_ptr<LeaderPlan> plan, Files files) : LedProcess(std::move(plan)), files_(std::move(files)) {}

  void terminate() override {
    // Its first process leads a session, and with it a group, of its own.
    auto inner = inner_pid();
    if (inner <= 1) return kill_all();
    ::kill(-inner, SIGTERM);
  }

  JobExit finish(std::string_view) override {
    bury();
    if (auto never = could_not_begin()) return *never;
    int status = report().wait_status().value_or(SIGKILL);
    if (WIFSIGNALED(status)) return ended(status, 0);
    if (killed()) return ended(SIGKILL, 0);
    if (inner_pid() > 0) return ended(status, 0);
    return not_started();
  }

 private:
  // The runtime writes it when the command has begun.
  pid_t inner_pid() const {
    auto text = pika::read_file(files_.pid());
    return text ? pika::parse_number<pid_t>(pika::trim(*text)).value_or(0) : 0;
  }

  // The runtime's last words: a line of JSON with "msg".
  JobExit not_started() const {
    std::string words = "the OCI runtime gave no reason";
    if (auto text = pika::read_file(files_.log()))
      for (auto line : pika::split(*text, '\n'))
        if (auto value = line.empty() ? pika::json::parse("{}") : pika::json::parse(line))
          if (auto message = pika::json::find_string(*value, "msg")) words = *message;
    bool missing = words.find("executable file not found") != std::string::npos ||
                   words.find("no such file or directory") != std::string::npos;
    return {missing ? std::optional(127) : std::nullopt, pika::to_utf8(words), missing};
  }

  Files files_;
};

// The shell that stands before the command says 127 for a program that is not there, as the program itself may. So a
// plain name is looked for in the image beforehand. Links of the image end in the image.
bool has_program(const OciSpec& spec) {
  const auto& program = spec.job.command[0];
  if (program.find('/') != std::string::npos) return true;
  UniqueFd root(::open(spec.root_folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  auto path = spec.job.env.find("PATH");
  if (!root || path == spec.job.env.end()) return true;
  for (auto folder : pika::split(path->second, ':')) {
    if (folder.starts_with("/workspace") || folder.starts_with("/caches") || folder.starts_with("/prepared"))
      return true;
    struct open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    auto name = std::string(folder) + "/" + program;
    if (UniqueFd(static_cast<int>(::syscall(SYS_openat2, root.get(), name.c_str(), &how, sizeof how)))) return true;
  }
  return false;
}

// A command that is not there ends like one that could not be started.
class Missing final : public JobProcess {
 public:
  explicit Missing(std::string program) : program_(std::move(program)) {
    auto pipes = pika::make_pipe();
    ended_ = std::move(pipes.read);  // its other end is closed: readable at once
    out = pika::make_pipe().read;
    err = pika::make_pipe().read;
  }
  pid_t pid() const override { return -1; }
  int pidfd() const override { return ended_.get(); }
  int report_fd() const override { return -1; }
  void read_report() override {}
  void terminate() override {}
  void kill_all() override {}
  JobExit finish(std::string_view) override {
    return {127, fmt::format("{}: there is no such program in the image", pika::quote_name(program_)), true};
  }

 private:
  std::string program_;
  UniqueFd ended_;
};

}  // namespace

std::unique_ptr<JobProcess> start_oci(const OciSpec& spec) {
  if (!has_program(spec)) return std::make_unique<Missing>(spec.job.command[0]);
  Files files(spec.job.mounts.job_folder);
  pika::make_dirs(files.bundle, 0700);
  if (auto script = oci_script(spec)) {
    auto place = spec.job.mounts.job_folder / "points" / fs::path(kOciScript).relative_path();
    replace_file(place, *script);
    if (::chmod(place.c_str(), 0644) != 0) throw pika::SystemError("chmod of the job's script");
  }
  // Values of secrets are in the configuration: it is on no disk, and can be opened by its owner alone.
  UniqueFd config(::memfd_create("config", MFD_CLOEXEC));
  if (!config || ::fchmod(config.get(), 0600) != 0) throw pika::SystemError("memfd_create");
  pika::write_all(config.get(), pika::json::print(oci_config(spec)));
  if (::symlink("/proc/self/fd/4", files.config().c_str()) != 0)
    throw pika::SystemError("symlink to the configuration");
  std::vector<std::string> words = {spec.runc.string(),
                                    "--root",
                                    files.state().string(),
                                    "--rootless",
                                    "true",
                                    "--log",
                                    files.log().string(),
                                    "--log-format",
                                    "json",
                                    "run",
                                    "--no-new-keyring",
                                    "--bundle",
                                    files.bundle.string(),
                                    "--pid-file",
                                    files.pid().string(),
                                    "job"};
  auto plan = std::make_unique<OciPlan>(std::move(words));
  plan->mounts = spec.job.mounts;
  plan->identity = spec.job.identity;
  plan->gated = spec.job.network == Network::allow_list;
  plan->allow_hosts = spec.job.allow_hosts;
  plan->more.push_back(std::move(config));
  return std::make_unique<OciProcess>(std::move(plan), std::move(files));
}

}  // namespace jerichoci
