#include "init/survey.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

void survey_cargo(Survey& survey) {
  for (const auto& folder : survey.folders_with("Cargo.toml")) {
    auto manifest = in_folder(folder, "Cargo.toml"), lock = in_folder(folder, "Cargo.lock");
    bool locked = survey.has(lock);
    // Only what comes from a registry is fetched; a lock file knows.
    bool fetches = locked ? survey.text(lock).find("source = \"registry+") != std::string::npos
                          : survey.text(manifest).find("dependencies]") != std::string::npos;
    std::vector<std::string> hosts;
    if (fetches) hosts = {"index.crates.io", "static.crates.io"};
    auto lane = [&](const char* what, const std::string& command, const char* explain,
                    std::vector<std::string> programs) {
      survey.suggest({.what = what,
                      .kind = "cargo",
                      .folder = folder,
                      .because = manifest,
                      .explain = explain,
                      .shell = "CARGO_HOME=\"$PIKA_CACHE_CARGO\" " + command,
                      .hosts = hosts,
                      .caches = {{.name = "cargo", .path = "", .key_files = {}},
                                 {.name = "target", .path = in_folder(folder, "target"), .key_files = {}}},
                      .programs = std::move(programs)});
    };
    lane("test", std::string("cargo test --workspace") + (locked ? " --locked" : ""),
         "Builds and tests every crate of the workspace.", {"cargo"});
    bool formats = survey.has(in_folder(folder, "rustfmt.toml")) || survey.has(in_folder(folder, ".rustfmt.toml")) ||
                   survey.workflows().find("cargo fmt") != std::string::npos;
    if (formats) {
      lane("format", "cargo fmt --all --check", "Fails where a file is not formatted.", {"cargo", "rustfmt"});
      survey.suggestions.back().hosts.clear();
    }
    if (survey.workflows().find("cargo clippy") != std::string::npos)
      lane("lint", "cargo clippy --workspace --all-targets", "What clippy finds.", {"cargo", "cargo-clippy"});
  }
}

void survey_go(Survey& survey) {
  for (const auto& folder : survey.folders_with("go.mod")) {
    bool fetches = !pika::trim(survey.text(in_folder(folder, "go.sum"))).empty();
    survey.suggest(
        {.what = "test",
         .kind = "go",
         .folder = folder,
         .because = in_folder(folder, "go.mod"),
         .explain = "Vets and tests every package.",
         .shell = "export GOMODCACHE=\"$PIKA_CACHE_GO/mod\" GOCACHE=\"$PIKA_CACHE_GO/build\" && "
                  "go vet ./... && go test ./...",
         .hosts = fetches ? std::vector<std::string>{"proxy.golang.org", "sum.golang.org"} : std::vector<std::string>{},
         .caches = {{.name = "go", .path = "", .key_files = {}}},
         .programs = {"go"}});
  }
}

}  // namespace pikaci
