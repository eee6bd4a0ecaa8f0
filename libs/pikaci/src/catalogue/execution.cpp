// How a command runs: the keys of JobSpec, on a job or on a lane with its own command.
#include <fmt/format.h>

#include <algorithm>
#include <array>

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
  static const Choices<jerichoci::Runtime> choices{{{"sandbox", jerichoci::Runtime::sandbox},
                                                    {"host_process", jerichoci::Runtime::host_process},
                                                    {"oci", jerichoci::Runtime::oci}},
                                                   {"incus", "microvm", "tart"}};
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
  TableReader table(keys::limits(), value, file, problems);
  auto size = [&](std::string_view key, std::optional<std::uint64_t>& target) {
    auto word = table.string(key);
    if (!word) return;
    if (auto bytes = parse_size(word->text))
      target = *bytes;
    else
      complain_unit(table, *word, bytes.error());
  };
  size("memory", limits.memory_bytes);
  size("disk", limits.disk_bytes);
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
  if (auto cpus = table.number("cpus")) limits.cpus = *cpus;
  if (auto pids = table.integer("pids")) limits.pids = static_cast<std::uint32_t>(*pids);
  table.finish();
}

}  // namespace

bool is_variable(std::string_view name) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (name.empty() || name.size() > 200 || !letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::map<std::string, std::string> read_variables(TableReader& table) {
  std::map<std::string, std::string> out;
  auto* env = table.table("env");
  if (!env) return out;
  for (const auto& entry : env->entries) {
    if (!is_variable(entry.key))
      table.complain(entry.at, fmt::format("'{}' {}", show(entry.key), kVariableRule));
    else if (entry.value.kind != pika::toml::Kind::string)
      table.complain(entry.value.at, fmt::format("the value of '{}' must be a string, and this is {}", entry.key,
                                                 pika::toml::words_for(entry.value.kind)));
    else if (entry.value.text.find('\0') != std::string::npos)
      table.complain(entry.value.at, fmt::format("the value of '{}' has a NUL byte", entry.key));
    else
      out[entry.key] = entry.value.text;
  }
  return out;
}

namespace {

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

// root = "bookworm": a root filesystem or image by a name that whoever runs the jobs gave it.
void read_root(TableReader& table, jerichoci::JobSpec& job, const Catalogue& catalogue) {
  if (auto word = table.string("root")) {
    auto image = catalogue.images.find(word->text);
    if (!catalogue.images.empty() && image == catalogue.images.end()) {
      std::vector<std::string> names;
      for (const auto& [name, each] : catalogue.images) names.push_back(name);
      table.complain(word->at, fmt::format("there is no image '{}' in [images]{}", show(word->text),
                                           pika::toml::did_you_mean(word->text, names)));
    }
    if (image != catalogue.images.end()) job.root_digest = image->second.digest;
    if (jerichoci::valid_id(word->text))
      job.root = word->text;
    else if (catalogue.images.empty())
      table.complain(word->at, fmt::format("'{}' is no root's name: up to 64 of a-z, 0-9, '-' and '_'; where it lies "
                                           "is told with pikaci run --root NAME=PATH",
                                           show(word->text)));
  }
  if (job.runtime == jerichoci::Runtime::oci && job.root.empty())
    table.complain(table.at("runtime"), "the runtime 'oci' needs an image: name it with 'root'");
  if (job.runtime == jerichoci::Runtime::host_process && !job.root.empty())
    table.complain(table.at("root"), "a host process has no root filesystem of its own");
}

// network = "off", "on", or the list of hosts that may be reached.
void read_network(TableReader& table, jerichoci::JobSpec& job) {
  auto* value = table.any("network");
  if (!value) return;
  if (value->kind == pika::toml::Kind::string) {
    if (value->text == "off" || value->text == "on")
      job.network = value->text == "on" ? jerichoci::Network::on : jerichoci::Network::off;
    else
      table.complain(value->at, fmt::format("there is no network '{}', only off, on, or a list of hosts: "
                                            "[\"registry.npmjs.org\"]",
                                            show(value->text)));
    return;
  }
  if (value->kind != pika::toml::Kind::array)
    return table.complain(value->at, fmt::format("'network' must be \"off\", \"on\" or a list of hosts, and this is {}",
                                                 pika::toml::words_for(value->kind)));
  auto words = table.strings("network");
  if (!words) return;
  if (words->empty()) table.complain(value->at, R"('network' is an empty list; write "off")");
  for (const auto& word : *words) {
    jerichoci::JobSpec probe;
    probe.id = "x";
    probe.command = {"x"};
    probe.network = jerichoci::Network::allow_list;
    probe.allow_hosts = {word.text};
    if (auto fine = jerichoci::check_jobs({probe}); !fine)
      table.complain(word.at, fmt::format("'{}' is no host to allow; {}", show(word.text), fine.error().advice));
    else
      job.allow_hosts.push_back(word.text);
  }
  if (!job.allow_hosts.empty()) job.network = jerichoci::Network::allow_list;
}

// What only the engine's own check knows, said here, before a run or a forge meets it.
void check_as_engine(TableReader& table, const jerichoci::JobSpec& job) {
  auto probe = job;
  probe.id = "x";
  probe.command = {"x"};
  probe.needs.clear();
  auto fine = jerichoci::check_jobs({probe});
  if (fine) return;
  std::string_view what = fine.error().what;
  constexpr std::string_view kWhose = "job 'x': ";
  if (what.starts_with(kWhose)) what.remove_prefix(kWhose.size());
  table.complain(table.at(), fmt::format("{}; {}", what, fine.error().advice));
}

}  // namespace

void read_execution(TableReader& table, jerichoci::JobSpec& job, Draft& draft) {
  auto problems = table.problems().size();
  read_choice(table, "placement", placements(), job.placement);
  read_choice(table, "runtime", runtimes(), job.runtime);
  read_root(table, job, draft.catalogue);
  read_network(table, job);
  if (auto* limits = table.table("limits")) read_limits(*limits, table.file(), table.problems(), job.limits);
  job.env = read_variables(table);
  read_env_allow(table, job);
  read_keeping(table, job);
  put_services(table, job, draft);
  if (table.problems().size() == problems) check_as_engine(table, job);
}

std::vector<std::string> read_command(TableReader& table, std::string_view key) {
  auto* value = table.any(key);
  if (!value) return {};
  if (value->kind == pika::toml::Kind::string) {
    table.complain(value->at,
                   fmt::format(R"('{}' must be a list of words, as in ["make", "test"]; no shell reads it)", key));
    return {};
  }
  auto words = table.strings(key);
  if (!words) return {};
  if (words->empty()) {
    if (value->items.empty()) table.complain(value->at, fmt::format("'{}' is empty", key));
    return {};
  }
  std::vector<std::string> command;
  for (const auto& word : *words) {
    if (word.text.find('\0') != std::string::npos)
      table.complain(word.at, fmt::format("a word of '{}' has a NUL byte", key));
    command.push_back(word.text);
  }
  if (command[0].empty()) table.complain(words->front().at, fmt::format("the program of '{}' has no name", key));
  return command;
}

}  // namespace pikaci
