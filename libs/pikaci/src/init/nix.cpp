// Nix: only where nothing else was found, as a flake beside another build often is a shell for developers only.
#include "init/survey.hpp"

namespace pikaci {

namespace {

// A store of the job's own, in its cache: a job sees no /nix, and no daemon of the host.
constexpr const char* kFlakes =
    "nix --extra-experimental-features 'nix-command flakes' --store \"$PIKA_CACHE_NIX\" --print-build-logs ";

Suggestion nix_lane(const char* what, const char* file, std::string command, const char* explain) {
  return {.what = what,
          .kind = "nix",
          .folder = "",
          .because = file,
          .explain = explain,
          .shell = std::move(command),
          .hosts = {"cache.nixos.org", "channels.nixos.org", "github.com", "codeload.github.com", "api.github.com"},
          .caches = {{.name = "nix", .path = "", .key_files = {}}},
          .programs = {"nix"}};
}

}  // namespace

void survey_nix(Survey& survey) {
  if (survey.has("flake.nix")) {
    // A check of a flake that declares none would be green for nothing; its package runs tests of its own.
    bool checks = survey.text("flake.nix").find("checks") != std::string::npos;
    survey.suggest(checks
                       ? nix_lane("test", "flake.nix", std::string(kFlakes) + "flake check path:.",
                                  "Builds every check that the flake declares.")
                       : nix_lane("build", "flake.nix", std::string(kFlakes) + "build --no-link path:.",
                                  "Builds the flake's package, with the tests of it; the flake declares no checks."));
  } else if (survey.has("default.nix")) {
    survey.suggest(nix_lane("build", "default.nix", "nix-build --store \"$PIKA_CACHE_NIX\" --no-out-link",
                            "Builds what default.nix says, with the tests of it."));
  }
}

}  // namespace pikaci
