// The commands of `pikaci`, each a function that writes to a console and gives an exit code (contracts: 7 catalogue,
// 2 arguments, 4 infrastructure, 1 test failed, 5 timed out, 6 cancelled, 3 nothing ran, 0 passed). Parsing of the
// command line is apps/pikaci's.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "jerichoci/jerichoci.hpp"
#include "pikaci/catalogue.hpp"

namespace pikaci {

enum class OutputFormat { human, json, jsonl };

// What the app hands in: where things are and where words go. The streams outlive the call.
struct CliContext {
  std::filesystem::path folder{};      // where the user stands; anywhere in the repository
  std::filesystem::path state_root{};  // of the engine; absolute
  OutputFormat output = OutputFormat::human;
  bool terminal = false;  // `out` is one: live lines
  bool colour = false;
  unsigned columns = 80;  // of the terminal
  bool allow_host_process = false;
  bool fail_fast = false;  // of `run`: the first job that fails ends its run, and no further one begins
  std::map<std::string, std::string> env{};              // what a job's env_allow may pass through
  std::map<std::string, std::filesystem::path> roots{};  // root filesystems and images by name
  std::map<std::string, std::string> secrets{};          // name -> value, for the jobs that name them
  jerichoci::CancelToken cancel{};
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
};

// An outcome that is not what was asked for, with its exit code; every command turns it into words or JSON.
struct Failure {
  int exit_code = 4;
  std::string what{}, advice{};
  std::vector<Problem> problems{};  // of the catalogue
  Failure() = default;
  Failure(int code, std::string words, std::string todo = {})
      : exit_code(code), what(std::move(words)), advice(std::move(todo)) {}
  explicit Failure(pika::Error error);
};
template <class T>
using Outcome = std::expected<T, Failure>;

// Which commits a change lies between; empty: as `pikaci help select` says.
struct Range {
  std::string base{}, head{};
  bool gating = false;  // the base's catalogue, as the forge uses for lanes that gate
};

// Writes a first ci/pikaci.toml, or shows it; `command`: for a shell, in place of what the files suggest. Never over
// one that is there.
int cli_init(const CliContext& context, const std::string& command, bool print);
// The same from workflows of GitHub Actions: these files, or all of .github/workflows.
int cli_import(const CliContext& context, std::vector<std::string> files, bool print);
int cli_run(const CliContext& context, const std::vector<std::string>& names, const Range& range);
int cli_rerun(const CliContext& context, const std::string& run);
int cli_cancel(const CliContext& context, const std::string& run);
int cli_list(const CliContext& context, std::size_t limit);
int cli_status(const CliContext& context, const std::string& run, bool exit_status);
int cli_logs(const CliContext& context, const std::string& run, const std::string& job, bool follow);
// The files that jobs left; with `out` (a folder, made) they are written there, below a folder for each job unless one
// is named.
int cli_artifacts(const CliContext& context, const std::string& run, const std::string& job, const std::string& out);
int cli_gc(const CliContext& context, const jerichoci::GcPolicy& policy);
// Runs the same again and compares; exits as the run does when its outcome is the same, else with the worse of both.
int cli_replay(const CliContext& context, const std::string& run, const std::string& job);
// The person's terminal, by descriptors; `resized` is readable when its size has changed, -1: never.
struct TerminalFds {
  int in = 0, out = 1, resized = -1;
};
// A shell in the world of a job of that run; exits as the shell does. `job` may be left empty where there is no doubt.
int cli_shell(const CliContext& context, const std::string& run, const std::string& job, const TerminalFds& fds);
int cli_lanes(const CliContext& context);
int cli_targets(const CliContext& context);
int cli_select(const CliContext& context, const Range& range);
int cli_why(const CliContext& context, const std::string& lane, const Range& range);
int cli_plan(const CliContext& context, const std::vector<std::string>& names, const Range& range);
int cli_doctor(const CliContext& context);
int cli_lint(const CliContext& context, const Range& range);
// The JSON Schema of "catalogue", "older" or "policy"; empty: of the three.
int cli_schema(const CliContext& context, const std::string& name);

// For the shell's completion: names, one a line, and nothing where there are none. "lanes": with the targets; "runs".
int cli_names(const CliContext& context, const std::string& what);

// "; did you mean 'run'?" or nothing.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);
// Arguments that could not be read: the same words, the same JSON, exit code 2.
int cli_bad_arguments(const CliContext& context, const std::string& what, const std::string& advice);

}  // namespace pikaci
