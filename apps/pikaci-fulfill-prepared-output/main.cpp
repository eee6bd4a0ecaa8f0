// pikaci-fulfill-prepared-output: does what one request file asks on this host (jerichoci/fulfill.hpp has the format).
// It has no configuration and runs on hosts that have nothing else of this project.
#include <CLI/CLI.hpp>
#include <exception>
#include <filesystem>
#include <iostream>

#include "jerichoci/fulfill.hpp"
#include "pika/base/files.hpp"
#include "pika/json/json.hpp"
#include "pika/manual/manual.hpp"

namespace {

namespace fs = std::filesystem;

int complain(const std::string& words, int exit_code) {
  std::cerr << "pikaci-fulfill-prepared-output: " << words << "\n";
  return exit_code;
}

int run(const std::string& request, const std::string& result_path) {
  auto asked = fs::absolute(request).lexically_normal();
  // Without a place for it the result is read by whoever called us.
  pika::TempDir scratch("pikaci-fulfill-");
  auto place = result_path.empty() ? scratch.path() / "result.json" : fs::absolute(result_path).lexically_normal();
  auto done = jerichoci::fulfill_prepared_output_request(asked, place);
  if (!done) return complain(done.error().text(), 4);
  if (result_path.empty()) std::cout << pika::json::print_pretty(to_json(*done));
  return done->fulfilled ? 0 : complain(done->error, 4);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Shows a prepared output to a job: makes the symlinks that a request file asks for, and says so in a result.",
      "pikaci-fulfill-prepared-output");
  app.set_version_flag("--version", "pikaci-fulfill-prepared-output " PIKA_VERSION);
  app.footer(
      "The result is written on failure too, and whole or not at all. Nothing outside of the job's folder that the\n"
      "request names is touched, no symlink is followed on the way there, and nothing but a symlink is replaced.\n\n"
      "Exit codes: 0 fulfilled, 2 arguments, 4 not fulfilled (the result says why) or no result could be written.\n"
      "The files are described in docs/prepared-outputs.md.");
  std::string request, result_path;
  bool manual = false;
  auto* file = app.add_option("REQUEST", request, "The request, a JSON file")->type_name("");
  app.add_option("--result-path", result_path, "Where the result goes; by default to standard output")
      ->type_name("PATH");
  app.add_flag("--man-page", manual, "The manual page")->group("");
  try {
    app.parse(argc, argv);
    if (manual) {
      std::cout << pika::manual::man_page(pika::manual::describe(app), PIKA_VERSION);
      return 0;
    }
    if (file->empty() || request.empty()) throw CLI::RequiredError("REQUEST");
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : complain(error.what(), 2);
  }
  try {
    return run(request, result_path);
  } catch (const std::exception& error) {
    return complain(error.what(), 4);
  }
}
