#include "run/slots.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "pika/base/files.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::SystemError;
using pika::UniqueFd;

Slots::Slots(const fs::path& state_root, unsigned count) : folder_(state_root / "slots"), count_(count) {
  if (count_ == 0) count_ = std::max(1u, std::thread::hardware_concurrency());
  pika::make_dirs(folder_);
}

std::optional<Slot> Slots::try_take() const {
  for (unsigned i = 0; i < count_; ++i) {
    auto path = folder_ / std::to_string(i);
    // Read-only, so that a look at a taken slot rings no bell when it is closed again.
    UniqueFd lock(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) throw SystemError(fmt::format("open '{}'", path.string()));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK || errno == EINTR) continue;
      throw SystemError(fmt::format("flock '{}'", path.string()));
    }
    UniqueFd bell(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!bell) throw SystemError(fmt::format("open '{}'", path.string()));
    return Slot(std::move(lock), std::move(bell));
  }
  return std::nullopt;
}

}  // namespace jerichoci
