#include "pika/forge_model/runner_protocol.hpp"

#include "fields.hpp"
#include "pika/base/hash.hpp"

namespace pika::forge_model {

namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

json::Object object_of(const AttemptKey& key) {
  return {{"attempt", key.attempt.value()}, {"fence", key.fence.value()}};
}

Result<AttemptKey> read_key(const json::Value& v, std::string_view owner) {
  const auto attempt = json::find_int(v, "attempt");
  if (!attempt) return wrong_field(owner, "attempt", "must be an integer");
  const auto fence = json::find_int(v, "fence");
  if (!fence) return wrong_field(owner, "fence", "must be an integer");
  return AttemptKey{AttemptId(*attempt), Fence(*fence)};
}

json::Object write(const Hello& m) {
  json::Array active;
  for (const auto& a : m.active) {
    auto item = object_of(a.key);
    item["log_offset"] = a.log_offset;
    item["event_seq"] = a.event_seq;
    item["done"] = a.done;
    active.emplace_back(std::move(item));
  }
  json::Object isolation{{"sandbox", m.isolation.sandbox},
                         {"why_not", text_value(m.isolation.why_not)},
                         {"remedy", text_value(m.isolation.remedy)},
                         {"workspace_kind", text_value(m.isolation.workspace_kind)},
                         {"limits", strings_value(m.isolation.limits)},
                         {"host_process", m.isolation.host_process}};
  return {{"version", m.version},       {"program", text_value(m.program)},
          {"name", text_value(m.name)}, {"token", text_value(m.token)},
          {"slots", m.slots},           {"isolation", std::move(isolation)},
          {"active", std::move(active)}};
}

json::Object write(const Ack& m) {
  auto o = object_of(m.key);
  o["event_seq"] = m.event_seq;
  o["log_offset"] = m.log_offset;
  o["done"] = m.done;
  o["stale"] = m.stale;
  return o;
}

json::Object write(const HelloOk& m) {
  json::Array acks;
  for (const auto& ack : m.acks) acks.emplace_back(write(ack));
  return {{"version", m.version}, {"acks", std::move(acks)}};
}

json::Object write(const HelloRefused& m) {
  return {{"code", text_value(m.code)}, {"message", text_value(m.message)}, {"advice", text_value(m.advice)}};
}

json::Object write(const Assign& m) {
  auto o = object_of(m.key);
  o["repository"] = text_value(m.repository);
  o["git_url"] = text_value(m.git_url);
  o["commit"] = text_value(m.commit);
  o["tree"] = text_value(m.tree);
  o["lane"] = text_value(m.lane);
  o["lane_title"] = text_value(m.lane_title);
  o["target"] = text_value(m.target);
  json::Array jobs;
  for (const auto& job : m.jobs) jobs.push_back(job);
  o["jobs"] = std::move(jobs);
  o["changed_files"] = strings_value(m.changed_files);
  o["filters"] = strings_value(m.filters);
  json::Object labels;
  for (const auto& [name, value] : m.labels) labels[to_utf8(name)] = text_value(value);
  o["labels"] = std::move(labels);
  o["gate"] = m.gate;
  json::Array landed;
  for (const auto& l : m.landed)
    landed.emplace_back(json::Object{{"branch", text_value(l.branch)}, {"tree", text_value(l.tree)}});
  o["landed"] = std::move(landed);
  return o;
}

json::Object write(const Cancel& m) {
  auto o = object_of(m.key);
  o["reason"] = text_value(m.reason);
  return o;
}

json::Object write(const Refuse& m) {
  auto o = object_of(m.key);
  o["reason"] = text_value(m.reason);
  return o;
}

json::Object write(const Heartbeat& m) {
  json::Array running;
  for (const auto& key : m.running) running.emplace_back(object_of(key));
  return {{"running", std::move(running)}, {"draining", m.draining}};
}

json::Object write(const Event& m) {
  auto o = object_of(m.key);
  o["seq"] = m.seq;
  o["event"] = m.event;
  return o;
}

json::Object write(const Log& m) {
  auto o = object_of(m.key);
  o["offset"] = m.offset;
  o["bytes"] = base64_encode(m.bytes);
  return o;
}

json::Object write(const Done& m) {
  auto o = object_of(m.key);
  o["result"] = to_json(m.result);
  o["log_bytes"] = m.log_bytes;
  o["event_seq"] = m.event_seq;
  return o;
}

json::Object write(const UnknownMessage&) {
  return {};
}

Result<Message> read_hello(const json::Value& v) {
  Hello m;
  m.version = static_cast<int>(PIKA_TRY(json::get_int(v, "version")));
  m.program = read_text(v, "program");
  m.name = PIKA_TRY(json::get_string(v, "name"));
  m.token = read_text(v, "token");
  m.slots = static_cast<int>(std::min<std::uint64_t>(PIKA_TRY(read_count(v, "hello", "slots")), 4096));
  if (const auto* isolation = json::find(v, "isolation")) {
    m.isolation = {read_flag(*isolation, "sandbox"),   read_text(*isolation, "why_not"),
                   read_text(*isolation, "remedy"),    read_text(*isolation, "workspace_kind"),
                   read_strings(*isolation, "limits"), read_flag(*isolation, "host_process")};
  }
  if (const auto* active = json::find_array(v, "active")) {
    for (const auto& item : *active) {
      ActiveAttempt a;
      a.key = PIKA_TRY(read_key(item, "hello.active"));
      a.log_offset = PIKA_TRY(read_count(item, "hello.active", "log_offset"));
      a.event_seq = PIKA_TRY(read_count(item, "hello.active", "event_seq"));
      a.done = read_flag(item, "done");
      m.active.push_back(a);
    }
  }
  return m;
}

Result<Ack> read_ack(const json::Value& v) {
  Ack m;
  m.key = PIKA_TRY(read_key(v, "ack"));
  m.event_seq = PIKA_TRY(read_count(v, "ack", "event_seq"));
  m.log_offset = PIKA_TRY(read_count(v, "ack", "log_offset"));
  m.done = read_flag(v, "done");
  m.stale = read_flag(v, "stale");
  return m;
}

Result<Message> read_hello_ok(const json::Value& v) {
  HelloOk m;
  m.version = static_cast<int>(PIKA_TRY(json::get_int(v, "version")));
  if (const auto* acks = json::find_array(v, "acks"))
    for (const auto& item : *acks) m.acks.push_back(PIKA_TRY(read_ack(item)));
  return m;
}

Result<Message> read_assign(const json::Value& v) {
  Assign m;
  m.key = PIKA_TRY(read_key(v, "assign"));
  m.repository = PIKA_TRY(json::get_string(v, "repository"));
  m.git_url = PIKA_TRY(json::get_string(v, "git_url"));
  m.commit = PIKA_TRY(json::get_string(v, "commit"));
  m.tree = PIKA_TRY(json::get_string(v, "tree"));
  m.lane = PIKA_TRY(json::get_string(v, "lane"));
  m.lane_title = json::find_string(v, "lane_title").value_or(m.lane);
  m.target = PIKA_TRY(json::get_string(v, "target"));
  const auto* jobs = json::find_array(v, "jobs");
  if (!jobs) return wrong_field("assign", "jobs", "must be an array of jobs");
  for (const auto& job : *jobs) {
    if (!job.is_object()) return wrong_field("assign", "jobs", "must hold objects");
    m.jobs.push_back(job);
  }
  m.changed_files = read_strings(v, "changed_files");
  m.filters = read_strings(v, "filters");
  if (const auto* labels = json::find_object(v, "labels"))
    for (const auto& [name, value] : *labels)
      if (value.is_string()) m.labels.emplace_back(std::string(name), std::string(value.get_string()));
  m.gate = json::find_bool(v, "gate").value_or(true);
  if (const auto* landed = json::find_array(v, "landed"))
    for (const auto& item : *landed) m.landed.push_back({read_text(item, "branch"), read_text(item, "tree")});
  return m;
}

Result<Message> read_heartbeat(const json::Value& v) {
  Heartbeat m;
  m.draining = read_flag(v, "draining");
  if (const auto* running = json::find_array(v, "running"))
    for (const auto& item : *running) m.running.push_back(PIKA_TRY(read_key(item, "heartbeat")));
  return m;
}

Result<Message> read_event(const json::Value& v) {
  Event m;
  m.key = PIKA_TRY(read_key(v, "event"));
  m.seq = PIKA_TRY(read_count(v, "event", "seq"));
  const auto* event = json::find(v, "event");
  if (!event || !event->is_object()) return wrong_field("event", "event", "must be an object");
  m.event = *event;
  return m;
}

Result<Message> read_log(const json::Value& v) {
  Log m;
  m.key = PIKA_TRY(read_key(v, "log"));
  m.offset = PIKA_TRY(read_count(v, "log", "offset"));
  const auto text = PIKA_TRY(json::get_string(v, "bytes"));
  m.bytes = base64_decode(text);
  if (m.bytes.empty() && !text.empty()) return wrong_field("log", "bytes", "is not base64");
  return m;
}

Result<Message> read_done(const json::Value& v) {
  Done m;
  m.key = PIKA_TRY(read_key(v, "done"));
  const auto* result = json::find(v, "result");
  if (!result) return wrong_field("done", "result", "is missing");
  m.result = PIKA_TRY(attempt_result_from_json(*result));
  m.log_bytes = PIKA_TRY(read_count(v, "done", "log_bytes"));
  m.event_seq = PIKA_TRY(read_count(v, "done", "event_seq"));
  return m;
}

}  // namespace

