#include "import/job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "catalogue/variable.hpp"
#include "import/expression.hpp"
#include "import/script.hpp"
#include "pika/base/text.hpp"
#include "pikaci/catalogue.hpp"

namespace pikaci {

namespace {

using pika::yaml::Kind;
using pika::yaml::Value;

class Importer {
 public:
  Importer(const Workflow& workflow, const Value& job, const Omit& omit)
      : workflow_(workflow), job_(job), omit_(omit) {}

  std::optional<ImportedLane> run(const std::string& id, const Combination& combination) {
    names_.matrix = combination;
    names_.events = workflow_.events;
    names_.inputs = workflow_.inputs;
    names_.secrets = &secrets_;
    if (!can_run_here()) return std::nullopt;
    for (auto word : pika::split(words(job_.find("name")).value_or(""), ' '))
      if (!word.empty()) lane_.title += (lane_.title.empty() ? "" : " ") + std::string(word);
    lane_.id = id;
    lane_.paths = workflow_.paths;
    lane_.nightly = workflow_.nightly;
    for (const auto* env : {workflow_.root->find("env"), job_.find("env")}) read_env(env);
    if (auto minutes = pika::parse_number<int>(job_.scalar("timeout-minutes"))) lane_.minutes = *minutes;
    surroundings();
    const auto* steps = job_.find("steps");
    for (std::size_t i = 0; steps && i < steps->items.size(); ++i) step(steps->items[i]);
    if (!checks_) {
      omit_(job_.line, "nothing that a lane could run is left of this job");
      return std::nullopt;
    }
    for (std::string_view name : {"GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"})
      if (lane_.script.find(name) != std::string::npos)
        lane_.script.insert(0, fmt::format("export {}=$(mktemp)\n", name));
    for (std::string_view name : {"GITHUB_WORKSPACE", "RUNNER_TEMP"})
      if (lane_.script.find(name) != std::string::npos)
        lane_.script.insert(0, fmt::format("export {}={}\n", name,
                                           name == "RUNNER_TEMP" ? "\"${TMPDIR:-/tmp}\"" : "\"$PIKA_WORKSPACE\""));
    lane_.hosts = hosts_of(lane_.script);
    lane_.secrets.assign(secrets_.begin(), secrets_.end());
    return std::move(lane_);
  }

 private:
  std::optional<std::string> words(const Value* value) {
    if (!value || value->kind != Kind::scalar) return std::nullopt;
    std::string which;
    return replace_expressions(value->text, names_, false, which);
  }

  bool can_run_here() {
    if (const auto* uses = job_.find("uses")) {
      omit_(uses->line, fmt::format("the job calls the workflow {}, which is not read", uses->text));
      return false;
    }
    if (const auto* given = job_.find("if")) {
      auto holds = condition(given->text, names_);
      if (!holds)
        omit_(given->line, fmt::format("the job: whether `{}` holds is not known here", given->text.substr(0, 80)));
      if (!holds || !*holds) return false;
    }
    if (const auto* environment = job_.find("environment")) {
      omit_(environment->line, "the job deploys (it has an environment); lanes check and change nothing outside");
      return false;
    }
    const auto* on = job_.find("runs-on");
    std::vector<const Value*> labels;
    if (on && on->kind == Kind::scalar) labels.push_back(on);
    for (std::size_t i = 0; on && i < on->items.size(); ++i) labels.push_back(&on->items[i]);
    for (const auto* label : labels) {
      auto text = pika::lower(words(label).value_or(""));
      for (std::string_view other : {"macos", "windows"})
        if (text.find(other) != std::string::npos) {
          omit_(label->line, fmt::format("it runs on {}; lanes run on Linux", text));
          return false;
        }
    }
    return true;
  }

  // What a job has around it that no lane has.
  void surroundings() {
    if (const auto* services = job_.find("services"))
      for (const auto& [name, service] : services->entries)
        omit_(service.line,
              fmt::format("the service {} is a container: say how it is begun in [services], and name it in `services`",
                          name));
    if (const auto* container = job_.find("container")) {
      auto image = container->kind == Kind::scalar ? container->text : std::string(container->scalar("image"));
      omit_(container->line,
            fmt::format("the container image {}: the lane has the host's tools; name a root filesystem with `root`",
                        image));
    }
    if (const auto* needs = job_.find("needs")) {
      if (needs->kind == Kind::scalar) lane_.needs.push_back(needs->text);
      for (const auto& item : needs->items) lane_.needs.push_back(item.text);
    }
    if (const auto* may_fail = job_.find("continue-on-error")) {
      auto word = words(may_fail);
      lane_.required = word && *word != "true";
      if (!word) omit_(may_fail->line, "`continue-on-error` is computed; the lane is not required");
    }
  }

