// pikaci: reads the command line, builds one context, runs one command of libs/pikaci.
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "bad_arguments.hpp"
#include "jerichoci/jerichoci.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/text.hpp"
#include "pika/manual/manual.hpp"
#include "pikaci/cli.hpp"
#include "signals.hpp"

extern char** environ;

namespace {

using pikaci::CliContext;
using pikaci::OutputFormat;
using pikaci::Range;
namespace fs = std::filesystem;

struct Arguments {
  std::string output = "human", state, folder;
  std::vector<std::string> secrets, roots;
  bool allow_host_process = false, fail_fast = false;
  std::vector<std::string> names;
  std::string run, job, lane, out;
  Range range;
  std::size_t limit = 20;
  jerichoci::GcPolicy gc;
  bool dry_run = false;
  bool follow = false, exit_status = false, shell = false, print = false;
  std::string command, what;
};

fs::path state_root(const Arguments& arguments) {
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return value && value[0] == '/' ? fs::path(value) : fs::path();  // the XDG rule: relative ones are not heeded
  };
  if (!arguments.state.empty()) return fs::absolute(arguments.state).lexically_normal();
  if (auto xdg = variable("XDG_STATE_HOME"); !xdg.empty()) return xdg / "pikaci";
  if (auto home = variable("HOME"); !home.empty()) return home / ".local/state/pikaci";
  return fs::temp_directory_path() / ("pikaci-" + std::to_string(::geteuid()));
}

// Whether the state folder is ours alone, where its name is one that anybody could have taken before.
bool ours(const fs::path& state) {
  if (state.parent_path() != fs::temp_directory_path()) return true;
  struct stat is{};
  if (::mkdir(state.c_str(), 0700) == 0) return true;
  return ::lstat(state.c_str(), &is) == 0 && S_ISDIR(is.st_mode) && is.st_uid == ::geteuid() &&
         (is.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> env;
  for (char** entry = environ; *entry; ++entry) {
    std::string_view text = *entry;
    if (auto at = text.find('='); at != std::string_view::npos && at > 0)
      env.emplace(text.substr(0, at), text.substr(at + 1));
  }
  return env;
}

unsigned columns() {
  struct winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// The output that was asked for, also when the rest of the arguments makes no sense.
OutputFormat wanted_output(int argc, char** argv) {
  OutputFormat format = OutputFormat::human;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i], value;
    if (word.starts_with("--output=")) value = word.substr(9);
    if ((word == "--output" || word == "-o") && i + 1 < argc) value = argv[i + 1];
    if (value == "json") format = OutputFormat::json;
    if (value == "jsonl") format = OutputFormat::jsonl;
  }
  return format;
}

// `--base "$UNSET"` must not quietly mean something else.
const CLI::Validator kNotEmpty([](const std::string& word) { return word.empty() ? "it is empty" : std::string(); },
                               "");

// "-1" is a number too, and no count of anything.
const CLI::Validator kCount(
    [](std::string& word) {
      return pika::parse_number<std::uint32_t>(word)
                 ? std::string()
                 : "it wants a whole number from 0 on, and this is '" + pika::quote_name(word) + "'";
    },
    "");
// In bytes, or with a unit.
const CLI::Validator kSize(
    [](std::string& word) {
      auto read = word;
      try {
        if (!word.starts_with("-") && CLI::AsSizeValue(true)(read).empty()) return std::string();
      } catch (const CLI::Error&) {  // NOLINT(bugprone-empty-catch): told below
      }
      return "it wants a size as 10GB or 500MiB, and this is '" + pika::quote_name(word) + "'";
    },
    "");

void add_range(CLI::App& command, Arguments& arguments, bool with_head) {
  command
      .add_option("--base", arguments.range.base,
                  "What the change is measured from: the merge base with this commit.\n"
                  "By default the target branch as git knows it: origin/HEAD, else main or master")
      ->check(kNotEmpty)
      ->type_name("REF");
  if (!with_head) return;
  command
      .add_option("--head", arguments.range.head, "Where the change ends; by default the work tree, committed or not")
      ->check(kNotEmpty)
      ->type_name("REF");
  command.add_flag("--gating", arguments.range.gating,
                   "Use the catalogue of the base, as the forge does for what gates");
}

struct Commands {
  CLI::App *init, *import, *run, *rerun, *cancel, *list, *status, *logs, *artifacts, *gc, *replay, *lanes, *targets,
      *select, *why, *plan, *doctor, *lint, *schema, *names;
};