std::string AttemptKey::text() const {
  return std::to_string(attempt.value()) + "-" + std::to_string(fence.value());
}

std::string_view message_type(const Message& message) {
  return std::visit(Overloaded{[](const Hello&) -> std::string_view { return "hello"; },
                               [](const HelloOk&) -> std::string_view { return "hello_ok"; },
                               [](const HelloRefused&) -> std::string_view { return "hello_refused"; },
                               [](const Assign&) -> std::string_view { return "assign"; },
                               [](const Cancel&) -> std::string_view { return "cancel"; },
                               [](const Refuse&) -> std::string_view { return "refuse"; },
                               [](const Heartbeat&) -> std::string_view { return "heartbeat"; },
                               [](const Event&) -> std::string_view { return "event"; },
                               [](const Log&) -> std::string_view { return "log"; },
                               [](const Done&) -> std::string_view { return "done"; },
                               [](const Ack&) -> std::string_view { return "ack"; },
                               [](const UnknownMessage& m) -> std::string_view { return m.type; }},
                    message);
}

json::Value to_json(const Message& message) {
  json::Object object = std::visit([](const auto& m) { return write(m); }, message);
  object["type"] = text_value(message_type(message));
  return json::Value(std::move(object));
}

Result<Message> message_from_json(const json::Value& v) {
  const auto type = PIKA_TRY(json::get_string(v, "type"));
  if (type == "hello") return read_hello(v);
  if (type == "hello_ok") return read_hello_ok(v);
  if (type == "hello_refused")
    return HelloRefused{read_text(v, "code"), read_text(v, "message"), read_text(v, "advice")};
  if (type == "assign") return read_assign(v);
  if (type == "cancel") return Cancel{PIKA_TRY(read_key(v, type)), read_text(v, "reason")};
  if (type == "refuse") return Refuse{PIKA_TRY(read_key(v, type)), read_text(v, "reason")};
  if (type == "heartbeat") return read_heartbeat(v);
  if (type == "event") return read_event(v);
  if (type == "log") return read_log(v);
  if (type == "done") return read_done(v);
  if (type == "ack") return PIKA_TRY(read_ack(v));
  return UnknownMessage{type};
}

json::Value to_json(const AttemptResult& result) {
  json::Object o{{"status", text_value(result.status)},
                 {"failure", text_value(result.failure)},
                 {"message", text_value(result.message)},
                 {"run_id", text_value(result.run_id)},
                 {"run", result.run}};
  o["exit_code"] = result.exit_code ? json::Value(*result.exit_code) : json::Value(nullptr);
  return json::Value(std::move(o));
}

Result<AttemptResult> attempt_result_from_json(const json::Value& v) {
  AttemptResult r;
  r.status = PIKA_TRY(json::get_string(v, "status"));
  r.failure = read_text(v, "failure");
  r.message = read_text(v, "message");
  r.run_id = read_text(v, "run_id");
  if (const auto code = json::find_int(v, "exit_code")) r.exit_code = static_cast<int>(*code);
  if (const auto* run = json::find(v, "run")) r.run = *run;
  return r;
}

}  // namespace pika::forge_model
