// CMake, Meson, Make and autotools.
#include "init/survey.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

void survey_cmake(Survey& survey) {
  for (const auto& folder : survey.folders_with("CMakeLists.txt")) {
    auto file = in_folder(folder, "CMakeLists.txt");
    bool tests = survey.any_file(folder, [&](std::string_view path) {
      if (!path.ends_with("CMakeLists.txt") && !path.ends_with(".cmake")) return false;
      auto text = survey.text(std::string(path));
      for (std::string_view word :
           {"enable_testing", "add_test", "include(CTest)", "include (CTest)", "discover_tests"})
        if (text.find(word) != std::string::npos) return true;
      return false;
    });
    bool fetches = survey.any_file(folder, [&](std::string_view path) {
      return path.ends_with("CMakeLists.txt") &&
             survey.text(std::string(path)).find("FetchContent_Declare") != std::string::npos;
    });
    Suggestion s{.what = tests ? "test" : "build", .kind = "cmake", .folder = folder, .because = file};
    s.explain =
        tests ? "Configures, builds and runs the tests." : "Configures and builds; no tests are declared to CTest.";
    s.shell = "cmake -S . -B build && cmake --build build --parallel \"$(nproc)\"";
    if (tests) s.shell += " && ctest --test-dir build --output-on-failure --no-tests=error";
    s.caches = {{.name = "build", .path = in_folder(folder, "build"), .key_files = {file}}};
    s.programs = {"cmake", "c++"};
    if (fetches) {
      s.hosts = {"github.com", "codeload.github.com", "objects.githubusercontent.com"};
      survey.note("It downloads sources while it configures (FetchContent); the hosts below network may need others.");
    }
    survey.suggest(std::move(s));
  }
}

void survey_meson(Survey& survey) {
  for (const auto& folder : survey.folders_with("meson.build"))
    survey.suggest({.what = "test",
                    .kind = "meson",
                    .folder = folder,
                    .because = in_folder(folder, "meson.build"),
                    .explain = "Configures, builds and runs the tests.",
                    .shell = "meson setup build && meson compile -C build && meson test -C build --print-errorlogs",
                    .hosts = {},
                    .caches = {},
                    .programs = {"meson", "ninja", "cc"}});
}

namespace {

// The rules of a Makefile that have a plain name.
std::vector<std::string> rules_of(const std::string& text) {
  std::vector<std::string> out;
  for (auto line : pika::split(text, '\n')) {
    auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || line.substr(colon).starts_with(":=")) continue;
    for (auto word : pika::split(line.substr(0, colon), ' '))
      if (!word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string_view::npos)
        out.emplace_back(word);
  }
  return out;
}

}  // namespace

void survey_make(Survey& survey) {
  for (std::string_view name : {"GNUmakefile", "Makefile", "makefile"}) {
    if (!survey.has(name)) continue;
    std::string file(name);
    auto rules = rules_of(survey.text(file));
    auto has = [&](std::string_view rule) { return std::find(rules.begin(), rules.end(), rule) != rules.end(); };
    auto lane = [&](const char* what, const std::string& command, const char* explain) {
      survey.suggest({.what = what,
                      .kind = "make",
                      .folder = "",
                      .because = file,
                      .explain = explain,
                      .shell = command,
                      .hosts = {},
                      .caches = {},
                      .programs = {"make"}});
    };
    if (has("test") || has("check"))
      lane("test", has("test") ? "make test" : "make check", "Builds what the tests need and runs them.");
    else
      lane("build", "make", "Builds; the Makefile has neither a rule `test` nor a rule `check`.");
    for (const char* rule : {"lint", "format-check", "fmt-check"})
      if (has(rule))
        lane(rule == std::string_view("lint") ? "lint" : "format", std::string("make ") + rule,
             "As the Makefile says.");
    return;
  }
  if (survey.has("configure"))
    survey.suggest({.what = "test",
                    .kind = "autotools",
                    .folder = "",
                    .because = "configure",
                    .explain = "Configures, builds and runs the tests.",
                    .shell = "./configure && make -j\"$(nproc)\" && make check",
                    .hosts = {},
                    .caches = {},
                    .programs = {"make", "cc"}});
  else if (survey.has("configure.ac"))
    survey.suggest({.what = "test",
                    .kind = "autotools",
                    .folder = "",
                    .because = "configure.ac",
                    .explain = "Makes the configure script, configures, builds and runs the tests.",
                    .shell = "autoreconf -fi && ./configure && make -j\"$(nproc)\" && make check",
                    .hosts = {},
                    .caches = {},
                    .programs = {"autoreconf", "make", "cc"}});
}

}  // namespace pikaci
