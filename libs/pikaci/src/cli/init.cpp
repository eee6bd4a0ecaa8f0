// pikaci init, import: a first catalogue, written where there is none.
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
#include "pikaci/import.hpp"

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
      "Cargo.toml, go.mod, package.json, Python with tests, Makefile, configure, flake.nix");
}

// Never over one that is there, and never outside of the repository.
Outcome<bool> may_write(const Project& project, std::string_view command) {
  auto folder = fs::symlink_status(project.root() / "ci").type();
  if (folder != fs::file_type::directory && folder != fs::file_type::not_found)
    return std::unexpected(Failure(2,
                                   folder == fs::file_type::symlink
                                       ? "ci is a symbolic link, and git would see no catalogue there"
                                       : "ci is no folder",
                                   "the catalogue is ci/pikaci.toml: make room for it"));
  for (auto name : {kCataloguePath, kOlderCataloguePath})
    if (fs::exists(fs::symlink_status(project.root() / name)))
      return std::unexpected(
          Failure(2, fmt::format("{} is there already", name),
                  fmt::format("pikaci lint says what is wrong with it; pikaci {} --print shows what this would write",
                              command)));
  return true;
}

json::Array lanes_json(const std::vector<FirstLane>& lanes) {
  json::Array out;
  for (const auto& lane : lanes) out.push_back(json::Object{{"id", lane.id}, {"because", pika::to_utf8(lane.because)}});
  return out;
}

// What init or import made: checked, then shown or written.
void write_or_show(Console& console, const Project& project, const std::string& text,
                   const std::vector<FirstLane>& lanes, bool print) {
  auto check = load_catalogue([&](std::string_view path) -> std::optional<std::string> {
    return path == kCataloguePath ? std::optional(text) : std::nullopt;
  });
  if (!check.problems.empty()) PIKA_CHECK(false, "what is written is a catalogue: " + check.problems[0].print());
  if (print) {
    if (console.human()) console.raw(text);
    return;
  }
  fs::create_directories(project.root() / "ci");
  pika::write_file_atomic(project.root() / kCataloguePath, text, 0644);
  for (const auto& lane : lanes)
    console.say(fmt::format("  {}  because of {}", console.paint(Ink::strong, lane.id),
                            printable(pika::quote_name(lane.because))));
}

void say_written(Console& console, const Project& project, std::size_t lanes) {
  console.say(fmt::format("Wrote {} with {}. Try it: pikaci run",
                          printable(pika::quote_name((project.root() / kCataloguePath).string())),
                          pika::plural(static_cast<std::int64_t>(lanes), "lane")));
}

}  // namespace

int cli_init(const CliContext& context, const std::string& command, bool print) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto project = CLI_TRY(Project::find(context.folder));
    if (!print) CLI_TRY(may_write(project, "init"));
    auto files = project.files();
    std::sort(files.begin(), files.end());
    auto first = first_catalogue({.files = files,
                                  .read = project.reader(),
                                  .programs = [&](std::string_view name) { return find_programs(context.env, name); },
                                  .command = command});
    for (const auto& note : first.notes) console.note("note: " + printable(note));
    if (first.text.empty()) return std::unexpected(unknown_build());
    write_or_show(console, project, first.text, first.lanes, print);
    if (!print) say_written(console, project, first.lanes.size());
    console.document(json::Object{{"schema_version", 1},
                                  {"path", std::string(kCataloguePath)},
                                  {"written", !print},
                                  {"text", pika::to_utf8(first.text)},
                                  {"lanes", lanes_json(first.lanes)},
                                  {"notes", names_json(first.notes)},
                                  {"exit_code", 0}});
    return 0;
  });
}

int cli_import(const CliContext& context, std::vector<std::string> names, bool print) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto project = CLI_TRY(Project::find(context.folder));
    if (!print) CLI_TRY(may_write(project, "import"));
    bool all = names.empty();
    if (all)
      for (const auto& file : project.files())
        if (file.starts_with(".github/workflows/") && (file.ends_with(".yml") || file.ends_with(".yaml")))
          names.push_back(file);
    std::sort(names.begin(), names.end());
    if (names.empty())
      return std::unexpected(
          Failure(2, "there is no workflow in .github/workflows", "name the files, or begin with pikaci init"));
    std::vector<std::pair<std::string, std::string>> files;
    for (const auto& name : names) {
      // As it was named: from where the user stands, or, when they were looked for, from the root.
      auto text = pika::read_file((all ? project.root() : context.folder) / name);
      if (!text) return std::unexpected(Failure(2, text.error().what, text.error().advice));
      files.emplace_back(name, std::move(*text));
    }
    auto imported = import_workflows(files);
    json::Array left_out;
    for (const auto& left : imported.left_out) {
      console.note("left out: " + printable(left.print()));
      left_out.push_back(
          json::Object{{"file", pika::to_utf8(left.file)}, {"line", left.line}, {"text", pika::to_utf8(left.text)}});
    }
    if (imported.text.empty())
      return std::unexpected(Failure(2, "no lane came of these workflows",
                                     "what was left out, and why, is listed above; begin with pikaci init"));
    write_or_show(console, project, imported.text, imported.lanes, print);
    if (!print) {
      say_written(console, project, imported.lanes.size());
      if (!imported.left_out.empty())
        console.say(fmt::format(
            "{} could not be carried over.{}",
            pika::plural(static_cast<std::int64_t>(imported.left_out.size()), "thing"),
            imported.unfinished == 0 ? ""
            : imported.unfinished == 1
                ? " One lane is red until you put in what was left out of it."
                : fmt::format(" {} lanes are red until you put in what was left out of them.", imported.unfinished)));
    }
    console.document(json::Object{{"schema_version", 1},
                                  {"path", std::string(kCataloguePath)},
                                  {"written", !print},
                                  {"text", pika::to_utf8(imported.text)},
                                  {"lanes", lanes_json(imported.lanes)},
                                  {"left_out", std::move(left_out)},
                                  {"unfinished", imported.unfinished},
                                  {"exit_code", 0}});
    return 0;
  });
}

}  // namespace pikaci
