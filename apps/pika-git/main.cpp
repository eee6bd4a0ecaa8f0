// pika-git: the forge. Reads the flags and runs one command; run by git under a hook's name, it is that hook.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>

#include "commands.hpp"
#include "pika/base/fd.hpp"
#include "pika/manual/manual.hpp"
#include "pika/server/site.hpp"

namespace {

void add_serve(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("serve", "Start the forge on a data folder");
  auto flags = std::make_shared<ServeFlags>();
  command->add_option("--data", flags->data, "Data folder; made when it is not there")->required();
  command->add_option("--listen", flags->listen, "Address to listen on (127.0.0.1)");
  command->add_option("--port", flags->port, "Port (8787; 0: any free one)")->check(CLI::Range(0, 65535));
  command->add_option("--port-file", flags->port_file, "Write the port there once it listens");
  command->add_option("--public-url", flags->public_url, "How people reach it, when not by listen and port");
  command->add_flag("--no-runner", flags->no_runner, "Do not start a runner on this host");
  command->add_option("--runner-program", flags->runner_program,
                      "The pika-runner to start (the one beside this program)");
  command->add_option("--slots", flags->slots, "Lanes at once on this host (its processors)")
      ->check(CLI::Range(1, 1024));
  command->add_flag("--allow-host-process", flags->allow_host_process, "Let lanes ask to run without a sandbox");
  command->add_option("--lease", flags->lease_seconds, "Seconds after which a silent runner's lanes count as lost (30)")
      ->check(CLI::Range(20, 3600));
  command->add_flag("--check", flags->check, "Read the settings, say where code is sent, and start nothing");
  command->callback([flags, &code] { code = serve(*flags); });
}

void add_admin(CLI::App& app, int& code, std::string& data) {
  auto name = std::make_shared<std::string>(), other = std::make_shared<std::string>(),
       third = std::make_shared<std::string>();
  auto with_data = [&data](CLI::App* command) { command->add_option("--data", data, "Data folder")->required(); };

  auto* repo = app.add_subcommand("repo", "Repositories")->require_subcommand(1);
  auto* create = repo->add_subcommand("create", "Make a repository, empty or from another one");
  create->add_option("NAME", *name, "OWNER/NAME")->required();
  create->add_option("--import", *other, "Copy branches and tags of the git repository at this path");
  create->add_option("--target", *third, "The branch that others land on (main, or the imported HEAD)");
  with_data(create);
  create->callback([=, &code, &data] { code = repo_create(data, *name, *other, *third); });
  auto* list = repo->add_subcommand("list", "Print them: name, target branch, address");
  with_data(list);
  list->callback([&code, &data] { code = repo_list(data); });

  auto* user = app.add_subcommand("user", "People")->require_subcommand(1);
  auto* add = user->add_subcommand("create", "Add somebody");
  add->add_option("NAME", *name)->required();
  add->add_option("--role", *other, "reader, writer, lander (default) or admin");
  with_data(add);
  add->callback([=, &code, &data] { code = user_create(data, *name, other->empty() ? "lander" : *other); });
  auto* link = user->add_subcommand("login-link", "Print a link that signs this user in, once, within a day");
  link->add_option("NAME", *name)->required();
  with_data(link);
  link->callback([=, &code, &data] { code = user_login_link(data, *name); });

  auto* token = app.add_subcommand("token", "Tokens for git and for ph")->require_subcommand(1);
  auto* make = token->add_subcommand("create", "Print a new token");
  make->add_option("--user", *name, "Whose")->required();
  make->add_option("--name", *other, "What it is for");
  with_data(make);
  make->callback([=, &code, &data] { code = token_create(data, *name, other->empty() ? "command line" : *other); });

  auto* check = app.add_subcommand("verify", "Check the landing records against git and each other");
  with_data(check);
  check->callback([&code, &data] { code = verify(data); });
}

std::shared_ptr<ModelFlags> add_model(CLI::App* command) {
  auto flags = std::make_shared<ModelFlags>();
  auto* group = command->add_option_group("Model", "Off unless --model is given: it sends the change to that address");
  group->add_option("--model", flags->name, "Let this model re-word the page, as its provider names it");
  group->add_option("--model-url", flags->url, "Its address, as https://HOST or http://127.0.0.1:PORT");
  group->add_option("--model-protocol", flags->protocol, "anthropic, openai (default) or ollama");
  group->add_option("--model-key-file", flags->key_file, "The key, in a file that only you may read");
  group->add_option("--model-key-env", flags->key_env, "Or the name of the environment's variable that holds it");
  group->add_option("--model-budget", flags->budget, "Tokens of one question, at most (60000)")
      ->check(CLI::Range(1000, 10'000'000));
  group->add_option("--model-timeout", flags->timeout, "Seconds for all answers (900, and 180 for one)")
      ->check(CLI::Range(1, 86'400));
  return flags;
}

void add_explain(CLI::App& app, int& code) {
  auto repo = std::make_shared<std::string>("."), base = std::make_shared<std::string>(),
       head = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("json"), out = std::make_shared<std::string>("pika.html");
  auto uncommitted = std::make_shared<bool>(false);
  auto* command = app.add_subcommand("explain", "Explain a change as JSON or Markdown");
  command->add_option("--repo", *repo, "The repository (this folder)");
  command->add_option("BASE", *base, "Where the change begins")->required();
  command->add_option("HEAD", *head, "Where it ends")->required();
  command->add_option("--format", *format, "json or md")->check(CLI::IsMember({"json", "md"}));
  auto model = add_model(command);
  command->callback([=, &code] { code = explain(*repo, *base, *head, *format, *model); });
  auto* ask = app.add_subcommand("probe", "Ask a language model one small question, without any code");
  auto data = std::make_shared<std::string>();
  ask->add_option("--data", *data, "Data folder of a forge, whose model is asked");
  auto asked = add_model(ask);
  ask->callback([=, &code] { code = probe(*data, *asked); });
  auto* page = app.add_subcommand("local", "Write the page of your branch as one HTML file");
  page->add_option("--repo", *repo, "The repository (this folder)");
  page->add_option("--base", *base, "What to compare with (the default branch)");
  page->add_option("--out", *out, "The file to write (pika.html; - for standard output)");
  page->add_flag("--include-uncommitted", *uncommitted, "With the work tree as it is");
  auto open = std::make_shared<std::optional<bool>>();
  page->add_flag_callback(
      "--open", [open] { *open = true; }, "Show it in a browser (so it is on a terminal with a display)");
  page->add_flag_callback("--no-open", [open] { *open = false; }, "Only write it");
  auto page_model = add_model(page);
  page->callback([=, &code] { code = local(*repo, *base, *out, *uncommitted, *open, *page_model); });
}

}  // namespace

int main(int argc, char** argv) {
  pika::open_standard_streams();
  try {
    auto name = std::filesystem::path(argv[0]).filename().string();
    if (name == "pre-receive" || name == "post-receive") return pika::server::run_hook(name);
    int code = 0;
    std::string data;
    CLI::App app("The forge: hosts repositories, explains branches, checks and lands them.", "pika-git");
    app.require_subcommand(1);
    app.set_version_flag("--version", "pika-git " PIKA_VERSION);
    add_serve(app, code);
    add_admin(app, code, data);
    add_explain(app, code);
    pika::manual::Commands manuals(app);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      return app.exit(e) == 0 ? 0 : 2;
    }
    if (manuals.asked()) {
      auto text = manuals.text(pika::manual::describe(app), PIKA_VERSION);
      std::cout << text;
      if (text.empty()) std::cerr << "pika-git: there is completion for bash, zsh and fish\n";
      return text.empty() ? 2 : 0;
    }
    return code;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "pika-git: %s\n", e.what());
    return 4;
  }
}
