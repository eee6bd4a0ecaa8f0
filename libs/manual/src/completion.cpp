#include <fmt/format.h>

#include "pika/base/text.hpp"
#include "pika/manual/manual.hpp"

namespace pika::manual {

namespace {

std::string function_name(const Command& program) {
  std::string out = "_";
  for (char c : program.name) out += c == '-' ? '_' : c;
  return out;
}

// In single quotes, for any of the shells.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string first_line(std::string_view help) {
  return std::string(split(help, '\n')[0]);
}

std::vector<std::string> names_of(const Command& command) {
  std::vector<std::string> out;
  for (const auto& option : command.options) out.insert(out.end(), option.names.begin(), option.names.end());
  return out;
}

std::vector<std::string> commands_of(const Command& program) {
  std::vector<std::string> out;
  for (const auto& command : program.commands) out.push_back(command.name);
  return out;
}

// Options of the program that take a value: the word after one is no command.
std::string valued(const Command& program) {
  std::vector<std::string> out;
  for (const auto& option : program.options)
    if (!option.value.empty()) out.insert(out.end(), option.names.begin(), option.names.end());
  return join(out, "|");
}

std::string bash(const Command& program) {
  auto name = function_name(program);
  std::string out = fmt::format(
      "# bash completion of {}: source it, or put it into /usr/share/bash-completion/completions\n{}() {{\n",
      program.name, name);
  out +=
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    case ${COMP_WORDS[i]} in\n";
  if (auto options = valued(program); !options.empty()) out += fmt::format("      {}) ((++i)) ;;\n", options);
  out += "      -*) ;;\n      *) command=${COMP_WORDS[i]}; break ;;\n    esac\n  done\n";
  out += "  case $command:$before in\n";
  auto choices = [&](const Command& command, std::string_view pattern) {
    for (const auto& option : command.options)
      for (const auto& n : option.names)
        if (!option.choices.empty())
          out += fmt::format("    {}:{}) COMPREPLY=($(compgen -W {} -- \"$word\")); return ;;\n", pattern, n,
                             in_quotes(join(option.choices, " ")));
        else if (!option.value.empty())
          out += fmt::format("    {}:{}) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", pattern, n);
  };
  choices(program, "*");
  for (const auto& command : program.commands) choices(command, command.name);
  out += "  esac\n  case $command in\n";
  for (const auto& command : program.commands) {
    out += fmt::format("    {})\n      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W {} -- \"$word\"))\n",
                       command.name, in_quotes(join(names_of(command), " ")));
    if (!command.commands.empty())
      out += fmt::format("      else COMPREPLY=($(compgen -W {} -- \"$word\")); fi ;;\n",
                         in_quotes(join(commands_of(command), " ")));
    else if (command.words_from.empty())
      out += "      else COMPREPLY=($(compgen -f -- \"$word\")); fi ;;\n";
    else
      out += fmt::format("      else COMPREPLY=($(compgen -W \"$({} 2>/dev/null)\" -- \"$word\")); fi ;;\n",
                         command.words_from);
  }
  auto words = join(commands_of(program), " ") + " " + join(names_of(program), " ");
  out += fmt::format("    '') COMPREPLY=($(compgen -W {} -- \"$word\")) ;;\n  esac\n}}\n", in_quotes(words));
  return out + fmt::format("complete -o filenames -F {} {}\n", name, program.name);
}

// A colon and brackets mean something in _arguments.
std::string zsh_text(std::string_view help) {
  std::string out;
  for (char c : first_line(help)) {
    if (std::string_view("\\[]:").contains(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_options(const Command& command, std::string_view indent) {
  std::string out;
  for (const auto& option : command.options)
    for (const auto& n : option.names) {
      std::string value;
      if (!option.choices.empty())
        value = fmt::format(":{}:({})", option.value, join(option.choices, " "));
      else if (!option.value.empty())
        value = fmt::format(":{}:_files", option.value);
      out += fmt::format(" \\\n{}{}", indent, in_quotes(fmt::format("{}[{}]{}", n, zsh_text(option.help), value)));
    }
  return out;
}

std::string zsh(const Command& program) {
  auto name = function_name(program);
  std::string out = fmt::format("#compdef {}\n# zsh completion of {}: put it into a folder of $fpath as _{}\n{}() {{\n",
                                program.name, program.name, program.name, name);
  out += "  local context state line\n  typeset -A opt_args\n";
  out += fmt::format("  _arguments -C{} \\\n    '1:command:->command' '*::argument:->argument'\n",
                     zsh_options(program, "    "));
  out += "  case $state in\n    command)\n      local -a commands=(";
  for (const auto& command : program.commands)
    out += fmt::format("\n        {}", in_quotes(command.name + ":" + zsh_text(command.help)));
  out += ")\n      _describe command commands ;;\n    argument)\n      case $line[1] in\n";
  for (const auto& command : program.commands) {
    auto words = !command.commands.empty()
                     ? fmt::format("'1:command:({})' '*::word:_files'", join(commands_of(command), " "))
                 : command.words_from.empty() ? "'*:word:_files'"
                                              : fmt::format("\"*:word:($({} 2>/dev/null))\"", command.words_from);
    out += fmt::format("        {}) _arguments{} \\\n          {} ;;\n", command.name,
                       zsh_options(command, "          "), words);
  }
  return out + fmt::format("      esac ;;\n  esac\n}}\n{} \"$@\"\n", name);
}

std::string fish_option(const Option& option) {
  std::string out;
  for (const auto& n : option.names)
    out += n.starts_with("--") ? fmt::format(" -l {}", n.substr(2)) : fmt::format(" -s {}", n.substr(1));
  if (!option.choices.empty())
    out += fmt::format(" -x -a {}", in_quotes(join(option.choices, " ")));
  else if (!option.value.empty())
    out += " -r";
  return out + fmt::format(" -d {}", in_quotes(first_line(option.help)));
}

std::string fish(const Command& program) {
  std::string out = fmt::format("# fish completion of {}: put it into ~/.config/fish/completions/{}.fish\n",
                                program.name, program.name);
  auto none = fmt::format("'not __fish_seen_subcommand_from {}'", join(commands_of(program), " "));
  for (const auto& option : program.options)
    if (!option.names.empty()) out += fmt::format("complete -c {}{}\n", program.name, fish_option(option));
  for (const auto& command : program.commands) {
    out += fmt::format("complete -c {} -f -n {} -a {} -d {}\n", program.name, none, command.name,
                       in_quotes(first_line(command.help)));
    auto here = fmt::format("'__fish_seen_subcommand_from {}'", command.name);
    for (const auto& option : command.options)
      if (!option.names.empty())
        out += fmt::format("complete -c {} -n {}{}\n", program.name, here, fish_option(option));
    if (!command.commands.empty())
      out += fmt::format("complete -c {} -f -n {} -a {}\n", program.name, here,
                         in_quotes(join(commands_of(command), " ")));
    if (!command.words_from.empty())
      out += fmt::format("complete -c {} -f -n {} -a {}\n", program.name, here,
                         in_quotes("(" + command.words_from + " 2>/dev/null)"));
  }
  return out;
}

}  // namespace

std::string completion(const Command& program, std::string_view shell) {
  if (shell == "bash") return bash(program);
  if (shell == "zsh") return zsh(program);
  if (shell == "fish") return fish(program);
  return {};
}

}  // namespace pika::manual