  void read_env(const Value* env) {
    for (std::size_t i = 0; env && i < env->entries.size(); ++i) {
      const auto& [name, value] = env->entries[i];
      if (value.kind == Kind::mapping || value.kind == Kind::sequence) continue;
      if (!is_variable(name)) {
        omit_(value.line, fmt::format("`{}` {}", name, kVariableRule));
        continue;
      }
      std::string which;
      auto text = replace_expressions(value.text, names_, false, which);
      if (!text) {
        // A secret by its own name is the lane's.
        if (auto secret = std::string_view(which); secret.starts_with("secrets.") && secret.substr(8) == name) {
          secrets_.insert(name);
          continue;
        }
        omit_(value.line, fmt::format("the variable {} is made of `{}`, which means nothing here", name, which));
        continue;
      }
      names_.env[name] = *text;
      std::erase_if(lane_.env, [&](const auto& known) { return known.first == name; });
      lane_.env.emplace_back(name, *text);
    }
  }

  // A lane without what it was to check would be green for nothing: it is red until somebody has decided.
  void leave_red(const std::string& name, const std::string& why) {
    auto words = fmt::format("left out by pikaci import: {}", name.substr(0, 80));
    auto reason = why;
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    lane_.script +=
        fmt::format("# Put in what belongs here: {}\necho {} >&2; exit 1\n", reason, quoted_for_shell(words));
    lane_.unfinished = true;
  }

  void step(const Value& step) {
    if (step.find("uses")) return action(step);
    const auto* run = step.find("run");
    if (!run || run->kind != Kind::scalar)
      return omit_(step.line, "a step that neither runs a command nor uses an action");
    auto name = step.find("name") ? std::string(step.scalar("name")) : std::string(pika::split(run->text, '\n')[0]);
    auto tell = [&](const std::string& why) {
      omit_(step.line, fmt::format("the step `{}`: {}", name.substr(0, 80), why));
    };
    auto leave = [&](const std::string& why) {
      tell(why);
      leave_red(name, why);
    };
    if (const auto* given = step.find("if")) {
      auto holds = condition(given->text, names_);
      if (!holds) return leave(fmt::format("whether `{}` holds is not known here", given->text.substr(0, 80)));
      if (!*holds) return;
    }
    auto shell = std::string(step.scalar("shell"));
    if (shell.empty()) shell = default_of("shell");
    if (!shell.empty() && shell != "bash" && shell != "sh")
      return leave(fmt::format("it is for the shell {}", shell.substr(0, 40)));
    // Its own variables hide those of the job, and only the shell knows them.
    auto outside = names_.at_run;
    if (const auto* env = step.find("env"))
      for (const auto& entry : env->entries) names_.at_run.insert(entry.key);
    std::string which;
    auto script = replace_expressions(run->text, names_, true, which);
    names_.at_run = std::move(outside);
    if (!script) return leave(fmt::format("`{}` means nothing here", which));
    if (script->find("GITHUB_OUTPUT") != std::string::npos)
      return leave("it hands values to later steps by $GITHUB_OUTPUT, which is not there");
    std::vector<std::string> installs;
    auto lines = without_installs(pika::trim(*script), installs);
    for (const auto& line : installs)
      tell(fmt::format("a job is not root, so `{}` is for the host or a root filesystem", line.substr(0, 100)));
    if (lines.empty()) return;
    if (runs(lines, "sudo")) return leave("it uses sudo, and a job is not root");
    add(step, shell, lines, which);
    if (!which.empty()) leave(fmt::format("`{}` means nothing here", which));
  }

