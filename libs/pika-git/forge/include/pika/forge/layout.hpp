// Where things are in the data folder (contracts: DATA/{lock, server.toml, db/, repos/, diffs/, logs/, blobs/, runner/,
// run/, backup/}). Paths only; nothing here looks at the disk but make().
#pragma once
#include <filesystem>

#include "pika/domain/types.hpp"
#include "pika/domain/words_queue.hpp"

namespace pika::forge {

namespace fs = std::filesystem;

struct Layout {
  fs::path data;

  void make() const;  // the folders, mode 0700
  fs::path lock() const { return data / "lock"; }
  fs::path settings() const { return data / "server.toml"; }
  fs::path repository(const domain::Repository& r) const { return data / "repos" / r.owner / (r.name + ".git"); }
  fs::path hooks() const { return data / "run/hooks"; }
  fs::path admin_socket() const { return data / "run/admin.sock"; }
  fs::path runner_socket() const { return data / "run/runner.sock"; }
  fs::path spool() const { return data / "run/spool"; }
  fs::path runner_state() const { return data / "runner/state"; }
  fs::path runner_token() const { return data / "runner/token"; }
  fs::path runner_log() const { return data / "runner/runner.log"; }
  fs::path diff(domain::VersionId v) const { return data / "diffs" / (std::to_string(v.value()) + ".diff"); }
  fs::path tutorial(domain::VersionId v, int explainer) const {
    return data / "blobs/tutorials" / (std::to_string(v.value()) + "-" + std::to_string(explainer) + ".json");
  }
  fs::path words(domain::VersionId v, domain::WordsJobId job) const {
    return data / "blobs/tutorials" / (std::to_string(v.value()) + "-words-" + std::to_string(job.value()) + ".json");
  }
  // raw: the bytes; idx: one line a piece, "<offset> <length> <microseconds UTC>"
  fs::path log_raw(domain::AttemptId a) const { return log_base(a) += ".raw"; }
  fs::path log_index(domain::AttemptId a) const { return log_base(a) += ".idx"; }

 private:
  fs::path log_base(domain::AttemptId a) const {
    return data / "logs" / std::to_string(a.value() / 1000) / std::to_string(a.value());
  }
};

}  // namespace pika::forge
