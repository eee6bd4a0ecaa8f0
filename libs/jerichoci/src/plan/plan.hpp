// plan.json: what a run is going to do, written before anything runs, and all that a rerun needs.
//
//   {"schema_version": 1, "run_id": ..., "target_id": ..., "target_description": ..., "snapshot": {...},
//    "nodes": [{"id": "prepare/checkout", "kind": "prepare", "depends_on": [], "tree": "..."},
//              {"id": "prepare/deps", "kind": "prepare", "depends_on": [], "prepare": {PrepareSpec}},
//              {"id": "execute/test", "kind": "execute", "depends_on": ["prepare/checkout", "prepare/deps"],
//               "job": {JobSpec}}],
//    "trust": {...}, "gate": false, "fail_fast": false}
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "jerichoci/model.hpp"
#include "pika/base/result.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

struct Plan {
  std::string run_id, target_id, target_description;
  SnapshotRecord snapshot;
  std::vector<JobSpec> jobs;
  std::vector<PrepareSpec> prepares{};
  TrustDomain trust{};
  bool gate = false, fail_fast = false;
};

inline constexpr const char* kCheckoutNode = "prepare/checkout";
inline std::string execute_node(const std::string& job_id) {
  return "execute/" + job_id;
}
inline std::string prepare_node(const std::string& id) {
  return "prepare/" + id;
}

pika::json::Value to_json(const Plan& plan);
pika::Result<Plan> plan_from_json(const pika::json::Value& value);

}  // namespace jerichoci
