#include "prepared/prepare_node.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>

#include "jerichoci/fulfill.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "prepared/nix_build.hpp"
#include "prepared/output_lock.hpp"
#include "prepared/output_name.hpp"
#include "prepared/payload.hpp"
#include "run/job_runner.hpp"
#include "runstore/replace_file.hpp"
#include "snapshot/subset_tree.hpp"
#include "snapshot/tree_copy.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;

namespace {

constexpr const char* kOutput = "/output";

pika::Micros now() {
  return pika::system_clock().now();
}

// What the nix builds among them refer to, in one /nix/store.
void show_closures(std::vector<JobMount>& mounts, const std::map<std::string, OutputInUse>& outputs) {
  JobMount store{{}, "/nix/store", true, {}};
  for (const auto& [id, output] : outputs) {
    if (!output->closure()) continue;
    if (store.source.empty()) {
      store.source = *output->closure();
    } else {
      store.below.push_back(*output->closure());
    }
  }
  if (!store.source.empty()) mounts.push_back(std::move(store));
}

class PrepareRun {
 public:
  PrepareRun(const PrepareContext& context, const PrepareSpec& spec, PreparedOutputRecord record)
      : c_(context), spec_(spec), out_{std::move(record), nullptr} {}

  Prepared run() {
    try {
      auto made = prepare();
      if (made && held_) made = hand_over();
      if (!made) settle(FailureKind::setup_failed, made.error().text());
    } catch (const std::exception& error) {
      settle(FailureKind::infrastructure, error.what());
    }
    out_.record.finished_at = now();
    return std::move(out_);
  }

 private:
  pika::Status prepare() {
    auto subset = PIKA_TRY(subset_tree(c_.engine.objects, c_.tree, spec_.inputs));
    if (!subset.missing.empty())
      return fail(ErrorKind::not_found, fmt::format("the tree has no {}", pika::quote_name(subset.missing[0])),
                  "correct the inputs of the prepare node");
    OutputIngredients from{spec_, subset.tree};
    for (const auto& [id, output] : c_.needed) from.inputs.emplace_back(id, output->content());
    from.environment = c_.engine.host_facts.environment();
    for (const auto& path : c_.engine.config.sandbox_paths) from.host_paths.push_back(path.string());
    from.nix = c_.engine.config.nix.string();
    if (find(from, c_.trust.name)) return {};
    if (!c_.trust.reads_from.empty() && find(from, c_.trust.reads_from)) return {};
    auto content = output_name(from, c_.trust.name);
    if (!c_.trust.may_save) return make(subset.tree, content);
    OutputLock lock;
    auto got = OutputLock::take(c_.engine.outputs.root(), content, spec_.limits.time, c_.cancel_fd, lock);
    if (got != OutputLock::Got::it) return give_up(got);
    if (find(from, c_.trust.name)) return {};  // made while we waited
    return make(subset.tree, content);
  }

  // While another run was making the same output.
  pika::Status give_up(OutputLock::Got why) {
    if (why == OutputLock::Got::cancelled) {
      out_.record.status = Status::cancelled;
      out_.record.message = "cancelled while another run was making it";
    } else {
      settle(FailureKind::timed_out, "timed out after " + pika::format_duration(spec_.limits.time) +
                                         ", waiting for another run that makes the same output");
    }
    return {};
  }

  bool find(const OutputIngredients& from, const std::string& domain) {
    out_.record.content = output_name(from, domain);
    held_ = c_.engine.outputs.hold(out_.record.content, c_.run_id);
    if (!held_) return false;
    out_.record.reused = true;
    out_.record.bytes = held_->bytes;
    out_.record.status = Status::passed;
    return true;
  }

