#include "snapshot/git_program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/text.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;

pika::proc::Command git_command(const std::filesystem::path& repository, std::vector<std::string> args,
                                GitConfig config, std::vector<std::string> extra_env) {
  pika::proc::Command c;
  c.argv = {"git",
            "-C",
            repository.string(),
            "-c",
            "safe.directory=*",
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false"};
  for (auto& a : args) c.argv.push_back(std::move(a));
  c.clean_env = true;
  for (char** e = environ; *e; ++e) {
    std::string_view entry = *e;
    if (!entry.starts_with("GIT_") && !entry.starts_with("LC_") && !entry.starts_with("LANG"))
      c.env.emplace_back(entry);
  }
  for (auto* fixed : {"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C", "GIT_PAGER=cat"})
    c.env.emplace_back(fixed);
  if (config == GitConfig::clean) {
    c.env.emplace_back("GIT_CONFIG_NOSYSTEM=1");
    c.env.emplace_back("GIT_CONFIG_GLOBAL=/dev/null");
  }
  for (auto& e : extra_env) c.env.push_back(std::move(e));
  c.deadline = 600 * pika::kSecond;
  return c;
}

namespace {
// For GIT_ALTERNATE_OBJECT_DIRECTORIES, where a colon separates and quotes make it harmless.
std::string quoted_path(const std::filesystem::path& path) {
  std::string out = "\"";
  for (char c : path.string()) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}
}  // namespace

std::vector<std::string> object_folders_env(const std::vector<std::filesystem::path>& folders) {
  if (folders.empty()) return {};
  std::string others;
  for (std::size_t i = 1; i < folders.size(); ++i) others += (i > 1 ? ":" : "") + quoted_path(folders[i]);
  return {"GIT_OBJECT_DIRECTORY=" + folders[0].string(), "GIT_ALTERNATE_OBJECT_DIRECTORIES=" + others};
}

pika::Result<std::string> git_output(const pika::proc::Command& command, std::string_view input, std::string* said) {
  auto out = pika::proc::run(command, {.input = input, .out_cap = 1u << 30});
  std::size_t at = 3;  // behind "git -C <folder>" come options, each with its value, then the subcommand
  while (at + 2 < command.argv.size() && command.argv[at] == "-c") at += 2;
  const auto& name = command.argv[std::min(at, command.argv.size() - 1)];
  if (out.timed_out)
    return fail(ErrorKind::unavailable,
                fmt::format("git {} did not end within {}", name, pika::format_duration(*command.deadline)));
  if (!out.ok()) {
    // Our stores have the older setting for libgit2; git says so at each start.
    constexpr std::string_view kNoise = "warning: core.fsyncObjectFiles is deprecated; use core.fsync instead\n";
    for (auto found = out.err.find(kNoise); found != std::string::npos; found = out.err.find(kNoise))
      out.err.erase(found, kNoise.size());
    auto words = std::string(pika::trim(pika::to_utf8(out.err)));
    if (words.empty()) words = out.start_error.empty() ? fmt::format("exit code {}", out.exit_code) : out.start_error;
    return fail(ErrorKind::unavailable, fmt::format("git {} failed: {}", name, words));
  }
  if (said) *said = std::move(out.err);
  return std::move(out.out);
}

}  // namespace jerichoci
