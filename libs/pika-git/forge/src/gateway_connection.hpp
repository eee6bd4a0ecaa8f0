// One connected runner, as the files of the gateway share it.
#pragma once
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "pika/base/log.hpp"
#include "pika/forge/gateway.hpp"

namespace pika::forge {

namespace fm = forge_model;

// Its thread reads; anybody writes, a frame at a time.
struct Gateway::Connection {
  UniqueFd fd;
  std::mutex write_mutex;
  std::string name;  // set by hello
  RunnerInfo info;
  bool draining = false;
  std::atomic<bool> ended{false};
  std::map<fm::AttemptKey, std::uint64_t> events;  // newest event seen of each claim
  std::map<fm::AttemptKey, Micros> told;           // when the growth of a log was last told
  std::map<fm::AttemptKey, bool> started;

  bool send(const fm::Message& message) {
    auto frame = fm::encode_frame(message);
    if (!frame) {
      log_error("gateway", "{}", frame.error().what);
      return false;
    }
    try {
      std::lock_guard lock(write_mutex);
      write_all(fd.get(), *frame);
      return true;
    } catch (const SystemError&) {
      close();  // half a frame may be out: nothing after it can be read
      return false;
    }
  }
  void close() { ::shutdown(fd.get(), SHUT_RDWR); }
};

inline domain::AttemptId id_of(const fm::AttemptKey& key) {
  return domain::AttemptId(key.attempt.value());
}
inline fm::AttemptKey key_of(domain::AttemptId attempt, std::int64_t fence) {
  return {fm::AttemptId(attempt.value()), fm::Fence(fence)};
}

}  // namespace pika::forge
