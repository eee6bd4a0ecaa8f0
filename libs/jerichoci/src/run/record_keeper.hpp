// run.json of a run while it is driven: written when it changes, but not so often that a run of a thousand jobs, each
// of which changes it twice, costs the square of that.
#pragma once
#include <filesystem>
#include <optional>

#include "jerichoci/model.hpp"
#include "pika/base/clock.hpp"
#include "runstore/run_store.hpp"

namespace jerichoci {

// Belongs to one thread.
class RecordKeeper {
 public:
  explicit RecordKeeper(const RunStore& store) : store_(store) {}

  // The first record, and room on the disk that the last one will have, however full the jobs make it. Throws.
  void write_first(const RunRecord& run);
  // Up to 64 nodes: at once. More: see due(), at most every 200 ms and so that writing stays a small part of the time;
  // the jobs that can begin begin first. Between begin and end the record is a help for readers: trouble with it is
  // logged and does not stop the run.
  void changed(const RunRecord& run);
  // When write_due has something to do, monotonic.
  std::optional<pika::Micros> due() const { return due_; }
  void write_due(const RunRecord& run);
  // The last one, on the disk when this returns. Throws SystemError when it is not.
  void write_last(const RunRecord& run);

 private:
  void write(const RunRecord& run);
  const RunStore& store_;
  std::optional<pika::Micros> due_;
  pika::Micros written_ = 0, cost_ = 0;
};

}  // namespace jerichoci
