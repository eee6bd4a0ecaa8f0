// The pool of read-only connections.
#pragma once
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "pika/db/connection.hpp"

namespace pika::db {

class Readers {
 public:
  Readers(std::filesystem::path path, unsigned most, Micros busy_timeout);
  // Waits until one is free. Opened when first needed; throws what Connection::open throws.
  Connection* take();
  void give_back(Connection* connection);

 private:
  const std::filesystem::path path_;
  const unsigned most_;
  const Micros busy_timeout_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> all_;
  std::vector<Connection*> free_;
  unsigned opened_ = 0;  // open or being opened
};

}  // namespace pika::db
