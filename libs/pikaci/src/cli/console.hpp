// Words for people, JSON for programs: everything a command says goes through here.
#pragma once
#include <fmt/format.h>

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "pika/json/json.hpp"
#include "pikaci/cli.hpp"

namespace pikaci {

namespace json = pika::json;

enum class Ink { none, good, bad, faint, strong };

class Console {
 public:
  explicit Console(const CliContext& context) : context_(context) {}

  bool human() const { return context_.output == OutputFormat::human; }
  bool jsonl() const { return context_.output == OutputFormat::jsonl; }
  const CliContext& context() const { return context_; }

  // One line on standard output; nothing unless output is human. Control characters must be out of it already.
  void say(std::string_view line);
  // One line on standard error, in every mode but JSON ones.
  void note(std::string_view line);
  void raw(std::string_view bytes);
  // A whole document: pretty for json, one line for jsonl; nothing for people.
  void document(const json::Value& value);
  void json_line(const json::Value& value);
  // Tells of it where output goes and gives its exit code.
  int fail(const Failure& failure);
  std::string paint(Ink ink, std::string_view text) const;

 private:
  const CliContext& context_;
  std::mutex mutex_;
};

// Rows with columns as wide as their widest word; the last column is left ragged.
std::string table(const std::vector<std::vector<std::string>>& rows);
// Display width of UTF-8 text, counting code points and not our colours.
std::size_t width_of(std::string_view text);
std::string clip(std::string_view text, std::size_t columns);

// Log bytes as they may be shown on a terminal: valid UTF-8, newlines and tabs, no other control character and no
// escape sequence. A carriage return starts the line again, as a terminal would.
std::string printable(std::string_view bytes);
// How much of `bytes`, a piece of a log that goes on, ends in no half character and no half escape sequence.
std::size_t whole_prefix(std::string_view bytes);
// The last `lines` lines.
std::string_view last_lines(std::string_view text, std::size_t lines);

// Runs a command's body: failures and exceptions become words and an exit code.
int guarded(const CliContext& context, const std::function<Outcome<int>(Console&)>& body);

json::Array names_json(const std::vector<std::string>& names);

// A job's command for people, as a shell would take it: without its services, and of a script the first line.
std::string command_line(const std::vector<std::string>& command);

}  // namespace pikaci
