// Loop: the runner's one connection and its lanes' threads around a Machine.
//
//   Loop loop(options, spool, lanes);
//   loop.restore(spooled);
//   auto why = loop.run();          // blocks
//   loop.drain();                   // from another thread: end when the running lanes have
//
// One thread polls socket, wake-ups and time; each running lane has a thread of its own and speaks to the loop through
// a queue. Connecting again is tried after 50 ms, doubling to 2 s, each with jitter; after a refusal, 30 s.
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "jerichoci/jerichoci.hpp"
#include "pika/base/sync.hpp"
#include "pika/runner/machine.hpp"
#include "pika/runner/spool.hpp"

namespace pika::runner {

// What a lane tells while it runs; thread-safe.
struct LaneReport {
  std::function<void(const json::Value& event)> event;
};

// Runs one attempt to its end. Called on a thread of its own; must return soon after `cancel` says so. What it throws
// becomes an infrastructure failure.
class LaneRunner {
 public:
  virtual ~LaneRunner() = default;
  virtual wire::AttemptResult run(const wire::Assign& assign, const std::string& run_id, AttemptLog& log,
                                  const LaneReport& report, const jerichoci::CancelToken& cancel) = 0;
};

struct LoopOptions {
  MachineConfig machine;
  std::function<Result<UniqueFd>()> connect;  // a connected, non-blocking stream
  std::function<std::string()> new_run_id;    // a ULID
  std::function<double()> jitter;             // in [0, 1)
  std::optional<Micros> linger{};             // end when disconnected for so long with nothing to run or deliver
  Micros drain_limit = 10 * 60 * kSecond;     // after it, running lanes are cancelled
  Micros deliver_limit = 5 * kSecond;         // when draining: how long to wait for the last acks
};

class Loop {
 public:
  enum class End { drained, lingered };
  Loop(LoopOptions options, Spool& spool, LaneRunner& lanes);
  ~Loop();                               // cancels and joins what runs
  void restore(SpooledAttempt attempt);  // before run()
  End run();
  void drain();  // any thread

 private:
  struct Lane {
    std::jthread thread;
    jerichoci::CancelToken cancel;
    Sync<std::string> reason;  // why it is cancelled
  };
  struct LogGrew {
    wire::AttemptKey key;
    std::uint64_t size;
  };
  struct EventAdded {
    wire::AttemptKey key;
    json::Value event;
  };
  struct Ended {
    wire::AttemptKey key;
    wire::AttemptResult result;
    std::uint64_t log_size;
  };
  using Happening = std::variant<LogGrew, EventAdded, Ended>;

  void tell(Happening happening);
  void wake();
  void take_happenings();
  void act();
  void perform(const SendMessage& action);
  void perform(const SendLog& action);
  void perform(const AcceptAttempt& action);
  void perform(const StartAttempt& action);
  void perform(const StopAttempt& action);
  void perform(const EndUnstarted& action);
  void perform(const ForgetAttempt& action);
  void perform(const Disconnect& action);
  void perform(const Note& action);
  void run_lane(const wire::AttemptKey& key, Lane& lane);
  wire::AttemptResult guarded_run(const SpooledAttempt& spooled, AttemptLog& log, Lane& lane);
  void try_connect(Micros now);
  void lost_connection(const std::string& why);
  void read_socket();
  void write_socket();
  void wait(Micros now);
  bool drained(Micros now);
  bool lingered(Micros now) const;

  LoopOptions options_;
  Spool& spool_;
  LaneRunner& lanes_runner_;
  Machine machine_;
  UniqueFd wake_;
  UniqueFd socket_;
  wire::FrameReader reader_;
  std::string out_;  // frames; the first out_sent_ bytes are gone out
  std::size_t out_sent_ = 0;
  Micros retry_at_ = 0, backoff_ = 0, down_since_ = 0;
  std::string last_trouble_;
  std::optional<Micros> drain_began_{}, idle_since_{};
  bool drain_cancelled_ = false;
  Sync<std::vector<Happening>> happenings_;
  std::atomic<bool> drain_asked_{false};
  std::map<wire::AttemptKey, std::unique_ptr<Lane>> lanes_;
};

}  // namespace pika::runner
