#include "jerichoci/fulfill_transport.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "jerichoci/model.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"
#include "prepared/confined.hpp"
#include "prepared/protocol_file.hpp"
#include "prepared/strict_json.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
namespace json = pika::json;
using pika::ErrorKind;
using pika::fail;
using pika::quote_name;

namespace {

constexpr const char* kTransport = "the fulfilment transport";
constexpr std::int64_t kLongest = 3600 * 1000;  // milliseconds
constexpr std::size_t kManyWords = 64;
constexpr std::size_t kMostWords = 4096;  // bytes of a program's complaint that are repeated

pika::Status check(const FulfillTransport& t) {
  if (t.kind != "same_host_v1" && t.kind != "command_v1")
    return fail(ErrorKind::invalid, fmt::format("{}: the kind {} is not known", kTransport, quote_name(t.kind)));
  for (const auto* path : {&t.launcher, &t.program, &t.near_folder, &t.far_folder})
    PIKA_TRY(check_clean_path(*path, kTransport));
  bool with_prefix = t.kind == "command_v1";
  if (with_prefix == t.prefix.empty() || t.prefix.size() > kManyWords)
    return fail(ErrorKind::invalid, fmt::format("{}: a prefix of {} words does not belong to the kind {}", kTransport,
                                                t.prefix.size(), t.kind));
  if (with_prefix) PIKA_TRY(check_clean_path(t.prefix[0], kTransport));
  if (!with_prefix && t.near_folder != t.far_folder)
    return fail(ErrorKind::invalid, fmt::format("{}: on one host both folders are the same", kTransport));
  if (t.timeout < 1000 || t.timeout > kLongest * 1000 || t.timeout % 1000 != 0)
    return fail(ErrorKind::invalid, fmt::format("{}: the timeout must be from 1 ms to an hour", kTransport));
  return {};
}

std::string last_words(const pika::proc::Outcome& outcome) {
  if (!outcome.start_error.empty()) return outcome.start_error;
  std::string said(pika::trim(outcome.err));
  if (said.size() > kMostWords) said = said.substr(said.size() - kMostWords);
  return outcome.timed_out ? "it took too long"
                           : fmt::format("exit code {}{}{}", outcome.exit_code, said.empty() ? "" : ": ", said);
}

pika::Result<FulfillResult> read_result(const fs::path& path) {
  auto text = PIKA_TRY(read_protocol_file(path, "the fulfilment result"));
  auto value = PIKA_TRY(json::parse(text, "the fulfilment result"));
  return fulfill_result_from_json(value);
}

// What an earlier launch wrote is no answer to this one. Anything else that lies there stays.
pika::Status clear_result(const fs::path& path) {
  if (::access(path.c_str(), F_OK) != 0) return {};
  if (!read_result(path))
    return fail(ErrorKind::conflict,
                fmt::format("there is something at {} already, and it is no result", quote_name(path.string())),
                "nothing was removed; name another path");
  if (::unlink(path.c_str()) != 0) throw pika::SystemError(fmt::format("remove '{}'", path.string()));
  return {};
}

// What a launch file from elsewhere may start: the helper, as this host's administrator put it there.
pika::Status check_program(const std::string& program, std::string_view name) {
  if (fs::path(program).filename() != name)
    return fail(ErrorKind::forbidden,
                fmt::format("{} is not the program {}, and no other one is started", quote_name(program), name));
  struct stat st{};
  if (::stat(program.c_str(), &st) != 0 || !S_ISREG(st.st_mode))
    return fail(ErrorKind::not_found, fmt::format("there is no program {}", quote_name(program)));
  bool ours = st.st_uid == 0 || st.st_uid == ::geteuid();
  if (ours && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return fail(ErrorKind::forbidden,
              fmt::format("{} is not started: others than root and this user may have written it", quote_name(program)),
              "let it belong to root, with mode 0755");
}

}  // namespace

json::Value to_json(const FulfillTransport& t) {
  json::Array prefix;
  for (const auto& word : t.prefix) prefix.push_back(bytes_to_json(word));
  return json::Object{{"schema_version", 1},
                      {"kind", t.kind},
                      {"prefix", std::move(prefix)},
                      {"launcher", bytes_to_json(t.launcher)},
                      {"program", bytes_to_json(t.program)},
                      {"near_folder", bytes_to_json(t.near_folder)},
                      {"far_folder", bytes_to_json(t.far_folder)},
                      {"timeout_ms", t.timeout / 1000}};
}

pika::Result<FulfillTransport> fulfill_transport_from_json(const json::Value& value) {
  PIKA_TRY(check_fields(value, kTransport,
                        {"kind", "prefix", "launcher", "program", "near_folder", "far_folder", "timeout_ms"}));
  FulfillTransport t;
  t.kind = PIKA_TRY(strict_string(value, "kind", kTransport));
  for (const auto& item : PIKA_TRY(strict_array(value, "prefix", kTransport))) {
    auto word = bytes_from_json(item);
    if (!word || word->empty() || word->find('\0') != std::string::npos)
      return fail(ErrorKind::invalid, fmt::format("{}: its prefix holds what is no word", kTransport));
    t.prefix.push_back(std::move(*word));
  }
  t.launcher = PIKA_TRY(strict_string(value, "launcher", kTransport));
  t.program = PIKA_TRY(strict_string(value, "program", kTransport));
  t.near_folder = PIKA_TRY(strict_string(value, "near_folder", kTransport));
  t.far_folder = PIKA_TRY(strict_string(value, "far_folder", kTransport));
  auto milliseconds = PIKA_TRY(json::get_int(value, "timeout_ms"));
  // Before it is multiplied.
  t.timeout = std::clamp<std::int64_t>(milliseconds, 0, kLongest + 1) * 1000;
  PIKA_TRY(check(t));
  return t;
}

pika::Result<FulfillResult> launch_fulfillment(const fs::path& launch_path, pika::Micros timeout, int cancel_fd,
                                               std::string_view program_name) {
  auto text = PIKA_TRY(read_protocol_file(launch_path, "the fulfilment launch"));
  auto value = PIKA_TRY(json::parse(text, "the fulfilment launch"));
  auto launch = PIKA_TRY(fulfill_launch_from_json(value));
  PIKA_TRY(clear_result(launch.result_path));
  FulfillResult result;
  result.request_path = launch.request_path;
  if (!program_name.empty())
    if (auto allowed = check_program(launch.program, program_name); !allowed) {
      result.error = allowed.error().text();
      return write_fulfill_result(launch.result_path, result);
    }
  std::string why;
  try {
    auto outcome = pika::proc::run({.argv = {launch.program, "--result-path", launch.result_path, launch.request_path},
                                    .deadline = timeout,
                                    .die_with_parent = true},
                                   {.cancel_fd = cancel_fd});
    if (auto written = read_result(launch.result_path)) return written;
    why = last_words(outcome);
  } catch (const pika::SystemError& error) {
    why = error.what();
  }
  result.error = fmt::format("{} gave no result: {}", quote_name(launch.program), why);
  return write_fulfill_result(launch.result_path, result);
}

pika::Result<FulfillResult> send_fulfillment(const FulfillTransport& transport, const FulfillRequest& request,
                                             int cancel_fd) {
  PIKA_TRY(check(transport));
  fs::path near(transport.near_folder), far(transport.far_folder);
  FulfillLaunch launch{far / "request.json", far / "result.json", transport.program};
  std::vector<std::string> words = transport.prefix;
  words.insert(words.end(), {transport.launcher, far / "launch.json"});
  pika::proc::Outcome outcome;
  try {
    PIKA_TRY(clear_result(near / "result.json"));
    pika::write_file_atomic(near / "request.json", json::print_pretty(to_json(request)));
    pika::write_file_atomic(near / "launch.json", json::print_pretty(to_json(launch)));
    outcome = pika::proc::run({.argv = std::move(words), .deadline = transport.timeout, .die_with_parent = true},
                              {.cancel_fd = cancel_fd});
  } catch (const pika::SystemError& error) {
    return fail(ErrorKind::unavailable, fmt::format("the request could not be sent: {}", error.what()));
  }
  if (::access((near / "result.json").c_str(), F_OK) != 0)
    return fail(ErrorKind::unavailable,
                fmt::format("no result came back from {}: {}", quote_name(transport.launcher), last_words(outcome)));
  return load_fulfill_result(near / "result.json", launch.request_path, request);
}

}  // namespace jerichoci
