#include "prepared/nix_build.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"
#include "prepared/confined.hpp"
#include "prepared/store_path.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::ErrorKind;
using pika::fail;
using pika::quote_name;

namespace {

constexpr int kBuildFailed = 70, kNotEvaluated = 71, kNotCopied = 72;
constexpr std::string_view kStore = "/nix/store/";
constexpr const char* kInstall = "apt-get install --no-install-recommends nix-bin";

// Words are arguments, never part of the script. Whether a failure was the expression's or the build's, nix's own exit
// code does not tell. Two that make the data base of a new store at once get into each other's way.
constexpr const char* kScript = R"sh(nix=$1 root=$2 collect=$3
shift 3
[ -e /nix/var/nix/db/schema ] || flock /nix/.first "$nix" store ping || exit 72
[ "$collect" = no ] || "$nix" store gc
"$nix" build --print-build-logs --out-link "$PIKA_OUTPUT/result" "$@" || {
  "$nix" path-info --derivation "$@" >/dev/null 2>&1 && exit 70
  exit 71
}
"$nix" path-info --recursive "$PIKA_OUTPUT/result" >"$PIKA_OUTPUT/closure" &&
  mkdir "$PIKA_OUTPUT/store" &&
  xargs -d '\n' cp -a --reflink=auto -t "$PIKA_OUTPUT/store" -- <"$PIKA_OUTPUT/closure" &&
  rm "$PIKA_OUTPUT/closure" &&
  ln -sfn "$(readlink "$PIKA_OUTPUT/result")" "/nix/var/nix/gcroots/$root" || exit 72
)sh";

std::string words_of(const PrepareSpec& spec) {
  std::string out;
  for (const auto& word : spec.command) out += (out.empty() ? "" : " ") + word;
  return quote_name(out);
}

bool by_file(const PrepareSpec& spec) {
  return spec.command[0] == "-f" || spec.command[0] == "--file";
}

}  // namespace

