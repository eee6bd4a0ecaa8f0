// pikaci replay --shell: into the world of a job.
#include <fmt/format.h>
#include <unistd.h>

#include "cli/console.hpp"
#include "cli/engine.hpp"
#include "cli/outcome.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

namespace {

void say_world(Console& console, const jerichoci::ShellWorld& world) {
  auto line = [&](std::string_view what, const std::string& words) {
    console.say(fmt::format("  {} {}", console.paint(Ink::faint, fmt::format("{:<9}", what)), words));
  };
  line("job", world.job.id);
  line("command", command_line(world.job.command));
  if (!world.without.empty()) line("without", "its secrets: " + pika::join(world.without, ", "));
  line("files", "the tree anew: nothing of what the job had made; what you change is gone when you leave");
  std::flush(*console.context().out);
}

// What kept the shell from beginning, or ended it.
Failure failure_of(const jerichoci::ShellEnd& end) {
  auto code = jerichoci::exit_code(end.status, end.failure);
  auto words = end.message.empty() ? "the shell could not be started" : printable(end.message);
  return Failure(code == 0 ? 4 : code, words);
}

}  // namespace

int cli_shell(const CliContext& context, const std::string& name, const std::string& job, const TerminalFds& fds) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    if (!console.human())
      return std::unexpected(Failure(2, "a shell is for people, and --output asks for JSON", "leave one of them away"));
    if (::isatty(fds.in) != 1 || ::isatty(fds.out) != 1)
      return std::unexpected(Failure(
          2,
          fmt::format("a shell needs a terminal, and standard {} is none", ::isatty(fds.in) != 1 ? "input" : "output"),
          "without --shell, replay runs the job's own command"));
    auto engine = CLI_TRY(open_engine(context));
    auto before = CLI_TRY(find_run(*engine, name));
    for (const auto& each : before.jobs)
      if (each.runtime == jerichoci::Runtime::host_process && (job.empty() || each.id == job) &&
          !context.allow_host_process)
        return std::unexpected(Failure(2,
                                       "a job of that run runs on this host without isolation (runtime host_process)",
                                       "say --allow-host-process if you want a shell there"));
    console.say(
        fmt::format("a shell for {}, of {}: tree {}", name_of(before), before.run_id, snapshot_words(before.snapshot)));
    auto term = context.env.find("TERM");
    auto end = engine->shell(
        before.run_id, job,
        {.in = fds.in,
         .out = fds.out,
         .resized = fds.resized,
         .term = term == context.env.end() ? std::string() : term->second},
        [&](const jerichoci::ShellWorld& world) { say_world(console, world); }, context.cancel);
    if (!end) return std::unexpected(Failure(std::move(end.error())));
    if (!end->exit_code) return std::unexpected(failure_of(*end));
    if (end->failure != jerichoci::FailureKind::none && end->failure != jerichoci::FailureKind::test_failed)
      console.note(printable(end->message));
    console.say(fmt::format("the shell ended with exit code {}; nothing of it is left", *end->exit_code));
    return *end->exit_code;
  });
}

}  // namespace pikaci
