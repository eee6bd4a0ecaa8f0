#include <fmt/format.h>
#include <signal.h>

#include <iostream>

#include "commands.hpp"
#include "pika/base/files.hpp"
#include "pika/base/log.hpp"
#include "pika/server/site.hpp"

using namespace pika;

namespace {
int complain(const Error& error) {
  std::cerr << "pika-git: " << error.what << "\n";
  if (!error.advice.empty()) std::cerr << "  " << error.advice << "\n";
  return error.kind == ErrorKind::invalid ? 2 : 4;
}
}  // namespace

int serve(const ServeFlags& flags) {
  server::SiteOptions options;
  options.data = flags.data;
  if (auto read = server::read_settings(options.data / "server.toml", options); !read) return complain(read.error());
  if (!flags.listen.empty()) options.listen = flags.listen;
  if (flags.port >= 0) options.port = static_cast<std::uint16_t>(flags.port);
  if (!flags.public_url.empty()) options.public_url = flags.public_url;
  if (!flags.runner_program.empty()) options.runner_program = flags.runner_program;
  if (flags.slots > 0) options.runner_slots = static_cast<unsigned>(flags.slots);
  if (flags.no_runner) options.start_runner = false;
  if (flags.allow_host_process) options.allow_host_process = true;
  options.lease_seconds = static_cast<std::uint32_t>(flags.lease_seconds);

  if (auto key = server::load_model_key(options); !key) return complain(key.error());
  if (flags.check) {
    fmt::print("the settings are good; {}\n", server::model_words(options));
    return 0;
  }

  // Blocked before any thread starts, so that only sigwait below takes them.
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGCHLD, SIG_DFL);  // whoever started us may ignore it
  ::signal(SIGPIPE, SIG_IGN);

  auto site = server::Site::open(options);
  if (!site) return complain(site.error());
  if (auto started = (*site)->start(); !started) return complain(started.error());
  if (!flags.port_file.empty()) write_file_atomic(flags.port_file, fmt::format("{}\n", (*site)->port()));
  fmt::print("pika-git is at {}/\n", (*site)->url());
  if (options.model) fmt::print("{}\n", server::model_words(options));
  if (!(*site)->first_link().empty()) fmt::print("sign in once as admin: {}\n", (*site)->first_link());
  std::fflush(stdout);
  int signal = 0;
  ::sigwait(&signals, &signal);
  log_info("serve", "stopping");
  (*site)->stop();
  return 0;
}
