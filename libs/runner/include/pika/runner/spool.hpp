// Spool: what the runner has not delivered, on disk, so that a killed runner or forge loses nothing.
//
//   spool/<attempt>-<fence>/assign.json   the assignment and the engine's run id; atomic, synced, first
//                           started       written before the lane begins
//                           log.raw       the attempt's log, appended; the only source of what is sent
//                           events.jsonl  one event a line, appended; the n-th line is event n
//                           done.json     the result; atomic, synced, last
//
// A folder whose assign.json is missing was never accepted and is removed; one whose files do not read is put aside
// as "bad-...", by name, and harms no other. Thread-safe: each attempt has one writer at a time.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "pika/base/fd.hpp"
#include "pika/forge_model/runner_protocol.hpp"

namespace pika::runner {

namespace wire = forge_model;

// Appends to one attempt's log.raw.
class AttemptLog {
 public:
  AttemptLog(UniqueFd fd, std::uint64_t size, std::function<void(std::uint64_t size)> grew);
  void append(std::string_view bytes);  // throws SystemError
  void line(std::string_view text);     // on a line of its own
  std::uint64_t size() const { return size_; }

 private:
  UniqueFd fd_;
  std::uint64_t size_ = 0;
  char last_ = '\n';
  std::function<void(std::uint64_t)> grew_;
};

struct SpooledAttempt {
  wire::Assign assign{};
  std::string run_id{};
  bool started = false;
  std::uint64_t log_size = 0;
  std::vector<json::Value> events{};
  std::optional<wire::AttemptResult> result{};
};

class Spool {
 public:
  explicit Spool(std::filesystem::path folder);  // made when it is not there
  // All throw SystemError when the disk refuses.
  void create(const wire::Assign& assign, const std::string& run_id);
  void mark_started(const wire::AttemptKey& key);
  AttemptLog open_log(const wire::AttemptKey& key, std::function<void(std::uint64_t)> grew);
  void append_event(const wire::AttemptKey& key, const json::Value& event);
  void finish(const wire::AttemptKey& key, const wire::AttemptResult& result);
  void remove(const wire::AttemptKey& key);
  // Fewer bytes where the file is shorter.
  std::string read_log(const wire::AttemptKey& key, std::uint64_t offset, std::uint64_t size) const;
  // not_found when there is none such, invalid when it does not read.
  Result<SpooledAttempt> load(const wire::AttemptKey& key) const;
  // Everything there is, sorted; what had to be put aside is told in `warnings`.
  std::vector<SpooledAttempt> load_all(std::vector<std::string>* warnings);
  std::filesystem::path path(const wire::AttemptKey& key) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace pika::runner