  // A step is a shell of its own: its folder, its variables and what it sets end with it.
  void add(const Value& step, const std::string& shell, const std::string& lines, std::string& which) {
    // There, bash that is asked for by its name minds every part of a pipe.
    std::string before = shell == "bash" ? "set -o pipefail\n" : "";
    if (const auto* env = step.find("env"))
      for (const auto& [name, value] : env->entries) {
        auto text = replace_expressions(value.text, names_, true, which);
        if (text && !is_variable(name)) which = name;
        if (!text || !is_variable(name)) return;
        before += fmt::format("export {}={}\n", name,
                              text->find("${") == std::string::npos ? quoted_for_shell(*text) : "\"" + *text + "\"");
      }
    auto folder = std::string(step.scalar("working-directory"));
    if (folder.empty()) folder = default_of("working-directory");
    if (!folder.empty()) {
      auto text = replace_expressions(folder, names_, true, which);
      if (!text) return;
      before +=
          text->find('$') == std::string::npos ? "cd " + quoted_for_shell(*text) + "\n" : "cd \"" + *text + "\"\n";
    }
    if (const auto* name = step.find("name"))
      lane_.script += "# " + std::string(pika::split(name->text, '\n')[0]) + "\n";
    auto body = before + lines + (lines.ends_with('\n') ? "" : "\n");
    if (step.scalar("continue-on-error") == "true")
      lane_.script += "set +e\n(\nset -e\n" + body + ")\nset -e\n";
    else
      lane_.script += "(\n" + body + ")\n";
    checks_ = true;
    // What a step leaves in these files is there for the next ones.
    if (lines.find("GITHUB_ENV") != std::string::npos) names_.all_at_run = true;
    if (lines.find("GITHUB_ENV") != std::string::npos)
      lane_.script += "while IFS= read -r line; do export \"$line\"; done <\"$GITHUB_ENV\"\n";
    if (lines.find("GITHUB_PATH") != std::string::npos)
      lane_.script += "while IFS= read -r line; do PATH=$line:$PATH; done <\"$GITHUB_PATH\"\n";
  }

  std::string default_of(std::string_view key) const {
    for (const auto* of : {&job_, workflow_.root})
      if (const auto* defaults = of->find("defaults"))
        if (const auto* run = defaults->find("run"))
          if (auto word = run->scalar(key); !word.empty()) return std::string(word);
    return {};
  }

  // Actions that check nothing: they send on what others found, or watch the machine.
  static bool reports(std::string_view name) {
    for (std::string_view known :
         {"codecov/", "coverallsapp/", "step-security/harden-runner", "dorny/test-reporter", "actions/labeler",
          "actions/upload-", "github/codeql-action/upload-sarif", "dorny/paths-filter", "tj-actions/changed-files"})
      if (name.starts_with(known)) return true;
    return false;
  }

  void action(const Value& step) {
    if (const auto* given = step.find("if"))
      if (auto holds = condition(given->text, names_); holds && !*holds) return;
    auto uses = std::string(step.scalar("uses"));
    auto name = uses.substr(0, uses.find('@'));
    const auto* with = step.find("with");
    auto leave = [&](const std::string& why) { omit_(step.line, fmt::format("{}: {}", uses, why)); };
    if (name == "actions/checkout") {
      if (with && !with->scalar("submodules").empty() && with->scalar("submodules") != "false")
        leave("a lane has the tree without submodules");
      else if (with && !with->scalar("repository").empty())
        leave("it fetches another repository");
      else if (with && with->scalar("fetch-depth") == "0")
        leave("a lane has the tree and no history");
      return;
    }
    if (name == "actions/upload-artifact") {
      for (auto path : pika::split(with ? with->scalar("path") : "", '\n')) {
        auto text = std::string(pika::trim(path));
        if (text.empty()) continue;
        if (text.find_first_of("$~\\") != std::string::npos || text.starts_with('/') || text.starts_with('!') ||
            text.find("..") != std::string::npos)
          leave(fmt::format("{} is no path below the workspace", text.substr(0, 80)));
        else
          lane_.artifacts.push_back(text.ends_with('/') ? text + "**" : text);
      }
      return;
    }
    auto tool = name.substr(name.find('/') + 1);
    if (tool.starts_with("setup-") || tool == "action-setup" || tool.find("toolchain") != std::string::npos ||
        tool.find("install") != std::string::npos) {
      std::string versions;
      if (with)
        for (const auto& [key, value] : with->entries)
          if (key.ends_with("version") || key == "toolchain" || key == "components")
            if (auto text = words(&value)) versions += fmt::format(" ({} {})", key, *text);
      return leave(fmt::format("the lane has the host's tools{}", versions));
    }
    if (name == "actions/cache" || name.ends_with("/rust-cache")) return leave("say what is kept with `caches`");
    leave("an action is a program for another CI; put what it does into a command");
    if (!reports(name)) leave_red(uses, "what this action does");
  }

  const Workflow& workflow_;
  const Value& job_;
  const Omit& omit_;
  Names names_;
  std::set<std::string> secrets_;
  ImportedLane lane_;
  bool checks_ = false;  // some command was carried over
};

}  // namespace

std::optional<ImportedLane> import_job(const Workflow& workflow, const std::string& id, const Value& job,
                                       const Combination& combination, const Omit& omit) {
  return Importer(workflow, job, omit).run(id, combination);
}

}  // namespace pikaci
