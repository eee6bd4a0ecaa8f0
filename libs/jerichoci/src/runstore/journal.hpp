// events.jsonl of a run: every event is in the file before anybody is told. A reader that is slow, closed or broken
// gets its events from a thread of its own and can hold up nothing but itself.
//
// The file holds whole lines, one JSON object each, in the order of "seq". A disk that took only a part of a line gets
// it cut away again; an engine killed in the middle of one leaves a torn line, which whoever goes on ends, so that it
// stays one line. Readers take lines up to the last '\n' and leave out what is no JSON (events.hpp).
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
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
  // Goes on behind what is in the file: the settling of a dead engine's run is an event of that run. `patience`: how
  // long the end waits for the sink, see EngineConfig::sink_patience.
  Journal(const std::filesystem::path& file, std::string run_id, EventSink sink,
          pika::Micros patience = 10 * pika::kSecond);
  // Gives the sink what is left, as far as its patience reaches, then returns.
  ~Journal();

  // Adds schema_version, seq, time, event and run_id. Thread-safe. A disk that does not take it is logged: the
  // record of the run is what counts.
  void event(std::string_view name, pika::json::Object fields = {});

 private:
  struct State {
    pika::UniqueFd fd;
    std::uint64_t seq = 0;
    std::uint64_t size = 0;  // of the file, in whole lines
  };
  // What the thread that calls the sink shares with us. It outlives us when the sink never returns.
  struct Reader;
  void append(State& state, const std::string& line);

  std::string run_id_;
  pika::Micros patience_;
  pika::Sync<State> state_;
  std::shared_ptr<Reader> reader_;
  std::thread thread_;
};

}  // namespace jerichoci
