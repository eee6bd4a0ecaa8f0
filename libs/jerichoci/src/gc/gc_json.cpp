#include "jerichoci/gc.hpp"

namespace jerichoci {

namespace json = pika::json;

json::Value to_json(const GcReport& report) {
  json::Array classes, runs, notes;
  std::uint64_t kept = 0, removed = 0;
  for (const auto& c : report.classes) {
    json::Object why;
    for (const auto& [reason, count] : c.why_kept) why[reason] = count;
    classes.push_back(json::Object{{"name", c.name},
                                   {"kept", c.kept},
                                   {"kept_bytes", c.kept_bytes},
                                   {"removed", c.removed},
                                   {"removed_bytes", c.removed_bytes},
                                   {"why_kept", std::move(why)}});
    kept += c.kept_bytes;
    removed += c.removed_bytes;
  }
  for (const auto& id : report.removed_runs) runs.emplace_back(id);
  for (const auto& note : report.notes) notes.emplace_back(note);
  return json::Object{{"schema_version", 1},
                      {"dry_run", report.mode == GcPolicy::Mode::dry_run},
                      {"bytes_before", report.bytes_before},
                      {"kept_bytes", kept},
                      {"removed_bytes", removed},
                      {"classes", std::move(classes)},
                      {"removed_runs", std::move(runs)},
                      {"notes", std::move(notes)},
                      {"took_us", report.took}};
}

}  // namespace jerichoci
