#include "cli/console.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "catalogue/service_script.hpp"
#include "jerichoci/status.hpp"
#include "pika/base/text.hpp"
#include "pika/toml/reader.hpp"

namespace pikaci {

Failure::Failure(pika::Error error) : what(std::move(error.what)), advice(std::move(error.advice)) {
  switch (error.kind) {
    case pika::ErrorKind::invalid:
    case pika::ErrorKind::not_found:
    case pika::ErrorKind::conflict:
    case pika::ErrorKind::too_large:
    case pika::ErrorKind::unauthorised:
    case pika::ErrorKind::forbidden:
      exit_code = 2;
      break;
    case pika::ErrorKind::unavailable:
    case pika::ErrorKind::internal:
      exit_code = 4;
      break;
  }
}

void Console::say(std::string_view line) {
  if (!human()) return;
  std::lock_guard lock(mutex_);
  *context_.out << line << '\n' << std::flush;
}

void Console::note(std::string_view line) {
  if (!human()) return;
  std::lock_guard lock(mutex_);
  *context_.err << "pikaci: " << line << '\n' << std::flush;
}

void Console::raw(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  context_.out->write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  context_.out->flush();
}

void Console::document(const json::Value& value) {
  if (human()) return;
  std::lock_guard lock(mutex_);
  *context_.out << (jsonl() ? json::print(value) + "\n" : json::print_pretty(value)) << std::flush;
}

void Console::json_line(const json::Value& value) {
  if (!jsonl()) return;
  std::lock_guard lock(mutex_);
  *context_.out << json::print(value) << '\n' << std::flush;
}

namespace {
std::string_view kind_of(int exit_code) {
  switch (exit_code) {
    case 7:
      return "catalogue";
    case 2:
      return "arguments";
    case 1:
      return "test_failed";
    case 5:
      return "timed_out";
    case 6:
      return "cancelled";
    case 3:
      return "nothing_ran";
    default:
      return "infrastructure";
  }
}

json::Value failure_json(const Failure& failure) {
  json::Object error{{"kind", kind_of(failure.exit_code)}, {"message", pika::to_utf8(failure.what)}};
  if (!failure.advice.empty()) error["advice"] = pika::to_utf8(failure.advice);
  if (!failure.problems.empty()) {
    json::Array problems;
    for (const auto& p : failure.problems)
      problems.push_back(
          json::Object{{"file", p.file}, {"line", p.line}, {"column", p.column}, {"text", pika::to_utf8(p.text)}});
    error["problems"] = std::move(problems);
  }
  return json::Object{{"schema_version", 1}, {"error", std::move(error)}, {"exit_code", failure.exit_code}};
}
}  // namespace

int Console::fail(const Failure& failure) {
  if (!human()) {
    document(failure_json(failure));
    return failure.exit_code;
  }
  std::lock_guard lock(mutex_);
  auto& err = *context_.err;
  for (const auto& problem : failure.problems) err << pika::to_utf8(problem.print()) << '\n';
  if (!failure.what.empty()) err << "pikaci: " << printable(failure.what) << '\n';
  if (!failure.advice.empty()) err << "  " << printable(failure.advice) << '\n';
  err << std::flush;
  return failure.exit_code;
}

std::string Console::paint(Ink ink, std::string_view text) const {
  if (!context_.colour || ink == Ink::none) return std::string(text);
  const char* code = ink == Ink::good ? "32" : ink == Ink::bad ? "31" : ink == Ink::faint ? "2" : "1";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\x1b') {  // our own colours
      at = std::min(text.find('m', at), text.size() - 1);
      continue;
    }
    width += (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
  }
  return width;
}

std::string clip(std::string_view text, std::size_t columns) {
  if (width_of(text) <= columns) return std::string(text);
  std::size_t at = 0, seen = 0;
  while (at < text.size() && seen + 1 < columns) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
    ++seen;
  }
  return std::string(text.substr(0, at)) + "…";
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    text += (text.empty() ? "" : "\n") + line;
  }
  return text;
}

