// The name of a prepared output: SHA-256 of everything it is made from.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "jerichoci/model.hpp"
#include "pika/gitx/oid.hpp"

namespace jerichoci {

struct OutputIngredients {
  const PrepareSpec& spec;
  pika::git::Oid tree;                                        // of spec.inputs only
  std::vector<std::pair<std::string, std::string>> inputs{};  // needed outputs: id, content
  EnvironmentRecord environment{};                            // the host's tools and machine
  std::vector<std::string> host_paths{};                      // EngineConfig::sandbox_paths
  std::string nix{};                                          // the program that builds with nix
};

// The trust domain is part of it: what one domain made is another output than what another made from the same. Limits,
// the role and the node's own id are not: they change nothing of what comes out.
std::string output_name(const OutputIngredients& from, const std::string& trust_domain);

}  // namespace jerichoci
