// The runner protocol: what `pika-runner` and the forge say to each other (docs/runner-protocol.md).
//
//   FrameReader reader;
//   reader.feed(bytes_from_the_socket);
//   while (auto frame = PIKA_TRY(reader.next())) {
//     auto message = PIKA_TRY(decode_message(*frame));
//     if (auto* assign = std::get_if<Assign>(&message)) ...
//   }
//   write_all(fd, PIKA_TRY(encode_frame(Ack{...})));
//
// A frame is a length (u32, big endian, of what follows) and that many bytes of JSON: one object with a "type". Log
// bytes travel as base64 inside it: a log is any bytes and JSON is UTF-8; one kind of frame that any tool can read is
// worth a third more bytes on what is mostly a local socket. Unknown fields are passed over, an unknown type is
// UnknownMessage; both are how N and N-1 live together. Values only, no thread, no socket.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/base/strong_id.hpp"
#include "pika/json/json.hpp"

namespace pika::forge_model {

inline constexpr int kRunnerProtocolVersion = 1;  // what we speak; N-1 is accepted too
inline constexpr int kRunnerProtocolOldest = 1;
inline constexpr std::size_t kMaxFrame = 16u << 20;      // bytes of JSON; a larger length is refused unread
inline constexpr std::size_t kMaxLogPiece = 256u << 10;  // raw bytes in one `log` message

using AttemptId = StrongId<struct AttemptIdTag, std::int64_t>;  // the forge's, unique in its database
using Fence = StrongId<struct FenceTag, std::int64_t>;          // grows with each claim of an attempt

// One claim of one attempt: what every message about work names. A message with another fence than the newest claim's
// is stale and changes nothing.
struct AttemptKey {
  AttemptId attempt;
  Fence fence;
  auto operator<=>(const AttemptKey&) const = default;
  bool operator==(const AttemptKey&) const = default;
  std::string text() const;  // "17-3": for log lines and file names
};

// --- runner to forge -------------------------------------------------------------------------------------------------

// What the runner's host can isolate with (jerichoci::IsolationReport, as it goes over the wire).
struct IsolationFacts {
  bool sandbox = false;
  std::string why_not, remedy, workspace_kind;
  std::vector<std::string> limits;
  bool host_process = false;  // an administrator allowed it on this host
};

struct ActiveAttempt {
  AttemptKey key;
  std::uint64_t log_offset = 0;  // size of the attempt's raw log in the runner's spool
  std::uint64_t event_seq = 0;   // newest event in the spool
  bool done = false;             // it has ended; its `done` is in the spool
};

// First message of every connection. Answered by HelloOk or HelloRefused; nothing else is sent before.
struct Hello {
  int version = kRunnerProtocolVersion;
  std::string program;  // "pika-runner 0.1.0"
  std::string name;     // the runner's
  std::string token;    // of role runner; may be empty over a Unix socket that only the forge's user can open
  int slots = 1;
  IsolationFacts isolation;
  std::vector<ActiveAttempt> active;  // running, waiting for a slot, and ended but not acknowledged
};

// Every 10 s; the forge answers with a Heartbeat of its own (running empty).
struct Heartbeat {
  std::vector<AttemptKey> running;  // also those that wait for a slot
  bool draining = false;            // takes no new work
};

// An engine event (JSON lines of jerichoci) or one of the runner's own: attempt_started, attempt_fetched.
struct Event {
  AttemptKey key;
  std::uint64_t seq = 0;  // 1, 2, 3 ... of this attempt
  json::Value event;      // object
};

// Bytes [offset, offset + bytes.size()) of the attempt's raw log. The forge keeps what is new to it: a piece that
// begins below its own size overlaps (resent); one that begins above is a gap: close the connection, hello mends it.
struct Log {
  AttemptKey key;
  std::uint64_t offset = 0;
  std::string bytes;  // raw; base64 in JSON
};

struct AttemptResult {
  std::string status{};            // passed failed skipped cancelled nothing_ran; kept as it came
  std::string failure{};           // "" or a failure kind of contracts.md; kept as it came
  std::string message{};           // one sentence
  std::optional<int> exit_code{};  // of the job that decided, when there was one
  std::string run_id{};            // the engine's; empty when no run began
  json::Value run{};               // RunRecord object, or null
};

// Sent after all of the log and events; sent again on every connection until acknowledged.
struct Done {
  AttemptKey key;
  AttemptResult result;
  std::uint64_t log_bytes = 0;  // size of the whole raw log
  std::uint64_t event_seq = 0;  // number of events
};

// The runner won't take an assignment (it drains). The forge puts the lane back into its queue.
struct Refuse {
  AttemptKey key;
  std::string reason;
};

// --- forge to runner -------------------------------------------------------------------------------------------------

// What the forge has of an attempt. From it the runner knows what to send again and what it may delete.
struct Ack {
  AttemptKey key;
  std::uint64_t event_seq = 0;   // events 1..seq are stored
  std::uint64_t log_offset = 0;  // bytes [0, offset) are stored
  bool done = false;             // the result is stored: delete the spool
  bool stale = false;            // this claim is over or unknown: stop, delete, say nothing more
};

struct HelloOk {
  int version = kRunnerProtocolVersion;  // min of both sides
  std::vector<Ack> acks;                 // one for each of Hello::active
};

struct HelloRefused {
  std::string code;  // version, token, name
  std::string message, advice;
};

// A branch that landed, and the tree that its target has by that.
struct LandedBranch {
  std::string branch, tree;  // "#132"; 40 hex digits
  friend bool operator==(const LandedBranch&, const LandedBranch&) = default;
};

// One lane to run, on exactly this tree.
struct Assign {
  AttemptKey key;
  std::string repository;    // "O/N"
  std::string git_url;       // http(s)://host/O/N.git, or an absolute path on the same host
  std::string commit, tree;  // 40 hex digits; the runner checks that the one has the other
  std::string lane, lane_title, target;
  std::vector<json::Value> jobs;  // jerichoci::JobSpec objects, opaque here
  std::vector<std::string> changed_files, filters;
  std::vector<std::pair<std::string, std::string>> labels;  // kept in the run record
  bool gate = true;                  // its verdict may decide a landing: nothing is reused for it
  std::vector<LandedBranch> landed;  // of the repository's target, the newest few, oldest first: their caches are its
};

struct Cancel {
  AttemptKey key;
  std::string reason;  // shown in the log: "version 4 superseded this one"
};

// A type that this version does not know: passed over.
struct UnknownMessage {
  std::string type;
};

using Message = std::variant<Hello, HelloOk, HelloRefused, Assign, Cancel, Refuse, Heartbeat, Event, Log, Done, Ack,
                             UnknownMessage>;

// "assign"; what `type` says in JSON.
std::string_view message_type(const Message& message);

json::Value to_json(const Message& message);
// invalid, naming the message and the field.
Result<Message> message_from_json(const json::Value& value);

// The text of one frame's body. invalid when it is no JSON object or a field is wrong.
Result<Message> decode_message(std::string_view body);
// Length and body. too_large when the body would be above kMaxFrame (a change of a million files in `changed_files`).
Result<std::string> encode_frame(const Message& message);

// Results that are stored by themselves (the runner's spool) use the same words.
json::Value to_json(const AttemptResult& result);
Result<AttemptResult> attempt_result_from_json(const json::Value& value);

// Cuts a stream of bytes into frames. After an error the stream is lost: close the connection.
class FrameReader {
 public:
  void feed(std::string_view bytes);
  // The next whole body, or nullopt until more bytes come. too_large for a length above kMaxFrame, invalid for 0.
  Result<std::optional<std::string>> next();
  std::size_t buffered() const { return buffer_.size() - begin_; }

 private:
  std::string buffer_;
  std::size_t begin_ = 0;  // bytes before it are used up
};

}  // namespace pika::forge_model
