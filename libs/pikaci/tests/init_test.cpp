#include "pikaci/init.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace pikaci;

namespace {

struct Tree {
  std::map<std::string, std::string> files;
  std::map<std::string, std::vector<std::filesystem::path>> programs{};

  FirstCatalogue first(const std::string& command = {}) const {
    InitInput input{.files = {},
                    .read = [this](std::string_view path) -> std::optional<std::string> {
                      auto at = files.find(std::string(path));
                      return at == files.end() ? std::nullopt : std::optional(at->second);
                    },
                    .programs =
                        [this](std::string_view name) {
                          auto at = programs.find(std::string(name));
                          return at == programs.end() ? std::vector{std::filesystem::path("/usr/bin") / name}
                                                      : at->second;
                        },
                    .command = command};
    for (const auto& [path, text] : files) input.files.push_back(path);
    return first_catalogue(input);
  }
};

// The jobs of what was written, by lane; it must be a catalogue without a fault.
std::map<std::string, jerichoci::JobSpec> jobs(const FirstCatalogue& first) {
  auto loaded = load_catalogue([&](std::string_view path) -> std::optional<std::string> {
    return path == kCataloguePath ? std::optional(first.text) : std::nullopt;
  });
  for (const auto& problem : loaded.problems) FAIL(problem.print());
  std::map<std::string, jerichoci::JobSpec> out;
  for (const auto& lane : loaded.catalogue.lanes) out[lane.id] = loaded.catalogue.targets.at(lane.target).jobs.at(0);
  return out;
}

std::string shell(const jerichoci::JobSpec& job) {
  REQUIRE(job.command.size() == 3);
  return job.command[2];
}

bool noted(const FirstCatalogue& first, std::string_view words) {
  for (const auto& note : first.notes)
    if (note.find(words) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("each kind of repository gets the command that its tools use") {
  auto cmake = jobs(Tree{{{"CMakeLists.txt", "project(x)\nenable_testing()\n"}}}.first());
  CHECK(shell(cmake.at("test")).find("ctest --test-dir build") != std::string::npos);
  CHECK(cmake.at("test").network == jerichoci::Network::off);

  auto plain = jobs(Tree{{{"CMakeLists.txt", "project(x)\n"}}}.first());
  CHECK(shell(plain.at("build")).find("ctest") == std::string::npos);

  auto cargo = jobs(Tree{{{"Cargo.toml", "[package]\nname = \"x\"\n[dependencies]\nlog = \"1\"\n"}}}.first());
  CHECK(shell(cargo.at("test")).find("cargo test --workspace") != std::string::npos);
  CHECK(cargo.at("test").allow_hosts == std::vector<std::string>{"index.crates.io", "static.crates.io"});
  auto alone =
      jobs(Tree{{{"Cargo.lock", "[[package]]\nname = \"x\"\n"}, {"Cargo.toml", "[package]\nname = \"x\"\n"}}}.first());
  CHECK(alone.at("test").network == jerichoci::Network::off);
  CHECK(shell(alone.at("test")).ends_with("--locked"));

  auto go = jobs(Tree{{{"go.mod", "module x\n"}, {"go.sum", ""}}}.first());
  CHECK(shell(go.at("test")).find("go test ./...") != std::string::npos);
  CHECK(go.at("test").network == jerichoci::Network::off);

  auto node = jobs(Tree{
      {{"package.json", R"({"scripts":{"test":"jest","lint":"eslint ."},"devDependencies":{"jest":"1"}})"},
       {"package-lock.json",
        "{}"}}}.first());
  CHECK(shell(node.at("test")) == "npm ci --no-audit --no-fund --cache \"$PIKA_CACHE_NPM\" && npm run test");
  CHECK(node.contains("lint"));

  auto unittest = jobs(Tree{{{"test_x.py", "import unittest\n"}}}.first());
  CHECK(shell(unittest.at("test")) == "python3 -m unittest discover");
  CHECK(unittest.at("test").network == jerichoci::Network::off);
  auto pytest =
      jobs(Tree{{{"pyproject.toml", "[project]\nname = \"x\"\n[project.optional-dependencies]\ntest = [\"a\"]\n"},
                 {"tests/test_x.py", "import pytest\n"}}}
               .first());
  CHECK(shell(pytest.at("test")).find("pip install -q -e \".[test]\" pytest && .venv/bin/python -m pytest") !=
        std::string::npos);

  CHECK(shell(jobs(Tree{{{"Makefile", "all: x\ntest: all\n\t./t\n"}}}.first()).at("test")) == "make test");
  CHECK(shell(jobs(Tree{{{"Makefile", "all: x\nCC := gcc\n"}}}.first()).at("build")) == "make");
  CHECK(jobs(Tree{{{"meson.build", ""}}}.first()).contains("test"));
  CHECK(jobs(Tree{{{"configure", "#!/bin/sh\n"}}}.first()).contains("test"));
}

TEST_CASE("a flake is built in a store of the job's own, where nothing else says how") {
  auto flake = Tree{{{"flake.nix", "{ outputs = { self }: { checks.x86_64-linux.t = 1; }; }"}}};
  auto checks = jobs(flake.first()).at("test");
  CHECK(shell(checks).find("flake check path:.") != std::string::npos);
  CHECK(shell(checks).find("--store \"$PIKA_CACHE_NIX\"") != std::string::npos);
  CHECK(checks.allow_hosts.at(0) == "cache.nixos.org");
  // `nix flake check` of a flake without checks builds nothing.
  auto package = jobs(Tree{{{"flake.nix", "{ outputs = { self }: { packages = 1; }; }"}}}.first());
  CHECK(shell(package.at("build")).find(" build --no-link path:.") != std::string::npos);
  CHECK(shell(jobs(Tree{{{"default.nix", "{}"}}}.first()).at("build")).starts_with("nix-build --store"));
  flake.files["Makefile"] = "test:\n\ttrue\n";
  CHECK(shell(jobs(flake.first()).at("test")) == "make test");
  CHECK(noted(flake.first(), "flake.nix too"));
}

TEST_CASE("a test that npm made up is none, and broken manifests are told and not used") {
  auto first =
      Tree{{{"package.json", R"({"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}})"}}}.first();
  CHECK(first.text.empty());
  first = Tree{{{"package.json", "{"}, {"Makefile", "test:\n"}}}.first();
  CHECK(jobs(first).contains("test"));
  CHECK(noted(first, "package.json is no JSON"));
  first = Tree{{{"pyproject.toml", "[["}, {"test_a.py", ""}}}.first();
  CHECK(jobs(first).contains("test"));
  CHECK(noted(first, "pyproject.toml is no TOML"));
}

TEST_CASE("the folders of a repository of several projects have lanes of their own, chosen by what changes there") {
  Tree tree{{{"server/go.mod", "module x\n"},
             {"web/package.json", R"({"scripts":{"test":"node --test","build":"vite build"}})"},
             {"it's [odd]/package.json", R"({"scripts":{"test":"node --test"}})"},
             {"web/node_modules/a/package.json", R"({"scripts":{"test":"x"}})"}}};
  auto first = tree.first();
  auto found = jobs(first);
  CHECK(found.size() == 4);
  CHECK(shell(found.at("test-go")).starts_with("cd 'server' && "));
  CHECK(shell(found.at("test-web")).starts_with("cd 'web' && "));
  CHECK(shell(found.at("test-it-s-odd")).starts_with("cd 'it'\\''s [odd]' && "));
  CHECK(found.contains("build"));
  // The root's Makefile knows better.
  tree.files["Makefile"] = "test:\n\ttrue\n";
  CHECK(jobs(tree.first()).size() == 1);
}

TEST_CASE("programs that no job could find are told beforehand") {
  Tree tree{{{"Cargo.toml", "[package]\nname = \"x\"\n"}, {"Cargo.lock", ""}},
            {{"cargo", {"/home/u/.cargo/bin/cargo"}}}};
  CHECK(noted(tree.first(), "cargo is at /home/u/.cargo/bin/cargo, where no job sees it"));
  tree.programs["cargo"].push_back("/usr/bin/cargo");
  CHECK(tree.first().notes.empty());
  tree.programs["cargo"].clear();
  CHECK(noted(tree.first(), "cargo is not installed here"));
  tree.files[".gitmodules"] = "";
  CHECK(noted(tree.first(), "submodules"));
}

TEST_CASE("the user's own command is a lane as it is, whatever is in it") {
  for (std::string command : {"make test", "echo \"a\" 'b' \\c", "printf '%s\\n' \"$X\"\necho two", "echo \x01"})
    CHECK(shell(jobs(Tree{}.first(command)).at("test")) == command);
  CHECK(Tree{}.first().text.empty());
}
