#include "pika/forge_model/api.hpp"

#include <algorithm>
#include <array>

#include "fields.hpp"

namespace pika::forge_model {

namespace {

Micros read_time(const json::Value& v, std::string_view field) {
  return std::max<Micros>(0, json::find_int(v, field).value_or(0));
}

int read_int(const json::Value& v, std::string_view field) {
  return static_cast<int>(std::clamp<std::int64_t>(json::find_int(v, field).value_or(0), 0, 1'000'000'000));
}

Result<void> need_object(const json::Value& v, std::string_view what) {
  if (v.is_object()) return {};
  return fail(ErrorKind::invalid, std::string(what) + " is not a JSON object");
}

json::Array write(const std::vector<Reason>& reasons) {
  json::Array array;
  for (const auto& r : reasons)
    array.emplace_back(json::Object{{"code", text_value(r.code)}, {"message", text_value(r.message)}});
  return array;
}

std::vector<Reason> read_reasons(const json::Value& v) {
  std::vector<Reason> out;
  if (const auto* array = json::find_array(v, "reasons"))
    for (const auto& item : *array) {
      if (item.is_string())
        out.push_back({"", std::string(item.get_string())});
      else
        out.push_back({read_text(item, "code"), read_text(item, "message")});
    }
  return out;
}

LaneAttempt read_attempt(const json::Value& v) {
  LaneAttempt a;
  a.number = read_int(v, "number");
  a.status = read_text(v, "status");
  a.failure = read_text(v, "failure");
  a.message = read_text(v, "message");
  a.run_id = read_text(v, "run_id");
  a.runner = read_text(v, "runner");
  a.queued_at = read_time(v, "queued_at");
  a.started_at = read_time(v, "started_at");
  a.finished_at = read_time(v, "finished_at");
  a.log_bytes = static_cast<std::uint64_t>(read_time(v, "log_bytes"));
  a.url = read_text(v, "url");
  return a;
}

Result<LaneState> read_lane(const json::Value& v) {
  LaneState lane;
  lane.id = PIKA_TRY(json::get_string(v, "id"));
  lane.title = json::find_string(v, "title").value_or(lane.id);
  lane.kind = read_text(v, "kind");
  lane.required = read_flag(v, "required");
  lane.status = read_text(v, "status");
  lane.failure = read_text(v, "failure");
  lane.message = read_text(v, "message");
  lane.waiting_reason = read_text(v, "waiting_reason");
  lane.waiting_detail = read_text(v, "waiting_detail");
  if (const auto* attempts = json::find_array(v, "attempts"))
    for (const auto& item : *attempts) lane.attempts.push_back(read_attempt(item));
  return lane;
}

json::Value or_null(std::string_view text) {
  return text.empty() ? json::Value(nullptr) : text_value(text);
}

}  // namespace

bool is_final_status(std::string_view status) {
  static constexpr std::array<std::string_view, 5> kFinal{"passed", "failed", "skipped", "cancelled", "nothing_ran"};
  return std::find(kFinal.begin(), kFinal.end(), status) != kFinal.end();
}

std::string status_label(std::string_view status) {
  if (status == "passed") return "success";
  std::string label(status);
  std::replace(label.begin(), label.end(), '_', ' ');
  return label;
}

json::Value to_json(const LaneAttempt& a) {
  return json::Value(json::Object{{"number", a.number},
                                  {"status", text_value(a.status)},
                                  {"failure", text_value(a.failure)},
                                  {"message", text_value(a.message)},
                                  {"run_id", text_value(a.run_id)},
                                  {"runner", text_value(a.runner)},
                                  {"queued_at", a.queued_at},
                                  {"started_at", a.started_at},
                                  {"finished_at", a.finished_at},
                                  {"log_bytes", a.log_bytes},
                                  {"url", text_value(a.url)}});
}

json::Value to_json(const LaneState& lane) {
  json::Array attempts;
  for (const auto& a : lane.attempts) attempts.push_back(to_json(a));
  const auto* newest = lane.newest();
  return json::Value(json::Object{{"id", text_value(lane.id)},
                                  {"title", text_value(lane.title)},
                                  {"kind", text_value(lane.kind)},
                                  {"required", lane.required},
                                  {"status", text_value(lane.status)},
                                  {"failure", text_value(lane.failure)},
                                  {"message", text_value(lane.message)},
                                  {"waiting_reason", text_value(lane.waiting_reason)},
                                  {"waiting_detail", text_value(lane.waiting_detail)},
                                  {"attempt", newest ? newest->number : 0},
                                  {"attempts", std::move(attempts)}});
}

json::Value to_json(const Suite& suite) {
  json::Array lanes;
  for (const auto& lane : suite.lanes) lanes.push_back(to_json(lane));
  return json::Value(json::Object{{"suite", suite.number ? json::Value(suite.number->value()) : json::Value(nullptr)},
                                  {"status", text_value(suite.status)},
                                  {"commit", text_value(suite.commit)},
                                  {"tree", text_value(suite.tree)},
                                  {"queued_at", suite.queued_at},
                                  {"started_at", suite.started_at},
                                  {"finished_at", suite.finished_at},
                                  {"message", text_value(suite.message)},
                                  {"url", text_value(suite.url)},
                                  {"lanes", std::move(lanes)}});
}

json::Value to_json(const Branch& b) {
  json::Value candidate(nullptr);
  if (b.candidate)
    candidate = json::Value(json::Object{{"commit", or_null(b.candidate->commit)},
                                         {"tree", or_null(b.candidate->tree)},
                                         {"target_tip", text_value(b.candidate->target_tip)},
                                         {"conflicts", strings_value(b.candidate->conflicts)}});
  json::Object version{{"number", b.version.number},
                       {"head", text_value(b.version.head)},
                       {"merge_base", or_null(b.version.merge_base)}};
  json::Object verdict{
      {"can_land", b.verdict.can_land}, {"state", text_value(b.verdict.state)}, {"reasons", write(b.verdict.reasons)}};
  return json::Value(json::Object{{"number", b.number.value()},
                                  {"name", text_value(b.name)},
                                  {"title", text_value(b.title)},
                                  {"state", text_value(b.state)},
                                  {"target", text_value(b.target)},
                                  {"url", text_value(b.url)},
                                  {"author", text_value(b.author)},
                                  {"version", std::move(version)},
                                  {"candidate", std::move(candidate)},
                                  {"tutorial", text_value(b.tutorial)},
                                  {"ci", to_json(b.ci)},
                                  {"verdict", std::move(verdict)},
                                  {"merge_commit", or_null(b.merge_commit)},
                                  {"merged_by", or_null(b.merged_by)},
                                  {"override_reason", or_null(b.override_reason)},
                                  {"created_at", b.created_at},
                                  {"updated_at", b.updated_at},
                                  {"merged_at", b.merged_at}});
}

json::Value to_json(const MergeRequest& request) {
  json::Object o{{"expected_head", text_value(request.expected_head)}};
  if (!request.override_reason.empty()) o["override_reason"] = text_value(request.override_reason);
  return json::Value(std::move(o));
}

json::Value to_json(const MergeAnswer& answer) {
  return json::Value(json::Object{{"merge_commit", text_value(answer.merge_commit)}});
}

json::Value to_json(const WhoAmI& who) {
  return json::Value(json::Object{{"name", text_value(who.name)}, {"roles", strings_value(who.roles)}});
}

json::Value to_json(const ApiError& error) {
  json::Object inner{
      {"code", text_value(error.code)}, {"message", text_value(error.message)}, {"advice", text_value(error.advice)}};
  if (!error.reasons.empty()) inner["reasons"] = write(error.reasons);
  return json::Value(json::Object{{"error", std::move(inner)}});
}

json::Value branches_to_json(const std::vector<Branch>& branches) {
  json::Array array;
  for (const auto& b : branches) array.push_back(to_json(b));
  return json::Value(json::Object{{"branches", std::move(array)}});
}

Result<Suite> suite_from_json(const json::Value& v) {
  PIKA_TRY(need_object(v, "the suite"));
  Suite suite;
  if (const auto number = json::find_int(v, "suite")) suite.number = SuiteNumber(*number);
  suite.status = read_text(v, "status");
  suite.commit = read_text(v, "commit");
  suite.tree = read_text(v, "tree");
  suite.queued_at = read_time(v, "queued_at");
  suite.started_at = read_time(v, "started_at");
  suite.finished_at = read_time(v, "finished_at");
  suite.message = read_text(v, "message");
  suite.url = read_text(v, "url");
  if (const auto* lanes = json::find_array(v, "lanes"))
    for (const auto& item : *lanes) suite.lanes.push_back(PIKA_TRY(read_lane(item)));
  return suite;
}

Result<Branch> branch_from_json(const json::Value& v) {
  PIKA_TRY(need_object(v, "the branch"));
  Branch b;
  b.number = BranchNumber(PIKA_TRY(json::get_int(v, "number")));
  b.name = read_text(v, "name");
  b.title = read_text(v, "title");
  b.state = read_text(v, "state");
  b.target = read_text(v, "target");
  b.url = read_text(v, "url");
  b.author = read_text(v, "author");
  if (const auto* version = json::find(v, "version"))
    b.version = {read_int(*version, "number"), read_text(*version, "head"), read_text(*version, "merge_base")};
  if (const auto* c = json::find(v, "candidate"); c && c->is_object())
    b.candidate = CandidateInfo{read_text(*c, "commit"), read_text(*c, "tree"), read_text(*c, "target_tip"),
                                read_strings(*c, "conflicts")};
  b.tutorial = read_text(v, "tutorial");
  if (const auto* ci = json::find(v, "ci"); ci && ci->is_object()) b.ci = PIKA_TRY(suite_from_json(*ci));
  if (const auto* verdict = json::find(v, "verdict"))
    b.verdict = {read_flag(*verdict, "can_land"), read_text(*verdict, "state"), read_reasons(*verdict)};
  b.merge_commit = read_text(v, "merge_commit");
  b.merged_by = read_text(v, "merged_by");
  b.override_reason = read_text(v, "override_reason");
  b.created_at = read_time(v, "created_at");
  b.updated_at = read_time(v, "updated_at");
  b.merged_at = read_time(v, "merged_at");
  return b;
}

Result<std::vector<Branch>> branches_from_json(const json::Value& v) {
  const auto* array = json::find_array(v, "branches");
  if (!array) return fail(ErrorKind::invalid, "the list of branches has no array 'branches'");
  std::vector<Branch> out;
  for (const auto& item : *array) out.push_back(PIKA_TRY(branch_from_json(item)));
  return out;
}

Result<MergeRequest> merge_request_from_json(const json::Value& v) {
  MergeRequest request{PIKA_TRY(json::get_string(v, "expected_head")), read_text(v, "override_reason")};
  const auto& head = request.expected_head;
  const bool hex = head.size() == 40 && head.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex)
    return fail(ErrorKind::invalid, "expected_head is not a commit id of 40 hex digits",
                "send version.head of the branch as you saw it");
  return request;
}

Result<MergeAnswer> merge_answer_from_json(const json::Value& v) {
  return MergeAnswer{PIKA_TRY(json::get_string(v, "merge_commit"))};
}

Result<WhoAmI> whoami_from_json(const json::Value& v) {
  return WhoAmI{PIKA_TRY(json::get_string(v, "name")), read_strings(v, "roles")};
}

ApiError api_error_from_json(const json::Value& v) {
  const auto* inner = json::find(v, "error");
  if (!inner) return {};
  return {read_text(*inner, "code"), read_text(*inner, "message"), read_text(*inner, "advice"), read_reasons(*inner)};
}

std::string_view error_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::unauthorised:
      return "unauthorised";
    case ErrorKind::forbidden:
      return "forbidden";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::too_large:
      return "too_large";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

ApiError api_error(const Error& error) {
  return {std::string(error_code(error.kind)), error.what, error.advice, {}};
}

}  // namespace pika::forge_model
