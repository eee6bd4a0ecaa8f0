#include <fmt/format.h>

#include "init/survey.hpp"
#include "pika/base/text.hpp"
#include "pika/toml/toml.hpp"

namespace pikaci {

namespace {

using pika::toml::Value;

const Value* at(const Value* table, std::string_view key) {
  const auto* entry = table && table->kind == pika::toml::Kind::table ? table->find(key) : nullptr;
  return entry ? &entry->value : nullptr;
}

struct Project {
  bool installable = false;   // has a build that pip can run
  bool dependencies = false;  // of its own
  std::string extra;          // the optional dependencies that its tests need
};

Project project_of(Survey& survey, const std::string& folder) {
  Project out;
  out.installable = survey.has(in_folder(folder, "setup.py"));
  out.dependencies = survey.text(in_folder(folder, "setup.py")).find("install_requires") != std::string::npos;
  auto file = in_folder(folder, "pyproject.toml");
  if (!survey.has(file)) return out;
  auto toml = pika::toml::parse(survey.text(file), file);
  if (!toml) {
    survey.note(file + " is no TOML, so nothing of it was used.");
    return out;
  }
  const auto* project = at(&*toml, "project");
  out.installable = out.installable || project || at(&*toml, "build-system");
  const auto* needs = at(project, "dependencies");
  out.dependencies =
      out.dependencies || (needs && !needs->items.empty()) || at(at(at(&*toml, "tool"), "poetry"), "dependencies");
  for (const char* name : {"test", "tests", "testing", "dev"})
    if (out.extra.empty() && at(at(project, "optional-dependencies"), name)) out.extra = name;
  return out;
}

bool uses_pytest(const Survey& survey, const std::string& folder) {
  for (const char* name : {"pytest.ini", "conftest.py", "tests/conftest.py", "test/conftest.py"})
    if (survey.has(in_folder(folder, name))) return true;
  for (const char* name : {"pyproject.toml", "setup.cfg", "tox.ini", "requirements-dev.txt", "requirements_dev.txt",
                           "requirements-test.txt", "dev-requirements.txt", "test-requirements.txt", "noxfile.py"})
    if (survey.text(in_folder(folder, name)).find("pytest") != std::string::npos) return true;
  return survey.any_file(folder, [&](std::string_view path) {
    auto name = path.substr(path.rfind('/') + 1);
    return name.starts_with("test_") && name.ends_with(".py") &&
           survey.text(std::string(path)).find("import pytest") != std::string::npos;
  });
}

bool has_tests(const Survey& survey, const std::string& folder) {
  return survey.any_file(folder, [](std::string_view path) {
    auto name = path.substr(path.rfind('/') + 1);
    return name.ends_with(".py") && (name.starts_with("test_") || name.ends_with("_test.py") || name == "tests.py");
  });
}

std::vector<std::string> folders(const Survey& survey) {
  for (const char* name : {"pyproject.toml", "setup.py", "setup.cfg", "requirements.txt"})
    if (auto found = survey.folders_with(name); !found.empty()) return found;
  // A few scripts and their tests have no manifest.
  bool plain = survey.any_file("", [](std::string_view path) {
    return path.ends_with(".py") &&
           (path.starts_with("test_") || path.starts_with("tests/test_") || path.starts_with("test/test_"));
  });
  return plain ? std::vector<std::string>{""} : std::vector<std::string>{};
}

}  // namespace

void survey_python(Survey& survey) {
  for (const auto& folder : folders(survey)) {
    if (!has_tests(survey, folder)) continue;
    auto project = project_of(survey, folder);
    bool pytest = uses_pytest(survey, folder);
    std::vector<std::string> requirements, keys;
    for (const char* name : {"requirements.txt", "requirements-dev.txt", "requirements_dev.txt",
                             "requirements-test.txt", "dev-requirements.txt", "test-requirements.txt"})
      if (survey.has(in_folder(folder, name))) requirements.push_back(std::string("-r ") + name);
    for (const char* name : {"pyproject.toml", "setup.py", "requirements.txt"})
      if (survey.has(in_folder(folder, name))) keys.push_back(in_folder(folder, name));
    auto run = std::string(pytest ? "-m pytest" : "-m unittest discover");
    if (!pytest &&
        survey.any_file(folder, [&](std::string_view p) { return p.starts_with(in_folder(folder, "tests/test_")); }))
      run += " -s tests -t .";
    Suggestion s{.what = "test", .kind = "python", .folder = folder};
    s.because = keys.empty() ? "test_*.py" : keys.front();
    bool installs = pytest || project.dependencies || !requirements.empty();
    if (installs) {
      std::vector<std::string> words = requirements;
      if (project.installable)
        words.push_back(project.extra.empty() ? "-e ." : fmt::format("-e \".[{}]\"", project.extra));
      if (pytest) words.emplace_back("pytest");
      s.explain = "Installs what the project asks for into an environment of its own, then runs the tests.";
      s.shell = fmt::format(
          "python3 -m venv .venv && PIP_CACHE_DIR=\"$PIKA_CACHE_PIP\" .venv/bin/pip install -q {} && .venv/bin/python "
          "{}",
          pika::join(words, " "), run);
      s.hosts = {"pypi.org", "files.pythonhosted.org"};
      s.caches = {{.name = "pip", .path = "", .key_files = {}}};
    } else {
      s.explain = "Runs the tests; nothing is installed.";
      s.shell = "python3 " + run;
    }
    s.programs = {"python3"};
    survey.suggest(std::move(s));
  }
}

}  // namespace pikaci
