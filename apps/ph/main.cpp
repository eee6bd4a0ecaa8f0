// ph: the forge's command line, for people and for agents. Exit codes: docs/ph.md.
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "pika/base/fd.hpp"
#include "pika/manual/manual.hpp"
#include "pika/ph/commands.hpp"

namespace {

std::filesystem::path login_file() {
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config && *config)
    return std::filesystem::path(config) / "pika/ph.json";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home && *home ? home : "/") / ".config/pika/ph.json";
}

// One line from standard input; asked for, and not shown, when that is a terminal.
std::string read_token() {
  const bool terminal = ::isatty(0) == 1;
  termios before{};
  if (terminal && ::tcgetattr(0, &before) == 0) {
    std::fputs("Token: ", stderr);
    auto quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(0, TCSANOW, &quiet);
  }
  std::string line;
  std::getline(std::cin, line);
  if (terminal) {
    ::tcsetattr(0, TCSANOW, &before);
    std::fputs("\n", stderr);
  }
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  pika::open_standard_streams();
  CLI::App app(
      "Branches, lanes and merges of a forge, from where you are. BRANCH is a name or a number; without one, the "
      "branch that is checked out.",
      "ph");
  app.require_subcommand(1);
  app.set_version_flag("--version", "ph " PIKA_VERSION);
  pika::ph::Session session;
  session.folder = ".";
  session.login_file = login_file();
  session.out = [](std::string_view text) { pika::write_all(1, text); };
  session.err = [](std::string_view text) { pika::write_all(2, text); };
  session.pause = [](pika::Micros span) { std::this_thread::sleep_for(std::chrono::microseconds(span)); };
  app.add_flag("--json", session.json, "print the forge's JSON");
  app.add_option("--server", session.server, "the forge's address (default: from the git remote)");
  app.add_option("--repo", session.repository, "OWNER/NAME (default: from the git remote)");
  app.fallthrough();

  std::string branch, url, token;
  double timeout = -1;
  pika::ph::LogOptions log_options;
  pika::ph::MergeOptions merge_options;
  const auto with_branch = [&](CLI::App* command) {
    command->add_option("BRANCH", branch, "name, 133 or #133");
    return command;
  };
  auto* login =
      app.add_subcommand("login", "store a token for a forge; without --token it is read from standard input");
  login->add_option("URL", url, "http://host:port")->required();
  login->add_option("--token", token, "the token (others on this host may see it while this runs)");
  auto* status = with_branch(app.add_subcommand("status", "state, lanes, and whether it can land"));
  auto* wait = with_branch(app.add_subcommand("wait", "follow the lanes to their end; the exit code says how"));
  wait->add_option("--timeout", timeout, "seconds, then exit code 5")->check(CLI::NonNegativeNumber);
  auto* logs = app.add_subcommand("logs", "print a lane's log");
  logs->add_option("LANE", log_options.lane, "id or title (default: the first that failed, else that runs)");
  logs->add_flag("-f,--follow", log_options.follow, "until it ends; then the exit code is the lane's");
  logs->add_option("--branch", branch, "name, 133 or #133");
  logs->add_option("--attempt", log_options.attempt, "which try (default: the newest)")->check(CLI::Range(1, 1000000));
  auto* merge = with_branch(app.add_subcommand("merge", "land it; 8 when the gate says no"));
  merge->add_option("--override", merge_options.override_reason, "land over red; the REASON stays on the page");
  merge->add_option("--expected-head", merge_options.expected_head, "commit id that must still be the head");
  auto* address = with_branch(app.add_subcommand("url", "the address of the branch's page"));
  pika::manual::Commands manuals(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (manuals.asked()) {
    auto text = manuals.text(pika::manual::describe(app), PIKA_VERSION);
    std::cout << text;
    if (text.empty()) std::cerr << "ph: there is completion for bash, zsh and fish\n";
    return text.empty() ? 2 : 0;
  }
  try {
    if (*login) return pika::ph::login(session, url, token.empty() ? read_token() : token);
    if (*status) return pika::ph::status(session, branch);
    if (*logs) return pika::ph::logs(session, branch, log_options);
    if (*merge) return pika::ph::merge(session, branch, merge_options);
    if (*address) return pika::ph::url(session, branch);
    if (*wait) {
      pika::ph::WaitOptions options;
      if (timeout >= 0) options.timeout = static_cast<pika::Micros>(timeout * pika::kSecond);
      return pika::ph::wait(session, branch, options);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ph: %s\n", error.what());
    return 4;
  }
  return 2;
}