Commands describe(CLI::App& app, Arguments& a) {
  app.require_subcommand(1);
  app.fallthrough();
  app.get_formatter()->column_width(36);
  app.add_option("-o,--output", a.output, "human, json (one document) or jsonl (one object a line)")
      ->check(CLI::IsMember({"human", "json", "jsonl"}))
      ->type_name("FORMAT");
  app.add_option("--state", a.state,
                 "Folder for runs, logs and caches\n(by default $XDG_STATE_HOME/pikaci or ~/.local/state/pikaci)")
      ->type_name("FOLDER");
  app.add_option("-C", a.folder, "Go there first")->type_name("FOLDER");
  app.footer(
      "RUN is an id, the beginning of one, or 'last'.\n\n"
      "Exit codes: 0 passed, 1 test failed, 2 arguments, 3 nothing ran, 4 infrastructure, 5 timed out,\n"
      "6 cancelled, 7 catalogue. The catalogue's format is described in docs/catalogue.md.");
  auto root = [&](CLI::App* command) {
    command
        ->add_option(
            "--root", a.roots,
            "A root filesystem for jobs that name it:\na folder, or an OCI image layout (skopeo copy ... oci:PATH)")
        ->type_name("NAME=PATH")
        ->allow_extra_args(false);
  };
  auto host = [&](CLI::App* command) {
    command->add_flag("--allow-host-process", a.allow_host_process,
                      "Let jobs that ask for it run on this host without isolation");
    command
        ->add_option("--secret", a.secrets,
                     "Gives jobs that name it the secret NAME,\nwhose value is in the variable of that name")
        ->type_name("NAME")
        ->allow_extra_args(false);
    root(command);
  };
  Commands c{};
  c.init = app.add_subcommand("init", "Write a first ci/pikaci.toml, by what the repository looks like");
  c.init->add_option("--command", a.command, "Make one lane of this command, for a shell")
      ->check(kNotEmpty)
      ->type_name("WORDS");
  c.init->add_flag("--print", a.print, "Only show it");
  c.import = app.add_subcommand("import",
                                "Write a first ci/pikaci.toml from workflows of GitHub Actions,\n"
                                "and list what could not be carried over");
  c.import->add_option("FILE", a.names, "Workflows; without one, all of .github/workflows")->type_name("");
  c.import->add_flag("--print", a.print, "Only show it");
  c.run = app.add_subcommand("run", "Run what the change chooses, or the targets and lanes named");
  c.run->add_option("NAME", a.names, "Targets or lanes; these run whatever has changed")->type_name("");
  add_range(*c.run, a, false);
  host(c.run);
  c.run->add_flag("--fail-fast", a.fail_fast, "The first job that fails ends the run, and nothing further begins");
  c.list = app.add_subcommand("list", "Runs, newest first");
  c.list->add_option("-n,--limit", a.limit, "At most so many (20)")->check(CLI::Range(1, 1'000'000))->type_name("N");
  c.status = app.add_subcommand("status", "One run and its jobs");
  c.status->add_option("RUN", a.run)->required()->type_name("");
  c.status->add_flag("--exit-status", a.exit_status, "Exit as the run did");
  c.logs = app.add_subcommand("logs", "What the jobs of a run wrote");
  c.logs->add_option("RUN", a.run)->required()->type_name("");
  c.logs->add_option("-j,--job", a.job, "This job only")->type_name("JOB");
  c.logs->add_flag("-f,--follow", a.follow, "Go on until the job has ended");
  c.artifacts = app.add_subcommand("artifacts", "The files that the jobs of a run left behind");
  c.artifacts->add_option("RUN", a.run)->required()->type_name("");
  c.artifacts->add_option("-j,--job", a.job, "This job only")->type_name("JOB");
  c.artifacts->add_option("--out", a.out, "Write them into this folder, below one for each job")
      ->check(kNotEmpty)
      ->type_name("DIR");
  c.gc = app.add_subcommand("gc", "Remove what is not needed any more: old runs, and what only they used");
  c.gc->add_flag("--dry-run", a.dry_run, "Only tell what would go");
  c.gc->add_option("--keep-days", a.gc.keep_days, "Runs that are younger stay (30)")->check(kCount)->type_name("N");
  c.gc->add_option("--keep-runs", a.gc.keep_runs, "So many of the newest stay, whatever their age (100)")
      ->check(kCount)
      ->type_name("N");
  for (const char* name : {"runs", "checkouts", "caches", "outputs", "nix", "images", "verdicts"})
    c.gc->add_option(std::string("--") + name + "-bytes", a.gc.quotas[name],
                     std::string("At most so many bytes of ") + name + ", as 10GB; the least recently used go")
        ->transform(CLI::AsSizeValue(true).description(""))
        ->transform(kSize)  // the last that is added is the first that is asked
        ->type_name("BYTES");
  c.replay = app.add_subcommand("replay", "Run the same again and compare: the same, flaky, or another environment");
  c.replay->add_option("RUN", a.run)->required()->type_name("");
  c.replay->add_option("-j,--job", a.job, "This job only, without what it needs")->type_name("JOB");
  c.replay->add_flag("--shell", a.shell,
                     "Instead of running it: a shell in that job's world, without its secrets.\n"
                     "Exits as the shell does; nothing of it is left");
  host(c.replay);
  c.lanes = app.add_subcommand("lanes", "The lanes of the catalogue");
  c.targets = app.add_subcommand("targets", "The targets of the catalogue and their jobs");
  c.select = app.add_subcommand("select", "Which lanes the change chooses, and why");
  add_range(*c.select, a, true);
  c.why = app.add_subcommand("why", "Why a lane is chosen or not, path by path");
  c.why->add_option("LANE", a.lane)->required()->type_name("");
  add_range(*c.why, a, true);
  c.plan = app.add_subcommand("plan", "What `run` would do, without doing it");
  c.plan->add_option("NAME", a.names, "Targets or lanes")->type_name("");
  add_range(*c.plan, a, false);
  c.rerun = app.add_subcommand("rerun", "The same jobs on the same tree again");
  c.rerun->add_option("RUN", a.run)->required()->type_name("");
  host(c.rerun);
  c.cancel = app.add_subcommand("cancel", "Ask a run to end");
  c.cancel->add_option("RUN", a.run)->required()->type_name("");
  c.doctor = app.add_subcommand("doctor", "What this host can isolate with");
  root(c.doctor);
  c.lint = app.add_subcommand("lint",
                              "Filters that match no file, files that choose no lane, required lanes that are missing");
  add_range(*c.lint, a, false);
  c.schema = app.add_subcommand("schema", "The JSON Schema of the catalogue's files, for editors");
  c.schema
      ->add_option("FILE", a.what, "catalogue (ci/pikaci.toml), older (ci/forge-lanes.toml) or policy (ci/policy.toml)")
      ->type_name("");
  // For the completion.
  c.names = app.add_subcommand("names", "Names of lanes and targets, or of runs, one a line")->group("");
  c.names->add_option("KIND", a.what)->required()->check(CLI::IsMember({"lanes", "runs"}));
  return c;
}

