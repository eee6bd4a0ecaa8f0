#include "run/record_keeper.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/log.hpp"

namespace jerichoci {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kSmall = 64;
constexpr pika::Micros kOften = pika::kSecond / 5;
constexpr pika::Micros kShare = 40;  // of the time at most a fortieth goes into writing
constexpr const char* kReserve = ".reserve";

std::size_t nodes_of(const RunRecord& run) {
  return run.jobs.size() + run.prepared.size();
}

void reserve_room(const fs::path& path, std::size_t bytes) {
  pika::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw pika::SystemError(fmt::format("create '{}'", path.string()));
  if (int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes)); error == ENOSPC)
    throw pika::SystemError(error, fmt::format("reserve room in '{}'", path.string()));
}

void sync_file(const fs::path& path) {
  pika::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) throw pika::SystemError(fmt::format("sync '{}'", path.string()));
}

}  // namespace

void RecordKeeper::write_first(const RunRecord& run) {
  store_.write_record(run, RunStore::Durable::no);
  written_ = pika::monotonic_now();
  reserve_room(store_.run_folder(run.run_id) / kReserve, 256 * 1024 + 4096 * nodes_of(run));
}

void RecordKeeper::changed(const RunRecord& run) {
  if (nodes_of(run) <= kSmall) return write(run);
  if (!due_) due_ = written_ + std::max(kOften, kShare * cost_);
}

void RecordKeeper::write_due(const RunRecord& run) {
  if (due_ && pika::monotonic_now() >= *due_) write(run);
}

void RecordKeeper::write(const RunRecord& run) {
  due_.reset();
  auto began = pika::monotonic_now();
  try {
    store_.write_record(run, RunStore::Durable::no);
  } catch (const pika::SystemError& error) {
    pika::log_error("jerichoci", "run {}: {}", run.run_id, error.what());
  }
  written_ = pika::monotonic_now();
  cost_ = written_ - began;
}

void RecordKeeper::write_last(const RunRecord& run) {
  auto folder = store_.run_folder(run.run_id);
  ::unlink((folder / kReserve).c_str());
  sync_file(folder / "plan.json");
  store_.write_record(run, RunStore::Durable::yes);
  due_.reset();
}

}  // namespace jerichoci
