#include "pika/runner/spool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"

namespace pika::runner {

namespace {

UniqueFd open_append(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
  return fd;
}

std::optional<wire::AttemptKey> parse_key(std::string_view name) {
  const auto dash = name.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto attempt = parse_number<std::int64_t>(name.substr(0, dash));
  const auto fence = parse_number<std::int64_t>(name.substr(dash + 1));
  if (!attempt || !fence) return std::nullopt;
  return wire::AttemptKey{wire::AttemptId(*attempt), wire::Fence(*fence)};
}

// Whole lines only: the last one may have been cut by a kill.
std::vector<json::Value> read_events(const fs::path& path) {
  std::vector<json::Value> events;
  const auto text = read_file(path);
  if (!text) return events;
  std::string_view rest = *text;
  for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    auto event = json::parse(rest.substr(0, end), "event");
    if (!event) break;
    events.push_back(std::move(*event));
    rest.remove_prefix(end + 1);
  }
  return events;
}

}  // namespace

AttemptLog::AttemptLog(UniqueFd fd, std::uint64_t size, std::function<void(std::uint64_t)> grew)
    : fd_(std::move(fd)), size_(size), last_(size == 0 ? '\n' : '\0'), grew_(std::move(grew)) {}

void AttemptLog::append(std::string_view bytes) {
  if (bytes.empty()) return;
  write_all(fd_.get(), bytes);
  size_ += bytes.size();
  last_ = bytes.back();
  if (grew_) grew_(size_);
}

void AttemptLog::line(std::string_view text) {
  append(fmt::format("{}{}\n", last_ == '\n' ? "" : "\n", text));
}

Spool::Spool(fs::path folder) : folder_(std::move(folder)) {
  make_dirs(folder_, 0700);
}

fs::path Spool::path(const wire::AttemptKey& key) const {
  return folder_ / key.text();
}

void Spool::create(const wire::Assign& assign, const std::string& run_id) {
  const auto folder = path(assign.key);
  make_dirs(folder, 0700);
  json::Object record{{"schema_version", 1}, {"run_id", run_id}, {"assign", wire::to_json(wire::Message(assign))}};
  write_file_atomic(folder / "assign.json", json::print(json::Value(std::move(record))), 0600);
  sync_dir(folder_);
}

void Spool::mark_started(const wire::AttemptKey& key) {
  write_file_atomic(path(key) / "started", "", 0600);
}

AttemptLog Spool::open_log(const wire::AttemptKey& key, std::function<void(std::uint64_t)> grew) {
  const auto file = path(key) / "log.raw";
  auto fd = open_append(file);
  return {std::move(fd), fs::file_size(file), std::move(grew)};
}

void Spool::append_event(const wire::AttemptKey& key, const json::Value& event) {
  const auto fd = open_append(path(key) / "events.jsonl");
  write_all(fd.get(), json::print(event) + "\n");
}

void Spool::finish(const wire::AttemptKey& key, const wire::AttemptResult& result) {
  write_file_atomic(path(key) / "done.json", json::print(wire::to_json(result)), 0600);
}

// Renamed first, so that a kill in the middle leaves nothing that looks like an attempt.
void Spool::remove(const wire::AttemptKey& key) {
  std::error_code error;
  const auto gone = folder_ / (".gone-" + key.text());
  fs::rename(path(key), gone, error);
  if (!error) remove_tree(gone);
}

std::string Spool::read_log(const wire::AttemptKey& key, std::uint64_t offset, std::uint64_t size) const {
  return read_range(path(key) / "log.raw", offset, size).value_or("");
}

Result<SpooledAttempt> Spool::load(const wire::AttemptKey& key) const {
  const auto folder = path(key);
  const auto name = (folder / "assign.json").string();
  const auto text = PIKA_TRY(read_file(name));
  const auto record = PIKA_TRY(json::parse(text, name));
  const auto* inner = json::find(record, "assign");
  if (!inner) return fail(ErrorKind::invalid, fmt::format("{}: there is no assignment in it", name));
  const auto message = PIKA_TRY(wire::message_from_json(*inner));
  const auto* assign = std::get_if<wire::Assign>(&message);
  if (!assign || assign->key != key) return fail(ErrorKind::invalid, fmt::format("{}: it holds another message", name));
  SpooledAttempt attempt{.assign = *assign, .run_id = json::find_string(record, "run_id").value_or("")};
  attempt.started = fs::exists(folder / "started");
  std::error_code error;
  const auto size = fs::file_size(folder / "log.raw", error);
  attempt.log_size = error ? 0 : size;
  attempt.events = read_events(folder / "events.jsonl");
  if (const auto done = read_file(folder / "done.json")) {
    const auto value = PIKA_TRY(json::parse(*done, (folder / "done.json").string()));
    attempt.result = PIKA_TRY(wire::attempt_result_from_json(value));
  }
  return attempt;
}

std::vector<SpooledAttempt> Spool::load_all(std::vector<std::string>* warnings) {
  std::vector<SpooledAttempt> attempts;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder_)) folders.push_back(entry.path());
  for (const auto& folder : folders) {
    const auto name = folder.filename().string();
    if (name.starts_with(".gone-")) remove_tree(folder);
    const auto key = parse_key(name);
    if (!key) continue;
    auto attempt = load(*key);
    if (attempt) {
      attempts.push_back(std::move(*attempt));
    } else if (attempt.error().kind == ErrorKind::not_found) {
      remove_tree(folder);  // killed between making the folder and writing the assignment
    } else {
      remove_tree(folder_ / ("bad-" + name));
      fs::rename(folder, folder_ / ("bad-" + name));
      if (warnings) warnings->push_back(fmt::format("{}; put aside as bad-{}", attempt.error().what, name));
    }
  }
  std::sort(attempts.begin(), attempts.end(), [](const auto& a, const auto& b) { return a.assign.key < b.assign.key; });
  return attempts;
}

}  // namespace pika::runner
