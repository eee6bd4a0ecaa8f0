// How a command runs: the keys of JobSpec, on a job or on a lane with its own command.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "catalogue/draft.hpp"
#include "catalogue/units.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

using pika::toml::show;
using pika::toml::Word;

namespace {

template <class Enum>
struct Choices {
  std::vector<std::pair<std::string, Enum>> here;
  std::vector<std::string> elsewhere;  // words of the format that this build cannot do
};

const Choices<jerichoci::Placement>& placements() {
  static const Choices<jerichoci::Placement> choices{{{"local", jerichoci::Placement::local}},
                                                     {"ssh", "incus", "slurm"}};
  return choices;
}

const Choices<jerichoci::Runtime>& runtimes() {
  static const Choices<jerichoci::Runtime> choices{
      {{"sandbox", jerichoci::Runtime::sandbox}, {"host_process", jerichoci::Runtime::host_process}},
      {"incus", "microvm", "tart"}};
  return choices;
}

const Choices<jerichoci::Network>& networks() {
  static const Choices<jerichoci::Network> choices{{{"off", jerichoci::Network::off}, {"on", jerichoci::Network::on}},
                                                   {}};
  return choices;
}

template <class Enum>
void read_choice(TableReader& table, std::string_view key, const Choices<Enum>& choices, Enum& value) {
  auto word = table.string(key);
  if (!word) return;
  std::vector<std::string> names;
  for (const auto& [name, choice] : choices.here) {
    if (name == word->text) {
      value = choice;
      return;
    }
    names.push_back(name);
  }
  bool elsewhere = std::find(choices.elsewhere.begin(), choices.elsewhere.end(), word->text) != choices.elsewhere.end();
  table.complain(word->at, elsewhere
                               ? fmt::format("{} '{}' is not available in this build, which has {}", key, word->text,
                                             pika::join(names, ", "))
                               : fmt::format("there is no {} '{}', only {}{}", key, show(word->text),
                                             pika::join(names, ", "), pika::toml::did_you_mean(word->text, names)));
}

void complain_unit(TableReader& table, const Word& word, const pika::Error& error) {
  table.complain(word.at, error.advice.empty() ? error.what : error.what + "; " + error.advice);
}

void read_limits(const Value& value, const std::string& file, Complaints& problems, jerichoci::Limits& limits) {
  TableReader table(value, file, problems);
  if (auto memory = table.string("memory")) {
    if (auto bytes = parse_size(memory->text))
      limits.memory_bytes = *bytes;
    else
      complain_unit(table, *memory, bytes.error());
  }
  auto span = [&](std::string_view key, pika::Micros& target) {
    auto word = table.string(key);
    if (!word) return;
    if (auto micros = parse_span(word->text))
      target = *micros;
    else
      complain_unit(table, *word, micros.error());
  };
  span("time", limits.time);
  span("grace", limits.grace);
  if (auto cpus = table.number("cpus")) {
    if (*cpus >= 0.01 && *cpus <= 1024)
      limits.cpus = *cpus;
    else
      table.complain(table.at("cpus"), "'cpus' must be from 0.01 to 1024");
  }
  if (auto pids = table.integer("pids")) {
    if (*pids >= 1 && *pids <= 4'194'304)
      limits.pids = static_cast<std::uint32_t>(*pids);
    else
      table.complain(table.at("pids"), "'pids' must be from 1 to 4194304");
  }
  table.finish();
}

bool is_variable(std::string_view name) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (name.empty() || name.size() > 200 || !letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

constexpr std::string_view kVariableRule = "is no name of a variable: letters, digits and '_', not a digit first";

void read_env(TableReader& table, jerichoci::JobSpec& job) {
  auto* env = table.table("env");
  if (!env) return;
  for (const auto& entry : env->entries) {
    if (!is_variable(entry.key))
      table.complain(entry.at, fmt::format("'{}' {}", show(entry.key), kVariableRule));
    else if (entry.value.kind != pika::toml::Kind::string)
      table.complain(entry.value.at, fmt::format("the value of '{}' must be a string, and this is {}", entry.key,
                                                 pika::toml::words_for(entry.value.kind)));
    else if (entry.value.text.find('\0') != std::string::npos)
      table.complain(entry.value.at, fmt::format("the value of '{}' has a NUL byte", entry.key));
    else
      job.env[entry.key] = entry.value.text;
  }
}

void read_env_allow(TableReader& table, jerichoci::JobSpec& job) {
  auto words = table.strings("env_allow");
  if (!words) return;
  for (const auto& word : *words) {
    if (is_variable(word.text))
      job.env_allow.push_back(word.text);
    else
      table.complain(word.at, fmt::format("'{}' {}", show(word.text), kVariableRule));
  }
}

void read_caches(TableReader& table, jerichoci::JobSpec& job) {
  auto words = table.strings("caches");
  if (!words) return;
  std::set<std::string> variables;
  for (const auto& word : *words) {
    auto variable = word.text;
    std::replace(variable.begin(), variable.end(), '-', '_');
    if (!is_id(word.text))
      table.complain(word.at,
                     fmt::format("'{}' is no name of a cache: up to 64 of a-z, 0-9, '-' and '_'", show(word.text)));
    else if (!variables.insert(variable).second)
      table.complain(word.at,
                     fmt::format("the cache '{}' would share its variable with another of this job", word.text));
    else
      job.caches.emplace_back(word.text);
  }
}

}  // namespace

const std::vector<std::string>& execution_keys() {
  static const std::vector<std::string> keys{"placement", "runtime", "network", "limits", "env", "env_allow", "caches"};
  return keys;
}

void read_execution(TableReader& table, jerichoci::JobSpec& job) {
  read_choice(table, "placement", placements(), job.placement);
  read_choice(table, "runtime", runtimes(), job.runtime);
  read_choice(table, "network", networks(), job.network);
  if (auto* limits = table.table("limits")) read_limits(*limits, table.file(), table.problems(), job.limits);
  read_env(table, job);
  read_env_allow(table, job);
  read_caches(table, job);
}

std::vector<std::string> read_command(TableReader& table) {
  auto* value = table.any("command");
  if (!value) return {};
  if (value->kind == pika::toml::Kind::string) {
    table.complain(value->at, R"('command' must be a list of words, as in ["make", "test"]; no shell reads it)");
    return {};
  }
  auto words = table.strings("command");
  if (!words) return {};
  if (words->empty()) {
    if (value->items.empty()) table.complain(value->at, "'command' is empty");
    return {};
  }
  std::vector<std::string> command;
  for (const auto& word : *words) {
    if (word.text.find('\0') != std::string::npos) table.complain(word.at, "a word of 'command' has a NUL byte");
    command.push_back(word.text);
  }
  if (command[0].empty()) table.complain(words->front().at, "the program of 'command' has no name");
  return command;
}

}  // namespace pikaci
