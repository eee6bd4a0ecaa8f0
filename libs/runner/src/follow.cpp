#include "pika/runner/follow.hpp"

#include <chrono>

#include "pika/runner/lane_text.hpp"

namespace pika::runner {

namespace {
constexpr std::chrono::milliseconds kLook{50};  // how old a line may be when people see it
constexpr std::uint64_t kPiece = 256u << 10;
}  // namespace

LogFollower::LogFollower(std::vector<std::string> jobs, Reader read, AttemptLog& log)
    : read_(std::move(read)), log_(log) {
  for (auto& id : jobs) jobs_.push_back({std::move(id)});
  thread_ = std::thread([this] { follow(); });
}

void LogFollower::follow() {
  while (true) {
    {
      auto state = state_.lock();
      if (!state->stop) state.wait_for(changed_, kLook);
      if (state->stop) return;
    }
    copy_new();
  }
}

std::string LogFollower::finish() {
  if (!thread_.joinable()) return trouble_;
  state_.lock()->stop = true;
  changed_.notify_all();
  thread_.join();
  copy_new();
  return trouble_;
}

void LogFollower::copy_new() {
  if (!trouble_.empty()) return;
  try {
    for (auto& job : jobs_) {
      for (auto bytes = read_(job.id, job.offset, kPiece); !bytes.empty(); bytes = read_(job.id, job.offset, kPiece)) {
        if (jobs_.size() > 1 && last_ != &job) log_.line(job_line(job.id));
        last_ = &job;
        log_.append(bytes);
        job.offset += bytes.size();
      }
    }
  } catch (const std::exception& error) {
    trouble_ = error.what();
  }
}

}  // namespace pika::runner
