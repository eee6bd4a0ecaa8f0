#include "run/bell.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cstdint>

#include "pika/base/result.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::SystemError;
using pika::UniqueFd;

namespace {

UniqueFd make_eventfd() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) throw SystemError("eventfd");
  return fd;
}

void ring(int fd) {
  std::uint64_t one = 1;
  [[maybe_unused]] auto n = ::write(fd, &one, sizeof one);
}

}  // namespace

Bell::Bell(const fs::path& slots) : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), stop_(make_eventfd()) {
  for (const auto& folder : {slots, slots / "waiting"})
    if (inotify_ && ::inotify_add_watch(inotify_.get(), folder.c_str(), IN_CLOSE_WRITE) < 0) inotify_.reset();
  if (inotify_) thread_ = std::thread([this] { listen(); });
}

Bell::~Bell() {
  ring(stop_.get());
  if (thread_.joinable()) thread_.join();
}

void Bell::listen() {
  while (true) {
    struct pollfd fds[2] = {{inotify_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[1].revents) return;
    char buffer[4096];
    while (::read(inotify_.get(), buffer, sizeof buffer) > 0) {
    }
    auto waiters = waiters_.lock();
    for (int fd : *waiters) ring(fd);
  }
}

Bell::Waiter::Waiter(Bell& bell, const fs::path& run_folder) : bell_(bell), fd_(make_eventfd()) {
  bell_.waiters_.lock()->insert(fd_.get());
  if (bell_.inotify_)
    watch_ = ::inotify_add_watch(bell_.inotify_.get(), run_folder.c_str(), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

Bell::Waiter::~Waiter() {
  if (watch_ >= 0) ::inotify_rm_watch(bell_.inotify_.get(), watch_);
  bell_.waiters_.lock()->erase(fd_.get());
}

void Bell::Waiter::drain() {
  std::uint64_t count = 0;
  [[maybe_unused]] auto n = ::read(fd_.get(), &count, sizeof count);
}

}  // namespace jerichoci
