#include "cli_support.hpp"

#include <doctest/doctest.h>

#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"

Scratch::Scratch() : root_(folder_.path() / "repo") {
  pika::make_dirs(root_);
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));  // jobs may run as another user
  git({"init", "-q", "-b", "main"});
}

void Scratch::write(const std::string& path, const std::string& text) {
  auto file = root_ / path;
  pika::make_dirs(file.parent_path());
  pika::write_file_atomic(file, text);
}

void Scratch::remove(const std::string& path) {
  pika::remove_tree(root_ / path);
}

std::string Scratch::git(std::vector<std::string> args) {
  pika::proc::Command command;
  command.argv = {"git", "-C", root_.string(), "-c", "user.name=n", "-c", "user.email=n@example.org"};
  for (auto& arg : args) command.argv.push_back(std::move(arg));
  command.env = {"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"};
  auto outcome = pika::proc::run(command);
  INFO(outcome.err);
  REQUIRE(outcome.ok());
  return std::string(pika::trim(outcome.out));
}

std::string Scratch::commit(const std::string& subject) {
  git({"add", "-A"});
  git({"commit", "-q", "--allow-empty", "-m", subject});
  return git({"rev-parse", "HEAD"});
}

void Scratch::with_catalogue() {
  write("ci/pikaci.toml", R"(version = 1
[[lane]]
id = "unit"
paths = ["libs/**"]
target = "unit"
[[lane]]
id = "docs"
paths = ["docs/"]
command = ["true"]
runtime = "host_process"
[[targets.unit.jobs]]
id = "test"
command = ["sh", "-c", "echo one; test ! -e libs/broken"]
runtime = "host_process"
)");
  write("libs/a.cpp", "int a;\n");
  write("docs/a.md", "a\n");
  write("other.txt", "o\n");
  commit("begin");
}

pikaci::CliContext Scratch::context(pikaci::OutputFormat output) {
  clear();
  pikaci::CliContext context;
  context.folder = root_;
  context.state_root = folder_.path() / "state";
  context.output = output;
  context.allow_host_process = true;
  context.out = &out_;
  context.err = &err_;
  return context;
}

pika::json::Value Scratch::json() const {
  return pika::json::parse(out_.str(), "output").value();
}

void Scratch::clear() {
  out_.str({});
  err_.str({});
}
