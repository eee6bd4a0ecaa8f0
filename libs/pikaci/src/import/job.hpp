// A job of a workflow, for one combination of its matrix, as a lane.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "import/matrix.hpp"
#include "pika/yaml/yaml.hpp"

namespace pikaci {

struct ImportedLane {
  std::string id, title, script;
  std::vector<std::string> paths, hosts, secrets, artifacts;
  std::vector<std::string> needs;  // ids of jobs of the workflow
  std::vector<std::pair<std::string, std::string>> env;
  int minutes = 0;  // 0: not said
  bool nightly = false;
  bool required = true;
  bool unfinished = false;  // a step was left out, and the lane is red there
};

// Tells that something was left out, and where.
using Omit = std::function<void(int line, std::string text)>;

struct Workflow {
  const pika::yaml::Value* root = nullptr;
  std::vector<std::string> paths;
  bool nightly = false;
  std::set<std::string> events{};               // as Names has them
  std::map<std::string, std::string> inputs{};  // of one that another calls
};

// nullopt: nothing of it can run here, and `omit` was told why.
std::optional<ImportedLane> import_job(const Workflow& workflow, const std::string& id, const pika::yaml::Value& job,
                                       const Combination& combination, const Omit& omit);

}  // namespace pikaci
