// Machine: what a runner decides, without sockets, files, threads or processes (docs/runner-protocol.md).
//
//   machine.received(message, now);              // or connected, tick, log_grew, ended ...
//   for (auto& action : machine.take_actions())  // the caller does what it decided
//
// The caller (Loop) is the only thread that touches it. Time is given, never asked for.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/forge_model/runner_protocol.hpp"

namespace pika::runner {

namespace wire = forge_model;

struct MachineConfig {
  std::string program, name, token;
  int slots = 1;
  wire::IsolationFacts isolation;
  std::uint64_t log_window = 4u << 20;  // bytes of log in flight without an ack, over all attempts
  Micros heartbeat = 10 * kSecond;
  Micros silence = 60 * kSecond;  // nothing heard for so long: the connection is given up
};

// --- what the caller is to do, in this order ---------------------------------------------------------------------

struct SendMessage {
  wire::Message message;
};
// Read [offset, offset + size) of the attempt's log from the spool and send it.
struct SendLog {
  wire::AttemptKey key;
  std::uint64_t offset = 0, size = 0;
};
// Write the assignment to the spool. If that fails: ended() with an infrastructure failure.
struct AcceptAttempt {
  wire::Assign assign;
};
// Begin to run it, on a thread of its own.
struct StartAttempt {
  wire::AttemptKey key;
};
// Ask the running lane to stop; ended() follows when it has.
struct StopAttempt {
  wire::AttemptKey key;
  std::string reason;
};
// It never began and won't: write this end to the spool, then ended().
struct EndUnstarted {
  wire::AttemptKey key;
  wire::AttemptResult result;
};
// The forge has all of it, or wants none of it: delete its spool.
struct ForgetAttempt {
  wire::AttemptKey key;
};
struct Disconnect {
  std::string why;
  bool refused = false;  // by the forge's word: try again, but not soon
};
// A fact for the log.
struct Note {
  std::string text;
};

using Action = std::variant<SendMessage, SendLog, AcceptAttempt, StartAttempt, StopAttempt, EndUnstarted, ForgetAttempt,
                            Disconnect, Note>;

// An attempt found in the spool at start.
struct Restored {
  wire::AttemptKey key;
  std::vector<json::Value> events;
  std::uint64_t log_size = 0;
  std::optional<wire::AttemptResult> result;  // none: it never began, and starts now
};

class Machine {
 public:
  explicit Machine(MachineConfig config);
  void restore(Restored attempt);  // before anything else

  void connected(Micros now);
  void disconnected();
  void received(const wire::Message& message, Micros now);
  void tick(Micros now);
  std::optional<Micros> next_tick() const;  // when tick() has something to do

  // From the lanes. log_grew: `size` is the whole log's.
  void log_grew(const wire::AttemptKey& key, std::uint64_t size);
  void event_added(const wire::AttemptKey& key, json::Value event);
  void ended(const wire::AttemptKey& key, wire::AttemptResult result, std::uint64_t log_size);

  // Nothing new from now on; what has not begun goes back to the forge.
  void drain();
  void stop_all(const std::string& reason);

  std::vector<Action> take_actions();

  bool draining() const { return draining_; }
  bool ready() const { return link_ == Link::ready; }
  std::size_t running() const;  // lanes on threads now
  bool empty() const { return attempts_.empty(); }

 private:
  enum class Link { down, greeting, ready };
  enum class Phase { waiting, running, ended };
  struct Attempt {
    Phase phase = Phase::waiting;
    bool stale = false;       // when it ends it is deleted, not delivered
    std::uint64_t order = 0;  // of arrival
    std::uint64_t log_size = 0, log_sent = 0, log_acked = 0;
    std::deque<std::pair<std::uint64_t, json::Value>> events;  // not acknowledged
    std::uint64_t event_last = 0, event_sent = 0;
    std::optional<wire::AttemptResult> result;
    bool done_sent = false;  // on this connection
  };

  void on(const wire::HelloOk& message);
  void on(const wire::HelloRefused& message);
  void on(const wire::Assign& message);
  void on(const wire::Cancel& message);
  void on(const wire::Ack& message);
  void apply(const wire::Ack& ack);
  void make_stale(const wire::AttemptKey& key);
  void forget(const wire::AttemptKey& key);
  void start_waiting();
  void refuse_waiting();
  void pump();
  bool pump_log(const wire::AttemptKey& key, Attempt& attempt);
  void heartbeat();
  void hang_up(std::string why, bool refused = false);
  void note(std::string text) { actions_.push_back(Note{std::move(text)}); }
  std::uint64_t in_flight() const;

  MachineConfig config_;
  Link link_ = Link::down;
  bool draining_ = false;
  Micros heard_at_ = 0, beat_at_ = 0;
  std::uint64_t arrivals_ = 0;
  std::map<wire::AttemptKey, Attempt> attempts_;
  std::vector<Action> actions_;
};

}  // namespace pika::runner
