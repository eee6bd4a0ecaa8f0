#include "prepared/output_name.hpp"

#include <algorithm>

#include "model/json_parts.hpp"
#include "pika/base/hash.hpp"

namespace jerichoci {

std::string output_name(const OutputIngredients& from, const std::string& trust_domain) {
  namespace json = pika::json;
  auto inputs = from.inputs;
  std::sort(inputs.begin(), inputs.end());
  json::Array needed;
  for (const auto& [id, content] : inputs) needed.push_back(json::Object{{"id", id}, {"content", content}});
  const auto& spec = from.spec;
  // Printed in this order and without spaces: another order would be another name for the same thing.
  json::Object all{{"format", 1},
                   {"trust", trust_domain},
                   {"kind", spec.kind == PrepareSpec::Kind::nix_build ? "nix_build" : "command"},
                   {"tree", from.tree.hex()},
                   {"command", list_to_json(spec.command)},
                   {"env", map_to_json(spec.env)},
                   {"network", to_string(spec.network)},
                   {"allow_hosts", list_to_json(spec.allow_hosts)},
                   {"inputs", std::move(needed)},
                   {"architecture", from.environment.architecture},
                   {"host_tools", from.environment.host_tools},
                   {"host_paths", list_to_json(from.host_paths)}};
  if (spec.kind == PrepareSpec::Kind::nix_build) all["nix"] = bytes_to_json(from.nix);
  return pika::sha256_hex(json::print(json::Value(std::move(all))));
}

}  // namespace jerichoci
