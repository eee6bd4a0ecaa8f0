#include "bad_arguments.hpp"

#include <algorithm>

#include "pika/base/text.hpp"

namespace {

// The first word that is no option and no command, when that is what is wrong.
std::optional<std::string> unknown_command(const std::vector<std::string>& known, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "-o" || word == "--output" || word == "--state" || word == "-C") {
      ++i;
      continue;
    }
    if (word.starts_with("-")) continue;
    if (std::find(known.begin(), known.end(), word) != known.end()) return std::nullopt;
    return word;
  }
  return std::nullopt;
}

struct UnknownOption {
  std::string word, command;
  std::vector<std::string> known;
};

// The first --word that neither the program nor its command has.
std::optional<UnknownOption> unknown_option(const CLI::App& app, int argc, char** argv) {
  UnknownOption found;
  const auto parsed = app.get_subcommands();
  auto add = [&](const CLI::App& from) {
    for (const auto* option : from.get_options())
      for (const auto& name : option->get_lnames()) found.known.push_back("--" + name);
  };
  add(app);
  for (const auto* command : parsed) {
    add(*command);
    found.command = command->get_name();
  }
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--") break;
    word = word.substr(0, word.find('='));
    if (!word.starts_with("--") || std::find(found.known.begin(), found.known.end(), word) != found.known.end())
      continue;
    found.word = word;
    return found;
  }
  return std::nullopt;
}

}  // namespace

int bad_arguments(const pikaci::CliContext& context, const CLI::App& app, const CLI::ParseError& error, int argc,
                  char** argv) {
  std::vector<std::string> known;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(command->get_name());
  auto word = unknown_command(known, argc, argv);
  if (auto option = word ? std::nullopt : unknown_option(app, argc, argv))
    return pikaci::cli_bad_arguments(
        context,
        "there is no option '" + pika::quote_name(option->word) + "'" +
            pikaci::did_you_mean(option->word, option->known),
        "pikaci " + option->command + (option->command.empty() ? "" : " ") + "--help lists them");
  if (!word)
    return pikaci::cli_bad_arguments(context, error.what(),
                                     "pikaci --help tells what there is, pikaci COMMAND --help about one");
  return pikaci::cli_bad_arguments(
      context, "there is no command '" + pika::quote_name(*word) + "'" + pikaci::did_you_mean(*word, known),
      "pikaci --help lists them");
}