pika::Status check_installable(const PrepareSpec& spec) {
  auto what = fmt::format("prepare node '{}'", spec.id);
  if (by_file(spec)) {
    if (spec.command.size() < 2 || spec.command.size() > 3 || spec.command.back().starts_with('-'))
      return fail(ErrorKind::invalid, fmt::format("{}: -f takes a file of the tree and the name of an attribute", what),
                  R"(for example ["-f", "default.nix", "deps"])");
    return check_inner_path(spec.command[1], what);
  }
  if (spec.command.size() != 1 || spec.command[0].starts_with('-'))
    return fail(ErrorKind::invalid, fmt::format("{} must name one installable", what),
                R"(for example ".#workspace-deps", or ["-f", "default.nix", "deps"])");
  std::string_view flake = spec.command[0];
  flake = flake.substr(0, flake.find('#'));
  if (flake.starts_with("path:")) flake.remove_prefix(5);
  flake = flake.substr(0, flake.find('?'));
  if (flake == "." || flake.starts_with("./")) return check_inner_path(std::string(flake), what);
  return fail(ErrorKind::invalid, fmt::format("{}: the installable {} is not of the tree", what, words_of(spec)),
              "name one of the tree, like .#workspace-deps; what its flake needs from elsewhere stands in flake.lock");
}

std::vector<std::string> nix_command(const fs::path& nix, const PrepareSpec& spec, const std::string& root,
                                     bool collect) {
  std::vector<std::string> out = {"/bin/sh", "-c", kScript, "nix-build", nix.string(), root, collect ? "yes" : "no"};
  if (spec.network == Network::off) out.emplace_back("--offline");
  if (by_file(spec)) {
    // An own path, so that nothing in a name can be taken for <nixpkgs> or an address.
    out.insert(out.end(), {"--file", "./" + spec.command[1]});
    if (spec.command.size() == 3) out.push_back(spec.command[2]);
  } else {
    out.insert(out.end(), {"--no-update-lock-file", spec.command[0]});
  }
  return out;
}

std::map<std::string, std::string> nix_environment(const PrepareSpec& spec) {
  auto env = spec.env;
  // Its own sandbox wants namespaces and mounts that a job may not have. The network is there when the node has one,
  // also where nix sees nothing but a loopback, because our proxy is on it.
  std::string config = "experimental-features = nix-command flakes\nsandbox = false\nbuild-users-group =\n";
  if (spec.network != Network::off) config += "substitute = true\ntarball-ttl = 3600\ndownload-attempts = 5\n";
  auto theirs = spec.env.find("NIX_CONFIG");
  env["NIX_CONFIG"] = config + (theirs == spec.env.end() ? std::string() : theirs->second);
  env.try_emplace("NIX_REMOTE", "local");
  return env;
}

pika::Status check_nix(const fs::path& nix) {
  if (::access(nix.c_str(), X_OK) == 0) return {};
  return fail(ErrorKind::unavailable, fmt::format("nix is not installed on this host ('{}')", nix.string()), kInstall);
}

NixReport look_for_nix(const EngineConfig& config) {
  NixReport report;
  auto there = check_nix(config.nix);
  if (!there) {
    report.words = there.error().what;
    report.remedy = there.error().advice;
    return report;
  }
  auto below = [&](const fs::path& folder) { return config.nix.string().starts_with(folder.string() + "/"); };
  if (!below("/usr") && std::none_of(config.sandbox_paths.begin(), config.sandbox_paths.end(), below)) {
    report.words = fmt::format("a sandbox does not show '{}'", config.nix.string());
    report.remedy = kInstall;
    return report;
  }
  auto said = pika::proc::run({.argv = {config.nix.string(), "--version"}, .deadline = 10 * pika::kSecond});
  report.words = said.ok() ? std::string(pika::trim(said.out)) : "'nix --version' fails";
  auto parts = pika::split(std::string_view(report.words).substr(report.words.rfind(' ') + 1), '.');
  auto major = pika::parse_number<int>(parts[0]);
  auto minor = parts.size() > 1 ? pika::parse_number<int>(parts[1]) : std::nullopt;
  report.usable = said.ok() && major && minor && (*major > 2 || (*major == 2 && *minor >= 4));
  if (report.usable) return report;
  report.words += ", which does not know flakes";
  report.remedy = kInstall;
  return report;
}

void explain_nix_failure(const PrepareSpec& spec, JobRecord& job) {
  if (job.status != Status::failed || job.failure != FailureKind::test_failed) return;
  switch (job.exit_code.value_or(0)) {
    case kBuildFailed:
      job.message = fmt::format("nix build {} failed; its log says where", words_of(spec));
      return;
    case kNotEvaluated:
      job.failure = FailureKind::setup_failed;
      job.message = fmt::format("the installable {} is not there or cannot be evaluated; the log says why; {}",
                                words_of(spec), "are all its files among the node's inputs?");
      return;
    case kNotCopied:
      job.failure = FailureKind::infrastructure;
      job.message = fmt::format("what nix built of {} could not be copied out of its store", words_of(spec));
      return;
    default:
      return;
  }
}

pika::Result<std::string> built_path(const fs::path& payload) {
  std::error_code error;
  auto link = fs::read_symlink(payload / "result", error).string();
  if (error || !is_store_path(link))
    return fail(ErrorKind::invalid, fmt::format("{} is no path of the nix store", quote_name(link)));
  pika::UniqueFd root(::open(payload.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root) throw pika::SystemError(fmt::format("open '{}'", payload.string()));
  auto inside = "store/" + link.substr(kStore.size());
  auto folder = open_below(root.get(), inside, O_RDONLY | O_DIRECTORY, "what nix built");
  if (!folder)
    return fail(folder.error().kind, fmt::format("{} is no folder", quote_name(link)),
                "jobs mount folders: put the file into one");
  return link;
}

}  // namespace jerichoci
