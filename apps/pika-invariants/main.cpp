// pika-invariants: reads the command line and runs one command of libs/invariants. Exit codes: docs/invariants.md.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "model.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/text.hpp"
#include "pika/invariants/commands.hpp"
#include "pika/manual/manual.hpp"

namespace {

using pika::invariants::Session;
namespace fs = std::filesystem;

struct Arguments {
  std::string output = "human", folder, tree, file, base, id;
  std::vector<std::string> filters;
  bool only_new = false, all = false, dangling = false, no_cache = false;
  pika::model::Flags model;
};

struct Commands {
  CLI::App *check, *list, *explain, *graph, *names;
};

const CLI::Validator kNotEmpty([](const std::string& word) { return word.empty() ? "it is empty" : std::string(); },
                               "");

Commands describe(CLI::App& app, Arguments& a) {
  app.require_subcommand(1);
  app.fallthrough();
  app.get_formatter()->column_width(32);
  app.add_option("-o,--output", a.output, "human, or json (one document)")
      ->check(CLI::IsMember({"human", "json"}))
      ->type_name("FORMAT");
  app.add_option("-C", a.folder, "Go there first")->check(kNotEmpty)->type_name("FOLDER");
  app.add_option("--tree", a.tree, "Look at this commit's tree; by default at the work tree, committed or not")
      ->check(kNotEmpty)
      ->type_name("REV");
  app.add_option("--file", a.file, "Another file than the tree's invariants/invariants.toml")
      ->check(kNotEmpty)
      ->type_name("FILE");
  app.add_flag("--no-cache", a.no_cache, "Read every file, and keep nothing for the next run");
  app.footer(
      "Exit codes: 0 passed, 1 an invariant is violated, 2 arguments, 3 nothing was checked,\n"
      "4 infrastructure, 7 invariants.toml. The file's format is described in docs/invariants.md.");
  Commands c{};
  c.check = app.add_subcommand("check", "Whether the tree keeps its invariants, and where it does not");
  c.check
      ->add_option("--base", a.base,
                   "Tell what is new since the merge base with this commit, what is gone,\nand what stood before")
      ->check(kNotEmpty)
      ->type_name("REV");
  c.check->add_flag("--only-new", a.only_new, "With --base: fail only for what is new");
  c.check->add_flag("--all", a.all, "Every place, however many there are");
  auto* model =
      c.check->add_option_group("Model",
                                "Off unless --model is given: grades statements without a rule, as advice, and sends\n"
                                "the files of their scope to that address (docs/invariants.md)");
  model->add_option("--model", a.model.name, "As the provider names it")->check(kNotEmpty)->type_name("NAME");
  model->add_option("--model-url", a.model.url, "https://HOST or http://127.0.0.1:PORT")->type_name("URL");
  model->add_option("--model-protocol", a.model.protocol, "anthropic, openai (default) or ollama")->type_name("WORD");
  model->add_option("--model-key-file", a.model.key_file, "The key, in a file that only you may read")
      ->type_name("FILE");
  model->add_option("--model-key-env", a.model.key_env, "Or the variable of the environment that holds it")
      ->type_name("NAME");
  model->add_option("--model-budget", a.model.budget, "Tokens of one question, at most (60000)")
      ->check(CLI::Range(1000, 10'000'000))
      ->type_name("N");
  model->add_option("--model-timeout", a.model.timeout, "Seconds for one answer (180)")
      ->check(CLI::Range(1, 86'400))
      ->type_name("S");
  c.list = app.add_subcommand("list", "The invariants");
  c.explain = app.add_subcommand("explain", "One invariant: what it demands, of which files, and how it stands");
  c.explain->add_option("ID", a.id)->required()->type_name("");
  c.graph = app.add_subcommand("graph", "The dependencies that the rules are held against");
  c.graph->add_option("FILTER", a.filters, "Only those that start at files it matches: 'libs/**'")->type_name("");
  c.graph->add_flag("--unresolved", a.dangling, "What is written as part of the tree and leads nowhere in it");
  c.names = app.add_subcommand("names", "The ids, one a line")->group("");
  return c;
}

// Where the XDG rules put caches; empty when there is no home.
fs::path cache_folder() {
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return value && value[0] == '/' ? fs::path(value) : fs::path();
  };
  if (auto xdg = variable("XDG_CACHE_HOME"); !xdg.empty()) return xdg / "pika-invariants";
  if (auto home = variable("HOME"); !home.empty()) return home / ".cache/pika-invariants";
  return {};
}

pika::manual::Command manual(const CLI::App& app) {
  auto out = pika::manual::describe(app);
  for (auto& command : out.commands)
    if (command.name == "explain") command.words_from = "pika-invariants names";
  return out;
}

int bad_arguments(const Session& session, const CLI::ParseError& error) {
  return pika::invariants::bad_arguments(session, error.what(),
                                         "pika-invariants --help tells what there is, "
                                         "pika-invariants COMMAND --help about one");
}

int dispatch(const Commands& c, const Session& session, const Arguments& a) {
  using namespace pika::invariants;
  if (c.check->parsed()) {
    auto grader = grader_of(a.model, session);
    if (!grader) return pika::invariants::bad_arguments(session, grader.error().what, grader.error().advice);
    return check(session, {.base = a.base,
                           .only_new = a.only_new ? OnlyNew::yes : OnlyNew::no,
                           .all = a.all,
                           .grader = std::move(*grader)});
  }
  if (c.list->parsed()) return list(session);
  if (c.explain->parsed()) return explain(session, a.id);
  if (c.graph->parsed()) return graph(session, a.filters, a.dangling ? Show::dangling : Show::edges);
  return names(session);
}

}  // namespace

int main(int argc, char** argv) {
  pika::open_standard_streams();
  std::signal(SIGPIPE, SIG_DFL);
  // In a git hook these point at somebody's index; the repository is found from the folder alone.
  for (const char* name :
       {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"})
    ::unsetenv(name);
  Session session;
  session.out = [](std::string_view text) { pika::write_all(1, text); };
  session.err = [](std::string_view text) { pika::write_all(2, text); };
  for (int i = 1; i < argc; ++i) {  // also when the rest of the arguments makes no sense
    const std::string_view word = argv[i], before = argv[i - 1];
    if (word == "--output=json" || word == "-ojson" || (word == "json" && (before == "--output" || before == "-o")))
      session.json = true;
  }
  Arguments arguments;
  CLI::App app{"Holds a repository against its invariants/invariants.toml: which part may depend on which.",
               "pika-invariants"};
  app.set_version_flag("--version", "pika-invariants " PIKA_VERSION);
  const auto commands = describe(app, arguments);
  pika::manual::Commands manuals(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& error) {
    if (argc > 1) return bad_arguments(session, error);
    std::cerr << app.help();
    return 2;
  }
  if (manuals.asked()) {
    auto text = manuals.text(manual(app), PIKA_VERSION);
    std::cout << text;
    return text.empty() ? pika::invariants::bad_arguments(
                              session, "there is no completion for '" + pika::quote_name(manuals.shell()) + "'",
                              "there is one for bash, zsh and fish")
                        : 0;
  }
  std::error_code gone;
  session.folder = arguments.folder.empty() ? fs::current_path(gone) : fs::path(arguments.folder);
  if (gone)
    return pika::invariants::bad_arguments(session, "the folder you are in is not there any more", "go into another");
  session.tree = arguments.tree;
  session.file = arguments.file;
  if (!arguments.no_cache) session.cache = cache_folder();
  session.json = arguments.output == "json";
  const char* term = std::getenv("TERM");
  const char* no_colour = std::getenv("NO_COLOR");
  if (::isatty(STDOUT_FILENO) == 1 && term && std::string_view(term) != "dumb" && !(no_colour && no_colour[0]))
    session.colour = pika::invariants::Colour::on;
  return dispatch(commands, session, arguments);
}
