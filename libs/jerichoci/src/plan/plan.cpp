#include "plan/plan.hpp"

#include <fmt/format.h>

namespace jerichoci {

namespace json = pika::json;
using pika::ErrorKind;
using pika::fail;

json::Value to_json(const Plan& plan) {
  json::Array nodes;
  if (!plan.jobs.empty())
    nodes.push_back(json::Object{
        {"id", kCheckoutNode}, {"kind", "prepare"}, {"depends_on", json::Array{}}, {"tree", plan.snapshot.tree.hex()}});
  for (const auto& prepare : plan.prepares) {
    json::Array depends_on;  // not on the checkout: it makes one of its inputs
    for (const auto& need : prepare.needs) depends_on.emplace_back(prepare_node(need));
    nodes.push_back(json::Object{{"id", prepare_node(prepare.id)},
                                 {"kind", "prepare"},
                                 {"depends_on", std::move(depends_on)},
                                 {"prepare", to_json(prepare)}});
  }
  for (const auto& job : plan.jobs) {
    json::Array depends_on{kCheckoutNode};
    for (const auto& mount : job.prepared) depends_on.emplace_back(prepare_node(mount.output));
    for (const auto& need : job.needs) depends_on.emplace_back(execute_node(need));
    nodes.push_back(json::Object{{"id", execute_node(job.id)},
                                 {"kind", "execute"},
                                 {"depends_on", std::move(depends_on)},
                                 {"job", to_json(job)}});
  }
  return json::Object{{"schema_version", 1},
                      {"run_id", plan.run_id},
                      {"target_id", bytes_to_json(plan.target_id)},
                      {"target_description", bytes_to_json(plan.target_description)},
                      {"snapshot", to_json(plan.snapshot)},
                      {"nodes", std::move(nodes)},
                      {"trust", to_json(plan.trust)},
                      {"gate", plan.gate},
                      {"fail_fast", plan.fail_fast}};
}

pika::Result<Plan> plan_from_json(const json::Value& value) {
  if (json::find_int(value, "schema_version") != 1)
    return fail(ErrorKind::invalid, "the plan's schema_version is not 1",
                "use the version that wrote it, or a newer one");
  Plan plan;
  plan.run_id = PIKA_TRY(json::get_string(value, "run_id"));
  auto text = [&](std::string_view key) {
    auto* item = json::find(value, key);
    return item ? bytes_from_json(*item).value_or("") : std::string();
  };
  plan.target_id = text("target_id");
  plan.target_description = text("target_description");
  auto* snapshot = json::find(value, "snapshot");
  auto* nodes = json::find_array(value, "nodes");
  if (!snapshot || !nodes) return fail(ErrorKind::invalid, "the plan has no snapshot or no nodes");
  plan.snapshot = PIKA_TRY(snapshot_from_json(*snapshot));
  for (const auto& node : *nodes) {
    if (auto* prepare = json::find(node, "prepare"))
      plan.prepares.push_back(PIKA_TRY(prepare_spec_from_json(*prepare)));
    if (json::find_string(node, "kind") != "execute") continue;
    auto* job = json::find(node, "job");
    if (!job) return fail(ErrorKind::invalid, "a node of the plan has no job");
    plan.jobs.push_back(PIKA_TRY(job_spec_from_json(*job)));
  }
  if (auto* trust = json::find(value, "trust")) plan.trust = trust_from_json(*trust);
  plan.gate = json::find_bool(value, "gate").value_or(false);
  plan.fail_fast = json::find_bool(value, "fail_fast").value_or(false);
  return plan;
}

}  // namespace jerichoci
