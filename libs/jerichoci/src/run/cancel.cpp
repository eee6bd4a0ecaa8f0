#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "jerichoci/jerichoci.hpp"
#include "pika/base/fd.hpp"

namespace jerichoci {

// An eventfd that is written once and never read: readable for everybody, for ever.
struct CancelToken::State {
  pika::UniqueFd fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

CancelToken::CancelToken() : state_(std::make_shared<State>()) {
  if (!state_->fd) throw pika::SystemError("eventfd");
}

void CancelToken::cancel() const {
  std::uint64_t one = 1;
  [[maybe_unused]] auto n = ::write(state_->fd.get(), &one, sizeof one);
}

bool CancelToken::cancelled() const {
  struct pollfd p{state_->fd.get(), POLLIN, 0};
  return ::poll(&p, 1, 0) > 0;
}

int CancelToken::fd() const {
  return state_->fd.get();
}

}  // namespace jerichoci