// Quotas only where they were given: 0 bytes is a quota too.
jerichoci::GcPolicy gc_policy(const Commands& c, const Arguments& a) {
  auto policy = a.gc;
  if (a.dry_run) policy.mode = jerichoci::GcPolicy::Mode::dry_run;
  std::erase_if(policy.quotas, [&](const auto& quota) { return c.gc->count("--" + quota.first + "-bytes") == 0; });
  return policy;
}

int dispatch(const Commands& c, const CliContext& context, const Arguments& a) {
  if (c.init->parsed()) return cli_init(context, a.command, a.print);
  if (c.import->parsed()) return cli_import(context, a.names, a.print);
  if (c.run->parsed()) return cli_run(context, a.names, a.range);
  if (c.rerun->parsed()) return cli_rerun(context, a.run);
  if (c.cancel->parsed()) return cli_cancel(context, a.run);
  if (c.list->parsed()) return cli_list(context, a.limit);
  if (c.status->parsed()) return cli_status(context, a.run, a.exit_status);
  if (c.logs->parsed()) return cli_logs(context, a.run, a.job, a.follow);
  if (c.artifacts->parsed()) return cli_artifacts(context, a.run, a.job, a.out);
  if (c.gc->parsed()) return cli_gc(context, gc_policy(c, a));
  if (c.replay->parsed() && a.shell) return cli_shell(context, a.run, a.job, {0, 1, watch_size()});
  if (c.replay->parsed()) return cli_replay(context, a.run, a.job);
  if (c.lanes->parsed()) return cli_lanes(context);
  if (c.targets->parsed()) return cli_targets(context);
  if (c.select->parsed()) return cli_select(context, a.range);
  if (c.why->parsed()) return cli_why(context, a.lane, a.range);
  if (c.plan->parsed()) return cli_plan(context, a.names, a.range);
  if (c.doctor->parsed()) return cli_doctor(context);
  if (c.schema->parsed()) return cli_schema(context, a.what);
  if (c.names->parsed()) return cli_names(context, a.what);
  return cli_lint(context, a.range);
}

