// pikaci init: a first catalogue, written where there is none.
#include "pikaci/init.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "cli/console.hpp"
#include "cli/outcome.hpp"
#include "cli/project.hpp"
#include "pika/base/check.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> find_programs(const std::map<std::string, std::string>& env, std::string_view name) {
  std::vector<fs::path> out;
  auto path = env.find("PATH");
  if (path == env.end()) return out;
  for (auto folder : pika::split(path->second, ':')) {
    if (!folder.starts_with('/')) continue;
    auto file = fs::path(folder) / name;
    if (::access(file.c_str(), X_OK) != 0) continue;
    std::error_code error;
    auto whole = fs::canonical(file, error);
    out.push_back(error ? file : whole);
  }
  return out;
}

Failure unknown_build() {
  return Failure(
      2, "nothing here says how this repository is tested",
      "give the command yourself: pikaci init --command 'make test'. Looked for: CMakeLists.txt, meson.build, "
      "Cargo.toml, go.mod, package.json, Python with tests, Makefile, configure");
}

}  // namespace

int cli_init(const CliContext& context, const std::string& command, bool print) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto project = CLI_TRY(Project::find(context.folder));
    auto files = project.files();
    std::sort(files.begin(), files.end());
    for (auto name : {kCataloguePath, kOlderCataloguePath})
      if (!print && (std::binary_search(files.begin(), files.end(), name) || fs::exists(project.root() / name)))
        return std::unexpected(
            Failure(2, fmt::format("{} is there already", name),
                    "pikaci lint says what is wrong with it; pikaci init --print shows what a first one would be"));
    auto first = first_catalogue({.files = files,
                                  .read = project.reader(),
                                  .programs = [&](std::string_view name) { return find_programs(context.env, name); },
                                  .command = command});
    if (first.text.empty()) {
      for (const auto& note : first.notes) console.note(printable(note));
      return std::unexpected(unknown_build());
    }
    auto check = load_catalogue([&](std::string_view path) -> std::optional<std::string> {
      return path == kCataloguePath ? std::optional(first.text) : std::nullopt;
    });
    PIKA_CHECK(check.problems.empty(), "what init writes is a catalogue");
    if (!print) {
      fs::create_directories(project.root() / "ci");
      pika::write_file_atomic(project.root() / kCataloguePath, first.text, 0644);
    }
    if (print && console.human()) console.raw(first.text);
    json::Array lanes;
    for (const auto& lane : first.lanes) {
      if (!print)
        console.say(fmt::format("  {}  {}", console.paint(Ink::strong, lane.id),
                                "because of " + printable(pika::quote_name(lane.because))));
      lanes.push_back(json::Object{{"id", lane.id}, {"because", pika::to_utf8(lane.because)}});
    }
    for (const auto& note : first.notes) console.note("note: " + printable(note));
    if (!print)
      console.say(fmt::format("Wrote {} with {}. Try it: pikaci run",
                              printable(pika::quote_name((project.root() / kCataloguePath).string())),
                              pika::plural(static_cast<std::int64_t>(first.lanes.size()), "lane")));
    console.document(json::Object{{"schema_version", 1},
                                  {"path", std::string(kCataloguePath)},
                                  {"written", !print},
                                  {"text", pika::to_utf8(first.text)},
                                  {"lanes", std::move(lanes)},
                                  {"notes", names_json(first.notes)},
                                  {"exit_code", 0}});
    return 0;
  });
}

}  // namespace pikaci