  pika::Status make(const pika::git::Oid& tree, const std::string& content) {
    out_.record.content = content;
    if (is_nix())
      if (auto there = check_nix(c_.engine.config.nix); !there) {
        settle(FailureKind::infrastructure, there.error().text());
        return {};
      }
    // In the run's own work folder: what a killed engine leaves goes with that.
    auto aside = c_.engine.config.state_root / "work" / c_.run_id / (".output-" + spec_.id);
    auto payload = aside / "payload";
    pika::make_dirs(payload);
    if (c_.engine.job_uid && ::chown(payload.c_str(), *c_.engine.job_uid, *c_.engine.job_uid) != 0)
      throw pika::SystemError(fmt::format("chown '{}'", payload.string()));
    auto job = run_command(tree, content, aside);
    out_.record.log_bytes = job.log_bytes;
    if (job.status != Status::passed) {
      out_.record.status = job.status;
      out_.record.failure = job.failure;
      out_.record.message = job.message;
      return {};
    }
    auto size = PIKA_TRY(seal_payload(payload));
    auto built = is_nix() ? PIKA_TRY(built_path(payload)) : std::string();
    // Looked at before anybody is shown it: what is wrong with it is said.
    PIKA_TRY(read_manifest(is_nix() ? payload / "store" / fs::path(built).filename() : payload));
    out_.record.bytes = size.bytes;
    if (c_.trust.may_save) {
      PreparedOutput output{
          content, spec_.id, spec_.role, c_.trust.name, c_.run_id, built, size.bytes, size.files, now(), 0, {}, {}};
      held_ = c_.engine.outputs.publish(aside, output);
      c_.engine.outputs.collect(c_.engine.config.prepared_quota, DryRun::no);
    } else {
      held_ = std::make_shared<HeldOutput>(content, payload, built);
    }
    out_.record.status = Status::passed;
    return {};
  }

  bool is_nix() const { return spec_.kind == PrepareSpec::Kind::nix_build; }

  // The nix store of the domain; what it holds beyond its quota goes first.
  NixStore::InUse nix_store(const fs::path& aside) const {
    if (!c_.trust.may_save) return c_.engine.nix.throw_away(aside / "nix");
    return c_.engine.nix.use(c_.trust.name, c_.engine.outputs.contents());
  }

  JobRecord run_command(const pika::git::Oid& tree, const std::string& content, const fs::path& aside) {
    JobSpec job;
    job.id = spec_.id;
    job.command = spec_.command;
    job.env = spec_.env;
    std::optional<NixStore::InUse> store;
    if (is_nix()) {
      store = nix_store(aside);
      bool collect = tree_bytes(store->folder) > c_.engine.config.nix_store_bytes;
      job.command = nix_command(c_.engine.config.nix, spec_, content, collect);
      job.env = nix_environment(spec_);
    }
    job.network = spec_.network;
    job.allow_hosts = spec_.allow_hosts;
    job.limits = spec_.limits;
    auto checkout =
        c_.engine.checkouts.ensure(c_.engine.objects, tree, c_.engine.config.state_root / "work" / c_.run_id);
    if (!checkout) {
      auto record = new_job_record(job);
      record.status = Status::failed;
      record.failure = FailureKind::infrastructure;
      record.message = "the files of its inputs could not be written: " + checkout.error().what;
      return record;
    }
    JobContext context{c_.engine, c_.run_id, *checkout, c_.busy, c_.journal, c_.cancel_fd};
    context.tree = tree;
    context.kill_fd = c_.kill_fd;
    context.trust = c_.trust;
    context.mounts.push_back({aside / "payload", kOutput, false, "PIKA_OUTPUT"});
    if (store) context.mounts.push_back({store->folder, "/nix", false, {}});
    for (const auto& [id, output] : c_.needed)
      context.mounts.push_back({output->exposed, "/prepared/" + id, true, prepared_variable(id)});
    if (!store) show_closures(context.mounts, c_.needed);
    auto record = run_job(context, job, new_job_record(job));
    if (store) explain_nix_failure(spec_, record);
    return record;
  }

