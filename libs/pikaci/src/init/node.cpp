// npm, yarn and pnpm.
#include <fmt/format.h>

#include "init/survey.hpp"
#include "pika/json/json.hpp"

namespace pikaci {

namespace {

struct Manager {
  std::string install, run, program;
};

Manager manager_of(const Survey& survey, const std::string& folder) {
  if (survey.has(in_folder(folder, "pnpm-lock.yaml")))
    return {"pnpm install --frozen-lockfile --store-dir \"$PIKA_CACHE_NPM\"", "pnpm run", "pnpm"};
  if (survey.has(in_folder(folder, "yarn.lock")))
    return {"YARN_CACHE_FOLDER=\"$PIKA_CACHE_NPM\" yarn install --frozen-lockfile", "yarn run", "yarn"};
  bool locked =
      survey.has(in_folder(folder, "package-lock.json")) || survey.has(in_folder(folder, "npm-shrinkwrap.json"));
  return {fmt::format("npm {} --no-audit --no-fund --cache \"$PIKA_CACHE_NPM\"", locked ? "ci" : "install"), "npm run",
          "npm"};
}

}  // namespace

void survey_node(Survey& survey) {
  struct Script {
    const char *what, *explain;
    std::vector<const char*> names;  // the first that is there
  };
  const Script kScripts[] = {
      {"test", "Installs what the lock file says, then runs the script `{}`.", {"test:ci", "test"}},
      {"lint", "The script `{}`.", {"lint"}},
      {"types", "The script `{}`.", {"typecheck", "type-check", "check-types", "tsc"}},
      {"format", "The script `{}`.", {"format:check", "check-format", "fmt:check"}},
      {"build", "The script `{}`.", {"build"}},
  };
  for (const auto& folder : survey.folders_with("package.json")) {
    auto file = in_folder(folder, "package.json");
    auto package = pika::json::parse(survey.text(file), file);
    const auto* scripts = package ? pika::json::find_object(*package, "scripts") : nullptr;
    if (!package) survey.note(file + " is no JSON, so nothing of it was used.");
    if (!scripts) continue;
    bool depends = pika::json::find_object(*package, "dependencies") ||
                   pika::json::find_object(*package, "devDependencies") ||
                   pika::json::find_array(*package, "workspaces");
    auto manager = manager_of(survey, folder);
    for (const auto& [what, explain, names] : kScripts)
      for (const char* name : names) {
        const auto* script = scripts->if_contains(name);
        if (!script || !script->is_string()) continue;
        // What `npm init` writes where there is no test.
        if (script->get_string().find("no test specified") != boost::json::string::npos) continue;
        survey.suggest({.what = what,
                        .kind = "npm",
                        .folder = folder,
                        .because = file,
                        .explain = fmt::format(fmt::runtime(explain), name),
                        .shell = (depends ? manager.install + " && " : "") + manager.run + " " + name,
                        .hosts = depends ? std::vector<std::string>{"registry.npmjs.org"} : std::vector<std::string>{},
                        .caches = depends ? std::vector<Cache>{{.name = "npm", .path = "", .key_files = {}}}
                                          : std::vector<Cache>{},
                        .programs = {"node", manager.program}});
        break;
      }
  }
}

}  // namespace pikaci
