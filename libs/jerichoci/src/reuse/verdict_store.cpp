#include "reuse/verdict_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/artifact_store.hpp"
#include "pika/base/check.hpp"
#include "pika/base/clock.hpp"
#include "pika/base/files.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
namespace json = pika::json;

fs::path VerdictStore::place(const std::string& domain, const std::string& key) const {
  PIKA_CHECK(valid_id(domain) && valid_content(key), "domain and key were checked");
  return root_ / domain / (key + ".json");
}

std::optional<StoredVerdict> VerdictStore::find(const std::string& domain, const std::string& key) const {
  auto text = pika::read_file(place(domain, key));
  if (!text) return std::nullopt;
  auto value = json::parse(*text, "verdict");
  if (!value || json::find_int(*value, "schema_version") != 1 || json::find_string(*value, "key") != key)
    return std::nullopt;
  auto run = json::find_string(*value, "run_id"), job = json::find_string(*value, "job_id");
  if (!run || !job || !valid_run_id(*run) || !valid_id(*job)) return std::nullopt;
  return StoredVerdict{*run, *job};
}

void VerdictStore::put(const std::string& domain, const std::string& key, const StoredVerdict& verdict) const {
  auto path = place(domain, key);
  pika::make_dirs(path.parent_path(), 0700);
  pika::write_file_atomic(
      path, json::print_pretty(json::Object{{"schema_version", 1},
                                            {"key", key},
                                            {"run_id", verdict.run_id},
                                            {"job_id", verdict.job_id},
                                            {"passed_at", pika::format_iso(pika::system_clock().now())}}));
}

void VerdictStore::remove(const std::string& domain, const std::string& key) const {
  ::unlink(place(domain, key).c_str());
}

void VerdictStore::used(const std::string& domain, const std::string& key) const {
  ::utimensat(AT_FDCWD, place(domain, key).c_str(), nullptr, 0);
}

}  // namespace jerichoci