  // To the run's jobs, by the same request that another host would get: runs/<run>/prepared/<id>.request.json, and what
  // became of it in .result.json beside it.
  pika::Status hand_over() {
    auto place = c_.engine.config.state_root / "work" / c_.run_id / ".prepared";
    auto files = c_.engine.runs.run_folder(c_.run_id) / "prepared";
    pika::make_dirs(place);
    pika::make_dirs(files);
    FulfillRequest request{.node_id = spec_.id,
                           .installable = is_nix() ? spec_.command.back() : std::string(),
                           .output_name = held_->content(),
                           .protocol = "prepared_store_v1",
                           .realized_path = fs::absolute(held_->payload()),
                           .job_folder = fs::absolute(place),
                           .requested_exposures = {{.path = spec_.id}}};
    auto request_path = files / (spec_.id + ".request.json"), result_path = files / (spec_.id + ".result.json");
    replace_file(request_path, pika::json::print_pretty(to_json(request)));
    PIKA_TRY(fulfill_prepared_output_request(request_path, result_path));
    auto result = PIKA_TRY(load_fulfill_result(result_path, request_path, request));
    if (!result.fulfilled) return fail(ErrorKind::unavailable, result.error);
    held_->exposed = place / spec_.id;
    out_.output = std::move(held_);
    return {};
  }

  void settle(FailureKind kind, std::string message) {
    held_ = nullptr;
    out_.output = nullptr;
    out_.record.status = Status::failed;
    out_.record.failure = kind;
    out_.record.message = std::move(message);
  }

  const PrepareContext& c_;
  const PrepareSpec& spec_;
  Prepared out_;
  std::shared_ptr<HeldOutput> held_;  // until it is handed over
};

std::string place_of_role(const PrepareSpec& spec) {
  if (spec.role == "workspace_deps") return "/staged/linux-rust/workspace-deps";
  if (spec.role == "workspace_build") return "/staged/linux-rust/workspace-build";
  return "/prepared/" + spec.id;
}

}  // namespace

PreparedOutputRecord new_prepared_record(const PrepareSpec& spec) {
  PreparedOutputRecord record;
  record.id = spec.id;
  record.role = spec.role;
  return record;
}

Prepared run_prepare(const PrepareContext& context, const PrepareSpec& spec, PreparedOutputRecord record) {
  return PrepareRun(context, spec, std::move(record)).run();
}

std::string prepared_variable(const std::string& id) {
  std::string out = "PIKA_PREPARED_";
  for (char c : id) out += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

pika::Result<std::vector<JobMount>> mounts_of(const JobSpec& job, const std::vector<PrepareSpec>& specs,
                                              const std::map<std::string, OutputInUse>& outputs) {
  std::vector<JobMount> out;
  std::map<std::string, OutputInUse> shown;
  for (const auto& mount : job.prepared) {
    const auto& output = shown[mount.output] = outputs.at(mount.output);
    if (output->closure() && job.runtime == Runtime::host_process)
      return fail(ErrorKind::invalid,
                  fmt::format("'{}' was built with nix, and a host process cannot be shown a /nix/store", mount.output),
                  "use runtime = \"sandbox\"");
    const auto& manifest = output->manifest();
    auto spec = std::find_if(specs.begin(), specs.end(), [&](const auto& s) { return s.id == mount.output; });
    if (mount.path.empty() && manifest && !manifest->mounts.empty()) {
      for (const auto& m : manifest->mounts)
        out.push_back({(output->exposed / m.relative_path).lexically_normal(), m.guest_path, true,
                       prepared_variable(mount.output + "-" + m.name)});
    } else {
      out.push_back({output->exposed, mount.path.empty() ? place_of_role(*spec) : mount.path, true,
                     prepared_variable(mount.output)});
    }
  }
  show_closures(out, shown);
  std::set<std::string> places;
  for (const auto& mount : out)
    if (!places.insert(mount.target).second)
      return fail(ErrorKind::invalid, fmt::format("two prepared outputs would be mounted at {}", mount.target),
                  "give one of them a path of its own in the job's 'prepared'");
  return out;
}

}  // namespace jerichoci
