// What a job wrote is collected, however it ended.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "exec/supervise.hpp"
#include "log_support.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

// Has ended already, or ends when it is told to, and left more in its pipes than one read takes.
class WrittenProcess final : public JobProcess {
 public:
  enum class Ends { at_once, when_told };
  explicit WrittenProcess(Ends ends) : over_(::eventfd(ends == Ends::at_once ? 1 : 0, EFD_CLOEXEC)) {
    out = fill('o');
    err = fill('e');
  }
  pid_t pid() const override { return -1; }
  int pidfd() const override { return over_.get(); }
  int report_fd() const override { return -1; }
  void read_report() override {}
  void terminate() override { end(); }
  void kill_all() override { end(); }
  JobExit finish(std::string_view) override { return {0, {}, false, {}}; }

  static constexpr std::size_t kBytes = 500'000;

 private:
  static pika::UniqueFd fill(char c) {
    auto pipe = pika::make_pipe();
    ::fcntl(pipe.write.get(), F_SETPIPE_SZ, 1 << 20);
    pika::set_nonblocking(pipe.write.get());
    pika::write_all(pipe.write.get(), std::string(kBytes, c));
    return std::move(pipe.read);
  }
  void end() {
    std::uint64_t one = 1;
    [[maybe_unused]] auto n = ::write(over_.get(), &one, sizeof one);
  }
  pika::UniqueFd over_;
};

}  // namespace

TEST_CASE("everything that a job wrote is collected: when it ended, when it timed out, when it was cancelled") {
  pika::UniqueFd cancelled(::eventfd(1, EFD_CLOEXEC));
  for (auto ends : {WrittenProcess::Ends::at_once, WrittenProcess::Ends::when_told})
    for (int cancel_fd : {-1, cancelled.get()}) {
      pika::TempDir folder("jci-log-");
      LogWriter log(folder.path(), 10u << 20);
      WrittenProcess process(ends);
      auto ending = supervise(process, log, {.time = 0, .grace = 0, .cancel_fd = cancel_fd});
      log.close(1);
      CHECK((ending.timed_out || ending.cancelled));
      auto text = whole_log(folder.path());
      CHECK(std::count(text.begin(), text.end(), 'o') == WrittenProcess::kBytes);
      CHECK(std::count(text.begin(), text.end(), 'e') == WrittenProcess::kBytes);
    }
}
