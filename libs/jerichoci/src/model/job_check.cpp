#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "jerichoci/model.hpp"
#include "model/host_pattern.hpp"
#include "pika/base/text.hpp"
#include "prepared/nix_build.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;
using pika::quote_name;

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool valid_env_name(std::string_view name) {
  if (name.empty() || name.size() > 256 || is_digit(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_'; });
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

// The kernel gives a program words of less than 32 pages each, and no more than a part of its stack in all.
constexpr std::size_t kLongestWord = 128 * 1024 - 1, kMostWords = 1024 * 1024;

pika::Status check_words(const std::string& owner, const std::vector<std::string>& command,
                         const std::map<std::string, std::string>& env) {
  std::size_t all = 0, longest = 0;
  auto count = [&](std::size_t size) { all += size + 1, longest = std::max(longest, size); };
  for (const auto& word : command) count(word.size());
  for (const auto& [name, value] : env) count(name.size() + 1 + value.size());
  if (longest <= kLongestWord && all <= kMostWords) return {};
  auto what =
      longest > kLongestWord
          ? fmt::format("a word of its command or environment is {} long, and a program is given at most 131.1 kB",
                        pika::format_bytes(longest))
          : fmt::format("its command and environment are {} long, and a program is given at most 1.0 MB here",
                        pika::format_bytes(all));
  return fail(ErrorKind::invalid, owner + ": " + what, "put it into a file of the tree");
}

pika::Status check_environment(const JobSpec& job) {
  for (const auto& [name, value] : job.env) {
    if (!valid_env_name(name))
      return fail(ErrorKind::invalid, fmt::format("job '{}': {} is no environment name", job.id, quote_name(name)),
                  "use letters, digits and _, not beginning with a digit");
    if (has_nul(value))
      return fail(ErrorKind::invalid, fmt::format("job '{}': the value of {} holds a NUL byte", job.id, name));
  }
  for (const auto& name : job.env_allow)
    if (!valid_env_name(name))
      return fail(ErrorKind::invalid, fmt::format("job '{}': {} is no environment name", job.id, quote_name(name)),
                  "use letters, digits and _, not beginning with a digit");
  return {};
}

// Whether the one path is the other or lies below it.
bool nested(const std::string& a, const std::string& b) {
  auto clean = [](const std::string& p) {
    auto path = std::filesystem::path("/" + p).lexically_normal();
    return path.has_filename() ? path : path.parent_path();
  };
  if (a.empty() || b.empty()) return false;
  auto below = [](const std::filesystem::path& x, const std::filesystem::path& y) {
    return std::mismatch(x.begin(), x.end(), y.begin(), y.end()).first == x.end();
  };
  auto x = clean(a), y = clean(b);
  return below(x, y) || below(y, x);
}

pika::Status check_caches(const JobSpec& job) {
  for (const auto& cache : job.caches) {
    if (!valid_id(cache.name))
      return fail(ErrorKind::invalid, fmt::format("job '{}': {} is no cache name", job.id, quote_name(cache.name)),
                  "use [a-z0-9_-], at most 64 characters");
    auto what = fmt::format("job '{}': cache '{}'", job.id, cache.name);
    auto same = [&](const CacheSpec& other) {
      return &other != &cache && (other.name == cache.name || (!cache.path.empty() && nested(other.path, cache.path)));
    };
    if (std::any_of(job.caches.begin(), job.caches.end(), same))
      return fail(ErrorKind::invalid, fmt::format("{} is declared twice, or lies in another one", what),
                  "give every cache a name and a folder of its own");
    if (!cache.path.empty()) PIKA_TRY(check_cache_path(cache.path, what));
    for (const auto& path : cache.key_files) PIKA_TRY(check_inner_path(path, what));
  }
  return {};
}

pika::Status check_network(std::string_view id, Network network, const std::vector<std::string>& allow_hosts) {
  if (network == Network::allow_list && allow_hosts.empty())
    return fail(ErrorKind::invalid, fmt::format("job '{}' asks for an allow-list and names no host", id),
                "name the hosts in allow_hosts, or use network = \"off\"");
  if (network != Network::allow_list && !allow_hosts.empty())
    return fail(ErrorKind::invalid, fmt::format("job '{}' names hosts, but its network is {}", id, to_string(network)),
                "use network = \"allow_list\"");
  for (const auto& host : allow_hosts)
    if (auto pattern = HostPattern::parse(host); !pattern)
      return fail(ErrorKind::invalid, fmt::format("job '{}': {}", id, pattern.error().what), pattern.error().advice);
  return {};
}

// The file is /run/secrets/<name>.
bool valid_secret_file(std::string_view name) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  return name.size() <= 100 && !name.starts_with('.') && std::all_of(name.begin(), name.end(), fits);
}

pika::Status check_secrets(const JobSpec& job) {
  std::set<std::string> names;
  for (const auto& secret : job.secrets) {
    if (secret.name.empty() || has_nul(secret.name) || !valid_env_name(secret.env))
      return fail(ErrorKind::invalid,
                  fmt::format("job '{}': the secret {} needs a name and a variable", job.id, quote_name(secret.name)),
                  "use letters, digits and _ for the variable");
    if (secret.as_file && !valid_secret_file(secret.name))
      return fail(ErrorKind::invalid,
                  fmt::format("job '{}': the secret {} cannot be a file's name", job.id, quote_name(secret.name)),
                  "use letters, digits, - and _, with dots not at the begin");
    if (!names.insert(secret.env).second || job.env.contains(secret.env))
      return fail(ErrorKind::invalid, fmt::format("job '{}': {} is set twice", job.id, secret.env));
  }
  return {};
}

pika::Status check_extras(const JobSpec& job) {
  PIKA_TRY(check_caches(job));
  PIKA_TRY(check_network(job.id, job.network, job.allow_hosts));
  PIKA_TRY(check_secrets(job));
  if (job.artifacts) {
    if (job.artifacts->globs.empty())
      return fail(ErrorKind::invalid, fmt::format("job '{}' collects artifacts and names none", job.id),
                  "name them: globs = [\"report/**\"]");
    for (const auto& glob : job.artifacts->globs)
      PIKA_TRY(check_inner_path(glob, fmt::format("job '{}': artifacts", job.id)));
  }
  if (job.reuse) {
    if (job.reuse->inputs.empty())
      return fail(ErrorKind::invalid, fmt::format("job '{}' wants its verdict reused and names no inputs", job.id));
    for (const auto& path : job.reuse->inputs)
      PIKA_TRY(check_inner_path(path, fmt::format("job '{}': inputs", job.id)));
    if (!(job.reuse->audit >= 0 && job.reuse->audit <= 1))
      return fail(ErrorKind::invalid, fmt::format("job '{}': the audited share must be from 0 to 1", job.id));
  }
  if (!job.root.empty() && !valid_id(job.root))
    return fail(ErrorKind::invalid, fmt::format("job '{}': {} is no root's name", job.id, quote_name(job.root)),
                "use [a-z0-9_-], at most 64 characters");
  if (!job.root_digest.empty() && (job.root.empty() || !valid_root_digest(job.root_digest)))
    return fail(ErrorKind::invalid,
                fmt::format("job '{}' is pinned to {}, which is no root's digest", job.id, quote_name(job.root_digest)),
                "name the root, and write \"sha256:\" and 64 of 0-9 and a-f");
  if (job.runtime == Runtime::oci && job.root.empty())
    return fail(ErrorKind::invalid, fmt::format("job '{}' runs in an image and names none", job.id),
                "name it with root");
  for (const auto& [kind, count] : job.retries)
    if (kind == FailureKind::none || count > 10)
      return fail(ErrorKind::invalid, fmt::format("job '{}': at most 10 retries, of a failure kind", job.id));
  if (job.weight == 0) return fail(ErrorKind::invalid, fmt::format("job '{}': its weight must be at least 1", job.id));
  return {};
}

pika::Status check_limits(const std::string& id, const Limits& l) {
  if (l.time <= 0 || l.grace < 0)
    return fail(ErrorKind::invalid, fmt::format("job '{}': its time limit must be more than 0", id));
  if (l.cpus && !(*l.cpus > 0 && *l.cpus < 100000))
    return fail(ErrorKind::invalid, fmt::format("job '{}': its cpu limit must be more than 0", id));
  if (l.memory_bytes && *l.memory_bytes < (1u << 20))
    return fail(ErrorKind::invalid, fmt::format("job '{}': its memory limit is under 1 MiB", id),
                "write sizes with a unit: \"512MiB\", \"8GiB\"");
  if (l.pids && *l.pids < 4)
    return fail(ErrorKind::invalid, fmt::format("job '{}': its process limit is under 4", id),
                "the sandbox itself takes two");
  if (l.disk_bytes && *l.disk_bytes < (1u << 20))
    return fail(ErrorKind::invalid, fmt::format("job '{}': its disk limit is under 1 MiB", id),
                "write sizes with a unit: \"512MiB\", \"8GiB\"");
  return {};
}

pika::Status check_job(const JobSpec& job) {
  if (!valid_id(job.id))
    return fail(ErrorKind::invalid, fmt::format("{} is no job id", quote_name(job.id)),
                "use [a-z0-9_-], at most 64 characters");
  if (job.command.empty() || job.command[0].empty())
    return fail(ErrorKind::invalid, fmt::format("job '{}' has no command", job.id), "give it one: [\"script/test\"]");
  if (std::any_of(job.command.begin(), job.command.end(), has_nul))
    return fail(ErrorKind::invalid, fmt::format("job '{}': its command holds a NUL byte", job.id));
  PIKA_TRY(check_environment(job));
  PIKA_TRY(check_words(fmt::format("job '{}'", job.id), job.command, job.env));
  PIKA_TRY(check_extras(job));
  return check_limits(job.id, job.limits);
}

pika::Status check_prepare(const PrepareSpec& prepare) {
  if (!valid_id(prepare.id))
    return fail(ErrorKind::invalid, fmt::format("{} is no id of a prepare node", quote_name(prepare.id)),
                "use [a-z0-9_-], at most 64 characters");
  if (prepare.command.empty() || prepare.command[0].empty() ||
      std::any_of(prepare.command.begin(), prepare.command.end(), has_nul))
    return fail(ErrorKind::invalid, fmt::format("prepare node '{}' has no command", prepare.id));
  PIKA_TRY(check_words(fmt::format("prepare node '{}'", prepare.id), prepare.command, prepare.env));
  if (prepare.kind == PrepareSpec::Kind::nix_build) PIKA_TRY(check_installable(prepare));
  for (const auto& path : prepare.inputs)
    PIKA_TRY(check_inner_path(path, fmt::format("prepare node '{}'", prepare.id)));
  for (const auto& [name, value] : prepare.env)
    if (!valid_env_name(name) || has_nul(value))
      return fail(ErrorKind::invalid,
                  fmt::format("prepare node '{}': {} is no environment name", prepare.id, quote_name(name)));
  PIKA_TRY(check_network(prepare.id, prepare.network, prepare.allow_hosts));
  return check_limits(prepare.id, prepare.limits);
}

// The circle, if there is one, among nodes that wait for one another.
template <class Node>
pika::Status check_needs(const std::vector<Node>& nodes, std::string_view what) {
  std::set<std::string> ids, done;
  for (const auto& node : nodes) ids.insert(node.id);
  for (const auto& node : nodes)
    for (const auto& need : node.needs)
      if (!ids.contains(need))
        return fail(ErrorKind::invalid,
                    fmt::format("{} '{}' needs {}, which is no {} here", what, node.id, quote_name(need), what));
  // Take away what has no open need until nothing moves; what stays is a circle.
  for (bool moved = true; moved;) {
    moved = false;
    for (const auto& node : nodes) {
      if (done.contains(node.id)) continue;
      if (!std::all_of(node.needs.begin(), node.needs.end(), [&](const auto& n) { return done.contains(n); })) continue;
      done.insert(node.id);
      moved = true;
    }
  }
  for (const auto& node : nodes)
    if (!done.contains(node.id))
      return fail(ErrorKind::invalid,
                  fmt::format("{} '{}' waits for itself: its needs go round in a circle", what, node.id),
                  "remove one of the needs");
  return {};
}

}  // namespace

bool valid_root_digest(std::string_view digest) {
  constexpr std::string_view kAlgorithm = "sha256:";
  return digest.size() == kAlgorithm.size() + 64 && digest.starts_with(kAlgorithm) &&
         digest.find_first_not_of("0123456789abcdef", kAlgorithm.size()) == std::string_view::npos;
}

pika::Status check_jobs(const std::vector<JobSpec>& jobs, const std::vector<PrepareSpec>& prepares) {
  std::set<std::string> ids, outputs;
  for (const auto& prepare : prepares) {
    PIKA_TRY(check_prepare(prepare));
    ids.insert(prepare.id);
    if (!outputs.insert(prepare.id).second)
      return fail(ErrorKind::invalid, fmt::format("two prepare nodes have the id '{}'", prepare.id),
                  "give each its own");
  }
  for (const auto& job : jobs) {
    PIKA_TRY(check_job(job));
    if (!ids.insert(job.id).second)
      return fail(ErrorKind::invalid, fmt::format("two jobs have the id '{}'", job.id), "give each its own");
    for (const auto& mount : job.prepared) {
      if (!outputs.contains(mount.output))
        return fail(ErrorKind::invalid, fmt::format("job '{}' wants the output {}, which no prepare node makes", job.id,
                                                    quote_name(mount.output)));
      if (!mount.path.empty()) PIKA_TRY(check_mount_path(mount.path, fmt::format("job '{}'", job.id)));
    }
  }
  PIKA_TRY(check_needs(prepares, "prepare node"));
  return check_needs(jobs, "job");
}

pika::Status check_trust(const TrustDomain& trust) {
  for (const auto* name : {&trust.name, &trust.reads_from})
    if (!valid_id(*name) && !(name == &trust.reads_from && name->empty()))
      return fail(ErrorKind::invalid, fmt::format("{} is no name of a trust domain", quote_name(*name)),
                  "use a to z, 0 to 9, - and _, at most 64 characters");
  return {};
}

}  // namespace jerichoci
