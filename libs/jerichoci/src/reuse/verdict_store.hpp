// verdicts/<domain>/<key>.json: that a job with this key passed, and in which run.
//
//   {"schema_version": 1, "key": "<64 hex>", "run_id": "...", "job_id": "...", "passed_at": "<ISO time>"}
//
// A verdict only points at a run: what counts is that run's record, which must be there, be of the same key, and say
// passed. Files are replaced atomically; their time is that of the last use. A domain writes only its own folder.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "jerichoci/model.hpp"

namespace jerichoci {

struct StoredVerdict {
  std::string run_id, job_id;
};

class VerdictStore {
 public:
  explicit VerdictStore(const std::filesystem::path& state_root) : root_(state_root / "verdicts") {}
  // Whatever is wrong with the file is a miss.
  std::optional<StoredVerdict> find(const std::string& domain, const std::string& key) const;
  void put(const std::string& domain, const std::string& key,
           const StoredVerdict& verdict) const;  // throws SystemError
  void remove(const std::string& domain, const std::string& key) const;
  void used(const std::string& domain, const std::string& key) const;

 private:
  std::filesystem::path place(const std::string& domain, const std::string& key) const;
  std::filesystem::path root_;
};

}  // namespace jerichoci
