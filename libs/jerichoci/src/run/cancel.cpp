#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "jerichoci/jerichoci.hpp"
#include "pika/base/fd.hpp"

namespace jerichoci {

// Eventfds that are written once and never read: readable for everybody, for ever.
struct CancelToken::State {
  pika::UniqueFd fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  pika::UniqueFd kill{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

namespace {

void set(const pika::UniqueFd& event) {
  std::uint64_t one = 1;
  [[maybe_unused]] auto n = ::write(event.get(), &one, sizeof one);
}

bool is_set(const pika::UniqueFd& event) {
  struct pollfd p{event.get(), POLLIN, 0};
  return ::poll(&p, 1, 0) > 0;
}

}  // namespace

CancelToken::CancelToken() : state_(std::make_shared<State>()) {
  if (!state_->fd || !state_->kill) throw pika::SystemError("eventfd");
}

void CancelToken::cancel() const {
  set(state_->fd);
}

bool CancelToken::cancelled() const {
  return is_set(state_->fd);
}

int CancelToken::fd() const {
  return state_->fd.get();
}

void CancelToken::kill() const {
  set(state_->kill);
  cancel();
}

bool CancelToken::killed() const {
  return is_set(state_->kill);
}

int CancelToken::kill_fd() const {
  return state_->kill.get();
}

}  // namespace jerichoci
