// pikaci-launch-fulfill-prepared-output: starts pikaci-fulfill-prepared-output as a launch file says, and sees to it
// that there is a result (jerichoci/fulfill_transport.hpp has the format). No configuration.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "jerichoci/fulfill_transport.hpp"
#include "pika/base/clock.hpp"
#include "pika/manual/manual.hpp"

namespace {

constexpr const char* kHelper = "pikaci-fulfill-prepared-output";

int complain(const std::string& words, int exit_code) {
  std::cerr << "pikaci-launch-fulfill-prepared-output: " << words << "\n";
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Starts pikaci-fulfill-prepared-output as a launch file says, and writes a result when that does not.",
               "pikaci-launch-fulfill-prepared-output");
  app.set_version_flag("--version", "pikaci-launch-fulfill-prepared-output " PIKA_VERSION);
  app.footer(
      "No other program is started, whatever the file says, and none that others than root and this user may write.\n"
      "What lies at the result's place is removed only if it is a result.\n\n"
      "Exit codes: 0 fulfilled, 2 arguments, 4 not fulfilled (the result says why) or no result could be written.\n"
      "The files are described in docs/prepared-outputs.md.");
  std::string launch;
  unsigned seconds = 600;
  bool manual = false;
  auto* file = app.add_option("LAUNCH", launch, "The launch file, JSON")->type_name("");
  app.add_option("--timeout", seconds, "Ends the program after so many seconds (600)")
      ->check(CLI::Range(1u, 3600u).description(""))
      ->type_name("N");
  app.add_flag("--man-page", manual, "The manual page")->group("");
  try {
    app.parse(argc, argv);
    if (manual) {
      std::cout << pika::manual::man_page(pika::manual::describe(app), PIKA_VERSION);
      return 0;
    }
    if (file->empty() || launch.empty()) throw CLI::RequiredError("LAUNCH");
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : complain(error.what(), 2);
  }
  try {
    auto done = jerichoci::launch_fulfillment(launch, seconds * pika::kSecond, -1, kHelper);
    if (!done) return complain(done.error().text(), 4);
    return done->fulfilled ? 0 : complain(done->error, 4);
  } catch (const std::exception& error) {
    return complain(error.what(), 4);
  }
}
