// Manual pages and shell completion of a program, made of the description that its --help is made of.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pika::manual {

struct Option {
  std::vector<std::string> names;    // "-o", "--output"; empty: a positional
  std::string value;                 // "FORMAT"; empty: a switch
  std::string help;                  // lines
  std::vector<std::string> choices;  // its values, where they are known
};

struct Command {
  std::string name, help;  // "pikaci"; of a subcommand "run"
  std::vector<Option> options;
  std::vector<Command> commands;
  std::string footer;      // of the program: exit codes and the like
  std::string words_from;  // a shell command that prints words for its positionals, one a line; empty: files
};

// man(7), section 1. `date` as "2026-11-23"; empty leaves it out.
std::string man_page(const Command& program, std::string_view version, std::string_view date = {});
// For bash, zsh or fish; empty for any other shell.
std::string completion(const Command& program, std::string_view shell);

// From a parser that describes itself as CLI::App does.
template <class App>
Command describe(const App& app) {
  Command out{.name = app.get_name(),
              .help = app.get_description(),
              .options = {},
              .commands = {},
              .footer = app.get_footer(),
              .words_from = {}};
  for (const auto* option : app.get_options([](const auto* o) { return !o->get_group().empty(); })) {
    Option o;
    for (const auto& name : option->get_snames()) o.names.push_back("-" + name);
    for (const auto& name : option->get_lnames()) o.names.push_back("--" + name);
    if (option->get_items_expected_max() > 0)
      o.value = o.names.empty() ? option->get_name(true) : option->get_type_name();
    auto brace = o.value.find(":{");
    if (brace != std::string::npos && o.value.ends_with('}')) {
      for (std::size_t at = brace + 2; at < o.value.size();) {
        auto end = o.value.find_first_of(",}", at);
        o.choices.push_back(o.value.substr(at, end - at));
        at = end + 1;
      }
      o.value.resize(brace);
    }
    o.help = option->get_description();
    out.options.push_back(std::move(o));
  }
  for (const auto* command :
       app.get_subcommands([](const App* c) { return !c->get_name().empty() && !c->get_group().empty(); }))
    out.commands.push_back(describe(*command));
  return out;
}

// The commands `completion SHELL` and, not listed, `man-page`. Lives as long as the app.
template <class App>
class Commands {
 public:
  explicit Commands(App& app) {
    completion_ = app.add_subcommand("completion",
                                     "Completion for a shell, as in: source <(" + app.get_name() + " completion bash)");
    completion_->add_option("SHELL", shell_, "bash, zsh or fish")->required()->type_name("");
    page_ = app.add_subcommand("man-page", "The manual page")->group("");
  }
  bool asked() const { return completion_->parsed() || page_->parsed(); }
  // Empty for a shell that is none of the three. `words_from` is set by the caller where names are known.
  std::string text(const Command& program, std::string_view version) const {
    return page_->parsed() ? man_page(program, version) : completion(program, shell_);
  }
  const std::string& shell() const { return shell_; }

 private:
  App *completion_ = nullptr, *page_ = nullptr;
  std::string shell_;
};

}  // namespace pika::manual
