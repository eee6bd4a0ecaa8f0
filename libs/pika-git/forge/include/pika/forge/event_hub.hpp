// The event hub: tells open pages what changed. Frames are server-sent events whose id is the journal's sequence, so
// that a reader that lost its connection resumes with Last-Event-ID; log.appended is told without id and not kept.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "pika/http/message.hpp"
#include "pika/store/store.hpp"

namespace pika::forge {

class EventHub {
 public:
  explicit EventHub(store::Store& store);
  ~EventHub();
  void start();
  void stop();
  // Events of one repository (all when empty), from after `since` on.
  std::shared_ptr<http::EventStream> subscribe(std::optional<store::RepositoryId> repository, std::int64_t since);
  void kick();  // the journal grew
  void tell_now(store::RepositoryId repository, std::string_view kind, const std::string& data);

 private:
  struct Reader {
    std::weak_ptr<http::EventStream> stream;
    std::optional<store::RepositoryId> repository;
    std::int64_t sent = 0;  // journal sequence
  };
  void run();
  store::Store& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Reader> readers_;
  bool stop_ = false, grown_ = false;
  std::thread thread_;
};

}  // namespace pika::forge
