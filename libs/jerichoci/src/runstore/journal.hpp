// events.jsonl of a run: every event is in the file before anybody is told. A reader that is slow, closed or broken
// gets its events from a thread of its own and can hold up nothing but itself.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include "jerichoci/jerichoci.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/sync.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

class Journal {
 public:
  // Goes on behind what is in the file: the settling of a dead engine's run is an event of that run.
  Journal(const std::filesystem::path& file, std::string run_id, EventSink sink);
  ~Journal();  // gives the sink what is left, then returns

  // Adds schema_version, seq, time, event and run_id. Thread-safe. A disk that does not take it is logged: the
  // record of the run is what counts.
  void event(std::string_view name, pika::json::Object fields = {});

 private:
  void deliver();
  void complain(std::string_view why);
  struct State {
    pika::UniqueFd fd;
    std::uint64_t seq = 0;
    std::deque<pika::json::Value> waiting;
    bool closing = false;
  };
  std::string run_id_;
  EventSink sink_;
  pika::Sync<State> state_;
  std::condition_variable changed_;
  bool complained_ = false;  // the reader thread's own
  std::thread reader_;
};

}  // namespace jerichoci
