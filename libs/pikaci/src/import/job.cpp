#include "import/job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "import/expression.hpp"
#include "pika/base/text.hpp"
#include "pikaci/catalogue.hpp"

namespace pikaci {

namespace {

using pika::yaml::Kind;
using pika::yaml::Value;

struct Tool {
  std::string_view word;  // in a script, as a command
  std::vector<std::string> hosts;
};

// What the usual package managers reach.
const std::vector<Tool>& tools() {
  static const std::vector<Tool> kTools = {
      {"npm", {"registry.npmjs.org"}},
      {"npx", {"registry.npmjs.org"}},
      {"pnpm", {"registry.npmjs.org"}},
      {"yarn", {"registry.npmjs.org", "registry.yarnpkg.com"}},
      {"pip", {"pypi.org", "files.pythonhosted.org"}},
      {"pip3", {"pypi.org", "files.pythonhosted.org"}},
      {"tox", {"pypi.org", "files.pythonhosted.org"}},
      {"uv", {"pypi.org", "files.pythonhosted.org"}},
      {"poetry", {"pypi.org", "files.pythonhosted.org"}},
      {"cargo", {"index.crates.io", "static.crates.io"}},
      {"go", {"proxy.golang.org", "sum.golang.org"}},
      {"bundle", {"rubygems.org", "index.rubygems.org"}},
      {"mvn", {"repo.maven.apache.org"}},
  };
  return kTools;
}

// Commands of a script, as far as their first words tell.
bool runs(std::string_view script, std::string_view command) {
  for (std::size_t at = script.find(command); at != std::string_view::npos; at = script.find(command, at + 1)) {
    auto before = at == 0 ? '\n' : script[at - 1];
    auto after = at + command.size() < script.size() ? script[at + command.size()] : '\n';
    if (std::string_view("\n ;&|(\t").contains(before) && std::string_view(" \n\t;").contains(after)) return true;
  }
  return false;
}

// A job here is nobody's root; what it needs is installed on the host, or in a root filesystem.
bool installs_packages(std::string_view line) {
  line = pika::trim(line);
  if (line.starts_with("sudo ")) line = pika::trim(line.substr(5));
  for (std::string_view manager : {"apt-get ", "apt ", "dnf ", "yum ", "apk ", "brew "})
    if (line.starts_with(manager)) return true;
  return false;
}

std::string quoted_for_shell(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

class Importer {
 public:
  Importer(const Workflow& workflow, const Value& job, const Omit& omit)
      : workflow_(workflow), job_(job), omit_(omit) {}

  std::optional<ImportedLane> run(const std::string& id, const Combination& combination) {
    names_.matrix = combination;
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
    if (lane_.script.empty()) {
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
    for (const auto& tool : tools())
      if (runs(lane_.script, tool.word))
        for (const auto& host : tool.hosts)
          if (std::find(lane_.hosts.begin(), lane_.hosts.end(), host) == lane_.hosts.end()) lane_.hosts.push_back(host);
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
        omit_(service.line, fmt::format("the service {}: start it in the lane's command", name));
    if (const auto* container = job_.find("container")) {
      auto image = container->kind == Kind::scalar ? container->text : std::string(container->scalar("image"));
      omit_(container->line,
            fmt::format("the container image {}: the lane has the host's tools; name a root filesystem with `root`",
                        image));
    }
    if (const auto* needs = job_.find("needs"))
      omit_(needs->line, "`needs`: lanes do not wait for one another; put jobs that do into one target");
    if (job_.find("continue-on-error"))
      omit_(job_.find("continue-on-error")->line,
            "`continue-on-error`: leave the lane out of required_lanes in ci/policy.toml");
  }

  void read_env(const Value* env) {
    for (std::size_t i = 0; env && i < env->entries.size(); ++i) {
      const auto& [name, value] = env->entries[i];
      if (value.kind == Kind::mapping || value.kind == Kind::sequence) continue;
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

  void step(const Value& step) {
    if (step.find("uses")) return action(step);
    const auto* run = step.find("run");
    if (!run || run->kind != Kind::scalar)
      return omit_(step.line, "a step that neither runs a command nor uses an action");
    auto name = step.find("name") ? std::string(step.scalar("name")) : std::string(pika::split(run->text, '\n')[0]);
    auto tell = [&](const std::string& why) {
      omit_(step.line, fmt::format("the step `{}`: {}", name.substr(0, 80), why));
    };
    // A lane without what it was to check would be green for nothing: it is red until somebody has decided.
    auto leave = [&](const std::string& why) {
      tell(why);
      auto words = fmt::format("left out by pikaci import: {}", name.substr(0, 80));
      lane_.script +=
          fmt::format("# Put in what belongs here: {}\necho {} >&2; exit 1\n", why, quoted_for_shell(words));
      lane_.unfinished = true;
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
    std::string which;
    auto script = replace_expressions(run->text, names_, true, which);
    if (!script) return leave(fmt::format("`{}` means nothing here", which));
    if (script->find("GITHUB_OUTPUT") != std::string::npos)
      return leave("it hands values to later steps by $GITHUB_OUTPUT, which is not there");
    std::string lines;
    for (auto line : pika::split(pika::trim(*script), '\n')) {
      if (installs_packages(line))
        tell(fmt::format("a job is not root, so `{}` is for the host or a root filesystem",
                         pika::trim(line).substr(0, 100)));
      else
        lines += std::string(line) + "\n";
    }
    if (pika::trim(lines).empty()) return;
    if (runs(lines, "sudo")) return tell("it uses sudo, and a job is not root");
    add(step, lines, which);
    if (!which.empty()) leave(fmt::format("`{}` means nothing here", which));
  }

  // A step is a shell of its own: its folder, its variables and what it sets end with it.
  void add(const Value& step, const std::string& lines, std::string& which) {
    std::string before;
    if (const auto* env = step.find("env"))
      for (const auto& [name, value] : env->entries) {
        auto text = replace_expressions(value.text, names_, true, which);
        if (!text) return;
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
    lane_.script += "(\n" + before + lines + (lines.ends_with('\n') ? "" : "\n") + ")\n";
    // What a step leaves in these files is there for the next ones.
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

  void action(const Value& step) {
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
        if (!text.empty() && text.find("${{") == std::string::npos)
          lane_.artifacts.push_back(text.ends_with('/') ? text + "**" : text);
      }
      return;
    }
    auto tool = name.substr(name.find('/') + 1);
    if (tool.starts_with("setup-") || tool == "action-setup" || tool.find("toolchain") != std::string::npos) {
      std::string versions;
      if (with)
        for (const auto& [key, value] : with->entries)
          if (key.ends_with("version") || key == "toolchain" || key == "components")
            if (auto text = words(&value)) versions += fmt::format(" ({} {})", key, *text);
      return leave(fmt::format("the lane has the host's tools{}", versions));
    }
    if (name == "actions/cache" || name.ends_with("/rust-cache")) return leave("say what is kept with `caches`");
    leave("an action is a program for another CI; put what it does into a command");
  }

  const Workflow& workflow_;
  const Value& job_;
  const Omit& omit_;
  Names names_;
  std::set<std::string> secrets_;
  ImportedLane lane_;
};

}  // namespace

std::optional<ImportedLane> import_job(const Workflow& workflow, const std::string& id, const Value& job,
                                       const Combination& combination, const Omit& omit) {
  return Importer(workflow, job, omit).run(id, combination);
}

}  // namespace pikaci
