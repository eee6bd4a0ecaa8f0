#include "run/slots.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <thread>

#include "pika/base/files.hpp"
#include "pika/base/result.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::Micros;
using pika::SystemError;
using pika::UniqueFd;

namespace {

constexpr Micros kPatience = 3 * pika::kSecond;

UniqueFd open_or_throw(const fs::path& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
  return fd;
}

bool lock_now(int fd, const fs::path& path) {
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK || errno == EINTR) return false;
  throw SystemError(fmt::format("flock '{}'", path.string()));
}

// The whole of a small file.
std::string content_of(int fd) {
  char buffer[128];
  auto n = ::pread(fd, buffer, sizeof buffer, 0);
  return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
}

void set_content(int fd, std::string_view text) {
  // A disk that is full costs fairness, not the job: an unreadable file counts as one that says nothing.
  if (::ftruncate(fd, 0) == 0) [[maybe_unused]]
    auto n = ::pwrite(fd, text.data(), text.size(), 0);
}

}  // namespace

Slots::Slots(const fs::path& state_root, unsigned count) : folder_(state_root / "slots"), count_(count) {
  if (count_ == 0) count_ = std::max(1u, std::thread::hardware_concurrency());
  pika::make_dirs(folder_);
  pika::make_dirs(waiting_folder());
}

// What is free, and who has what is not.
struct SlotLine::Look {
  std::vector<std::pair<fs::path, UniqueFd>> free;  // locked by us
  std::map<std::string, unsigned> held;             // by run id
};

SlotLine::Look SlotLine::look(bool whole_host) const {
  Look out;
  for (unsigned i = 0; i < slots_.count_; ++i) {
    auto path = slots_.folder_ / std::to_string(i);
    // Read-only, so that a look at a taken slot rings no bell when it is closed again.
    auto fd = open_or_throw(path, O_RDONLY | O_CREAT);
    if (lock_now(fd.get(), path)) {
      out.free.emplace_back(std::move(path), std::move(fd));
    } else if (whole_host) {
      ++out.held[content_of(fd.get())];
    }
  }
  return out;
}

// Runs that wait beside us; what a dead one left goes.
std::vector<WaitingRun> SlotLine::others() const {
  std::vector<WaitingRun> out;
  for (const auto& entry : fs::directory_iterator(slots_.waiting_folder())) {
    auto id = entry.path().filename().string();
    if (id == run_id_) continue;
    UniqueFd fd(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) continue;
    if (lock_now(fd.get(), entry.path())) {
      ::unlink(entry.path().c_str());
      continue;
    }
    auto text = content_of(fd.get());
    auto words = pika::split(text, ' ');
    auto since = pika::parse_number<Micros>(words[0]);
    auto want = words.size() > 1 ? pika::parse_number<unsigned>(words[1]) : std::nullopt;
    out.push_back({std::move(id), 0, want.value_or(1), since.value_or(0)});
  }
  return out;
}

Slot SlotLine::take(Look& look, unsigned weight) {
  Slot slot;
  for (unsigned i = 0; i < weight; ++i) {
    auto& [path, lock] = look.free[i];
    auto bell = open_or_throw(path, O_WRONLY);
    set_content(bell.get(), run_id_);
    slot.bells_.push_back(std::move(bell));
    slot.locks_.push_back(std::move(lock));
  }
  return slot;
}

// Its turn, or that of somebody who does not come for it.
bool SlotLine::may_take(const WaitingRun& me, const std::vector<WaitingRun>& waiting, std::size_t free) {
  auto* first = turn_before(me, waiting);
  if (!first || first->want > free) {  // who wants more than is free rightly waits for the rest of it
    passed_over_.reset();
    return !first;
  }
  if (!passed_over_) passed_over_ = pika::monotonic_now();
  return pika::monotonic_now() - *passed_over_ > kPatience;
}

void SlotLine::stand(const WaitingRun& me) {
  if (!place_) {
    auto path = slots_.waiting_folder() / run_id_;
    auto fd = open_or_throw(path, O_RDWR | O_CREAT | O_NOFOLLOW);
    if (!lock_now(fd.get(), path)) return;  // only one engine runs a run; never mind the line
    place_ = std::move(fd);
    said_ = {};
  }
  if (said_.since != me.since || said_.want != me.want)
    set_content(place_.get(), fmt::format("{} {}", me.since, me.want));
  said_ = me;
}

void SlotLine::leave() {
  if (!place_) return;
  ::unlink((slots_.waiting_folder() / run_id_).c_str());
  place_.reset();
  passed_over_.reset();
}

std::optional<Slot> SlotLine::try_take(unsigned weight) {
  weight = std::clamp(weight, 1u, slots_.count_);
  std::lock_guard inside(slots_.mutex_);
  auto lock_path = slots_.folder_ / ".lock";
  auto lock = open_or_throw(lock_path, O_RDONLY | O_CREAT);
  for (int tries = 0; !lock_now(lock.get(), lock_path); ++tries) {
    if (tries > 200) return std::nullopt;  // whoever has it was stopped in the middle; ask again later
    ::poll(nullptr, 0, 1);
  }
  auto waiting = others();
  auto now = look(!waiting.empty());
  for (auto& other : waiting) other.held = now.held[other.run_id];
  WaitingRun me{run_id_, now.held[run_id_], weight, place_ ? said_.since : pika::monotonic_now()};
  if (now.free.size() < weight || !may_take(me, waiting, now.free.size())) {
    stand(me);
    return std::nullopt;
  }
  passed_over_.reset();
  auto slot = take(now, weight);
  if (place_) {  // whoever got something waits anew
    me.since = pika::monotonic_now();
    stand(me);
  }
  // Somebody else may have the turn now, and what is still free is for them: they are told.
  if (!waiting.empty() && now.free.size() > weight) open_or_throw(slots_.folder_ / ".ring", O_WRONLY | O_CREAT);
  return slot;
}

}  // namespace jerichoci
