// The host's capacity, shared fairly by every run of every program with this state root.
//
// slots/<n>          locked by the holder, which wrote its run's id into it. A holder that dies frees it by itself.
// slots/waiting/<r>  locked by run r while a job of it waits for slots; holds "<since> <want>": monotonic microseconds,
//                    and how many slots that job takes.
// slots/.lock        held for the moment in which somebody looks and takes.
//
// Closing a file of slots/ or slots/waiting/ that was open for writing rings the bell (bell.hpp) of everybody who
// waits: a slot is free, or somebody left the line.
#pragma once
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/base/fd.hpp"
#include "run/fair.hpp"

namespace jerichoci {

// Slots that one job holds.
class Slot {
 public:
  Slot() = default;

 private:
  friend class SlotLine;
  // Open for writing: its closing wakes those who watch the folder, also when we are killed. Declared first, so that
  // they are closed after the locks are free.
  std::vector<pika::UniqueFd> bells_;
  std::vector<pika::UniqueFd> locks_;
};

class Slots {
 public:
  Slots(const std::filesystem::path& state_root, unsigned count);
  unsigned count() const { return count_; }
  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path waiting_folder() const { return folder_ / "waiting"; }

 private:
  friend class SlotLine;
  std::filesystem::path folder_;
  unsigned count_;
  std::mutex mutex_;  // slots/.lock among the threads of this program
};

// One run's place in the line. Belongs to one thread.
class SlotLine {
 public:
  SlotLine(Slots& slots, std::string run_id) : slots_(slots), run_id_(std::move(run_id)) {}

  // `weight` slots at once (all there are, if that is fewer), when it is this run's turn and they are free. Nothing:
  // the run stays in the line, and the bell rings when it is worth to ask again. Somebody who has the turn, finds what
  // it wants free and does not take it (a stopped process) is passed over after some seconds.
  std::optional<Slot> try_take(unsigned weight);
  // No job of the run waits any more. Also when the object goes, and when the process dies.
  void leave();
  ~SlotLine() { leave(); }
  SlotLine(const SlotLine&) = delete;
  SlotLine& operator=(const SlotLine&) = delete;

 private:
  struct Look;
  Look look(bool whole_host) const;
  std::vector<WaitingRun> others() const;
  Slot take(Look& look, unsigned weight);
  bool may_take(const WaitingRun& me, const std::vector<WaitingRun>& waiting, std::size_t free);
  void stand(const WaitingRun& me);
  Slots& slots_;
  std::string run_id_;
  pika::UniqueFd place_;                     // our file of waiting/, locked
  WaitingRun said_;                          // what is in it
  std::optional<pika::Micros> passed_over_;  // since when slots are free for us and kept for somebody else
};

}  // namespace jerichoci