// `pikaci help run` is `pikaci run --help`.
std::vector<char*> with_help(int argc, char** argv) {
  std::vector<char*> words(argv, argv + argc);
  static char option[] = "--help";
  if (argc < 2 || argc > 3 || std::string_view(argv[1]) != "help") return words;
  words.erase(words.begin() + 1);
  words.push_back(option);
  return words;
}

// What was said must have arrived, or nobody is to take silence for it. A pipe may end when its reader has seen enough.
int written(int code) {
  struct stat out{};
  std::cout.flush();
  if (std::cout || ::fstat(STDOUT_FILENO, &out) != 0 || S_ISFIFO(out.st_mode) || S_ISSOCK(out.st_mode)) return code;
  std::cerr << "pikaci: what was to be said could not be written to the standard output\n";
  return jerichoci::worse_exit_code(code, 4);
}

pika::manual::Command manual(const CLI::App& app) {
  auto out = pika::manual::describe(app);
  for (auto& command : out.commands) {
    for (const char* name : {"run", "plan", "why"})
      if (command.name == name) command.words_from = "pikaci names lanes";
    for (const char* name : {"status", "logs", "artifacts", "replay", "rerun", "cancel"})
      if (command.name == name) command.words_from = "pikaci names runs";
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  pika::open_standard_streams();
  auto words = with_help(argc, argv);
  argc = static_cast<int>(words.size());
  argv = words.data();
  // In a git hook these point at somebody's index; the repository is found from the folder alone.
  for (const char* name :
       {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"})
    ::unsetenv(name);
  CliContext context;
  context.out = &std::cout;
  context.err = &std::cerr;
  context.output = wanted_output(argc, argv);
  Arguments arguments;
  CLI::App app{"Runs the checks of a repository: the lanes and targets of its ci/pikaci.toml.", "pikaci"};
  app.set_version_flag("--version", "pikaci " PIKA_VERSION);
  auto commands = describe(app, arguments);
  pika::manual::Commands manuals(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& error) {
    if (argc == 1) {
      std::cerr << app.help();
      return 2;
    }
    return bad_arguments(context, app, error, argc, argv);
  }
  if (manuals.asked()) {
    auto text = manuals.text(manual(app), PIKA_VERSION);
    std::cout << text;
    return text.empty()
               ? cli_bad_arguments(context, "there is no completion for '" + pika::quote_name(manuals.shell()) + "'",
                                   "there is one for bash, zsh and fish")
               : 0;
  }
  std::error_code gone;
  context.folder = arguments.folder.empty() ? fs::current_path(gone) : fs::path(arguments.folder);
  if (gone) return cli_bad_arguments(context, "the folder you are in is not there any more", "go into another");
  context.state_root = state_root(arguments);
  if (arguments.state.empty() && !ours(context.state_root))
    return cli_bad_arguments(context,
                             "the state folder '" + pika::quote_name(context.state_root.string()) +
                                 "' belongs to somebody else, or others may write to it",
                             "set HOME, or name another with --state");
  context.allow_host_process = arguments.allow_host_process;
  context.fail_fast = arguments.fail_fast;
  context.env = environment();
  for (const auto& name : arguments.secrets) {
    auto at = context.env.find(name);
    if (at == context.env.end())
      return cli_bad_arguments(context, "the secret " + pika::quote_name(name) + " has no value here",
                               "set the variable of that name, and keep it out of the command line");
    context.secrets[name] = at->second;
  }
  for (const auto& word : arguments.roots) {
    auto at = word.find('=');
    auto name = word.substr(0, at);
    if (at == std::string::npos || at + 1 == word.size() || !jerichoci::valid_id(name))
      return cli_bad_arguments(context, "--root wants NAME=PATH, and this is " + pika::quote_name(word),
                               "as in --root bookworm=/srv/roots/bookworm");
    auto path = fs::absolute(word.substr(at + 1)).lexically_normal();
    std::error_code error;
    if (!fs::is_directory(path, error))
      return cli_bad_arguments(context,
                               "there is no folder '" + pika::quote_name(path.string()) + "' for the root " + name,
                               "an image is made into one with skopeo copy docker://debian:bookworm oci:" + name);
    context.roots[name] = path;
  }
  const char* term = std::getenv("TERM");
  const char* no_colour = std::getenv("NO_COLOR");
  context.terminal = ::isatty(STDOUT_FILENO) == 1 && term && std::string_view(term) != "dumb";
  context.colour = context.terminal && !(no_colour && no_colour[0]);
  context.columns = columns();
  // What only looks ends at once; what runs jobs has to end them.
  for (const auto* runs : {commands.run, commands.rerun, commands.replay, commands.logs})
    if (runs->parsed()) watch_interrupts(context.cancel);
  return written(dispatch(commands, context, arguments));
}
