// What a repository's files suggest: lanes, before they have their names. Each recogniser is a function of its own.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "pikaci/init.hpp"

namespace pikaci {

struct Cache {
  std::string name{}, path{};            // path empty: $PIKA_CACHE_<NAME>
  std::vector<std::string> key_files{};  // from the root
};

struct Suggestion {
  std::string what{};                // "test", "build", "lint", "format", "types"
  std::string kind{};                // "cmake", "npm": where two have the same `what`
  std::string folder{};              // of the manifest; "" is the root
  std::string because{};             // the file that says so
  std::string explain{};             // what the command does, a line or several
  std::string shell{};               // one line for sh, run in `folder`
  std::vector<std::string> hosts{};  // which it must reach; none: no network
  std::vector<Cache> caches{};
  std::vector<std::string> programs{};  // which it needs
};

class Survey {
 public:
  explicit Survey(const InitInput& input) : input_(input) {}

  bool has(std::string_view path) const { return std::binary_search(input_.files.begin(), input_.files.end(), path); }
  std::string text(const std::string& path) const { return has(path) ? input_.read(path).value_or("") : std::string(); }
  // Folders that have this file: the root alone if it does, else those at most two levels down, at most four.
  std::vector<std::string> folders_with(std::string_view name) const;
  // Some file matches, below `folder`.
  template <class F>
  bool any_file(std::string_view folder, F matches) const {
    return std::any_of(input_.files.begin(), input_.files.end(), [&](const std::string& path) {
      return (folder.empty() || path.starts_with(std::string(folder) + "/")) && matches(std::string_view(path));
    });
  }
  // The workflows of another CI, as one text: what a project already runs is known to work.
  const std::string& workflows() const;

  void suggest(Suggestion suggestion) { suggestions.push_back(std::move(suggestion)); }
  void note(std::string sentence);

  std::vector<Suggestion> suggestions;
  std::vector<std::string> notes;

 private:
  const InitInput& input_;
  mutable std::string workflows_;
  mutable bool workflows_read_ = false;
};

// "web" and "a.txt" give "web/a.txt"; "" and "a.txt" give "a.txt".
std::string in_folder(std::string_view folder, std::string_view name);

void survey_cmake(Survey& survey);
void survey_cargo(Survey& survey);
void survey_node(Survey& survey);
void survey_go(Survey& survey);
void survey_python(Survey& survey);
void survey_meson(Survey& survey);
// Only where nothing else was found: a Makefile is often only a short way to the others.
void survey_make(Survey& survey);
// Only where nothing else was found, the Makefile neither.
void survey_nix(Survey& survey);

}  // namespace pikaci