namespace {
// The length of the escape sequence at the start of `text`, which begins with ESC (ECMA-48: CSI, OSC and the others
// that carry a string, two-byte ones); nothing when `text` ends within it. A newline ends one that is broken.
std::optional<std::size_t> escape_length(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  bool control = text[1] == '[';
  bool carries_string = std::string_view("]PX^_").find(text[1]) != std::string_view::npos;
  if (text[1] == '\n') return 1;
  if (!control && !carries_string) return 2;
  for (std::size_t at = 2; at < text.size(); ++at) {
    if (text[at] == '\n') return at;
    if (control && text[at] >= 0x40 && text[at] <= 0x7e) return at + 1;
    if (carries_string && text[at] == '\a') return at + 1;
    if (carries_string && text.substr(at).starts_with("\x1b\\")) return at + 2;
  }
  return std::nullopt;
}

// How many bytes the UTF-8 sequence that begins with `lead` has; 1 for what begins none.
std::size_t sequence_length(unsigned char lead) {
  if (lead >= 0xf0 && lead < 0xf8) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}
}  // namespace

std::size_t whole_prefix(std::string_view bytes) {
  constexpr std::size_t kLongestEscape = 4096;
  std::size_t end = bytes.size();
  for (std::size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
    auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;
    if (byte < 0xf8 && sequence_length(byte) > back) end = bytes.size() - back;
    break;
  }
  auto line = bytes.rfind('\n');
  auto from = std::max(line == std::string_view::npos ? 0 : line,
                       bytes.size() > kLongestEscape ? bytes.size() - kLongestEscape : 0);
  for (auto at = bytes.find('\x1b', from); at != std::string_view::npos; at = bytes.find('\x1b', at)) {
    auto length = escape_length(bytes.substr(at));
    if (!length) return std::min(end, at);
    at += *length;
  }
  return end;
}

std::string printable(std::string_view bytes) {
  auto utf8 = pika::to_utf8(bytes);
  std::string_view text = utf8;
  std::string out;
  std::size_t line_start = 0;
  for (std::size_t at = 0; at < text.size();) {
    char c = text[at];
    if (c == '\x1b') {
      at += escape_length(text.substr(at)).value_or(text.size() - at);
      continue;
    }
    if (text.substr(at).starts_with("\xc2") && at + 1 < text.size() &&
        static_cast<unsigned char>(text[at + 1]) < 0xa0) {
      at += 2;  // C1 control characters
      continue;
    }
    if (c == '\r' && at + 1 < text.size() && text[at + 1] != '\n') out.resize(line_start);
    if (c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)) out += c;
    ++at;
    if (c == '\n') line_start = out.size();
  }
  return out;
}

std::string_view last_lines(std::string_view text, std::size_t lines) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  auto at = text.size();
  while (lines-- > 0) {
    auto before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    if (before == std::string_view::npos) return text;
    at = before;
  }
  return text.substr(at + 1);
}

int guarded(const CliContext& context, const std::function<Outcome<int>(Console&)>& body) {
  Console console(context);
  try {
    auto outcome = body(console);
    return outcome ? *outcome : console.fail(outcome.error());
  } catch (const std::exception& error) {
    return console.fail({4, error.what()});
  }
}

json::Array names_json(const std::vector<std::string>& names) {
  json::Array array;
  for (const auto& name : names) array.push_back(jerichoci::bytes_to_json(name));
  return array;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  return pika::toml::did_you_mean(word, known);
}

int cli_bad_arguments(const CliContext& context, const std::string& what, const std::string& advice) {
  return guarded(context, [&](Console&) -> Outcome<int> { return std::unexpected(Failure(2, what, advice)); });
}

std::string command_line(const std::vector<std::string>& command) {
  auto served = without_services(command);
  std::vector<std::string> words;
  for (const auto& word : served ? served->command : command) {
    auto text = pika::trim(word);
    auto lines = std::count(text.begin(), text.end(), '\n');
    if (lines == 0)
      words.push_back(pika::shell_quote(word));
    else
      words.push_back(fmt::format("{} … ({})", pika::shell_quote(text.substr(0, text.find('\n'))),
                                  pika::plural(lines, "more line", "more lines")));
  }
  return printable(pika::join(words, " "));
}

}  // namespace pikaci
