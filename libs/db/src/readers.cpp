#include "readers.hpp"

#include <algorithm>

namespace pika::db {

Readers::Readers(std::filesystem::path path, unsigned most, Micros busy_timeout)
    : path_(std::move(path)), most_(std::max(1u, most)), busy_timeout_(busy_timeout) {}

Connection* Readers::take() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [this] { return !free_.empty() || opened_ < most_; });
  if (!free_.empty()) {
    Connection* connection = free_.back();
    free_.pop_back();
    return connection;
  }
  ++opened_;
  lock.unlock();
  try {
    auto connection = std::make_unique<Connection>(Connection::open(path_, Connection::Mode::read_only, busy_timeout_));
    lock.lock();
    return all_.emplace_back(std::move(connection)).get();
  } catch (...) {
    if (!lock.owns_lock()) lock.lock();
    --opened_;
    freed_.notify_one();
    throw;
  }
}

void Readers::give_back(Connection* connection) {
  std::lock_guard lock(mutex_);
  free_.push_back(connection);
  freed_.notify_one();
}

}  // namespace pika::db
