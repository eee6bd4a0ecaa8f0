// man(7): https://man7.org/linux/man-pages/man7/man.7.html
#include <fmt/format.h>

#include "pika/base/text.hpp"
#include "pika/manual/manual.hpp"

namespace pika::manual {

namespace {

// Text of a line: a backslash and a leading dot or quote mean something to troff, and a hyphen must stay one to be
// copied and searched for.
std::string line(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

std::string paragraph(std::string_view text) {
  std::string out;
  for (auto one : split(text, '\n')) out += one.empty() ? ".PP\n" : line(one) + "\n";
  return out;
}

std::string synopsis(const Command& command) {
  std::string out;
  for (const auto& option : command.options) {
    if (option.names.empty()) continue;
    out += fmt::format(" [\\fB{}\\fR{}]", line(option.names.back()),
                       option.value.empty() ? "" : " \\fI" + line(option.value) + "\\fR");
  }
  for (const auto& option : command.options)
    if (option.names.empty()) out += fmt::format(" [\\fI{}\\fR]", line(option.value.empty() ? "WORD" : option.value));
  return out;
}

std::string options(const Command& command) {
  std::string out;
  for (const auto& option : command.options) {
    std::string names;
    for (const auto& name : option.names) names += (names.empty() ? "" : ", ") + ("\\fB" + line(name) + "\\fR");
    if (!option.value.empty()) names += (names.empty() ? "" : " ") + ("\\fI" + line(option.value) + "\\fR");
    if (option.help.empty() && option.names.empty()) continue;
    out += ".TP\n" + names + "\n" + paragraph(option.help);
    if (!option.choices.empty()) out += "One of " + line(join(option.choices, ", ")) + ".\n";
  }
  return out;
}

// `repo create` is told after `repo`.
std::string section(const Command& command, const std::string& above) {
  auto name = above + command.name;
  auto out = fmt::format(".SS {}{}\n{}{}", line(name), synopsis(command), paragraph(command.help), options(command));
  for (const auto& below : command.commands) out += section(below, name + " ");
  return out;
}

}  // namespace

std::string man_page(const Command& program, std::string_view version, std::string_view date) {
  auto upper = program.name;
  for (auto& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  std::string out = fmt::format(".TH {} 1 \"{}\" \"pika {}\"\n", upper, date, version);
  out += fmt::format(".SH NAME\n{} \\- {}\n", line(program.name), line(split(program.help, '\n')[0]));
  out += fmt::format(".SH SYNOPSIS\n.B {}\n{}\n", line(program.name), std::string(trim(synopsis(program))));
  if (!program.commands.empty()) out += "\\fICOMMAND\\fR ...\n";
  out += ".SH DESCRIPTION\n" + paragraph(program.help);
  if (auto text = options(program); !text.empty()) out += ".SH OPTIONS\n" + text;
  if (!program.commands.empty()) out += ".SH COMMANDS\n";
  for (const auto& command : program.commands) out += section(command, "");
  if (!program.footer.empty()) out += ".SH NOTES\n" + paragraph(program.footer);
  return out;
}

}  // namespace pika::manual
