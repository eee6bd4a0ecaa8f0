// The JSON API (docs/api.md). Its types are forge_model's; here they are filled.
#include <fmt/format.h>

#include <algorithm>

#include "fill.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/forge_model/api.hpp"
#include "rerun.hpp"
#include "router.hpp"
#include "words.hpp"

namespace pika::server {

namespace fm = forge_model;

namespace {

constexpr std::uint64_t kMaxLogPart = 4u << 20;

std::string printable(std::string_view text) {
  return to_utf8(text);
}

fm::LaneState lane_state(Context& site, const store::Repository& r, const store::Suite& suite,
                         const store::LaneWithAttempts& l) {
  fm::LaneState out;
  const auto& a = l.newest();
  out.id = l.lane.lane;
  out.title = l.lane.title;
  out.kind = l.lane.gating ? "gating" : "advisory";
  out.required = l.lane.required;
  out.status = jerichoci::to_string(a.status);
  out.failure = jerichoci::to_string(a.failure);
  out.message = a.message;
  out.waiting_reason = a.waiting_reason;
  out.waiting_detail = a.waiting_detail;
  for (const auto& each : l.attempts) {
    fm::LaneAttempt at;
    at.number = each.number;
    at.status = jerichoci::to_string(each.status);
    at.failure = jerichoci::to_string(each.failure);
    at.message = each.message;
    at.run_id = each.run_id;
    at.runner = each.runner;
    at.queued_at = each.queued_at;
    at.started_at = each.started_at;
    at.finished_at = each.finished_at;
    at.log_bytes = log_bytes(site, each);
    at.url = fmt::format("{}/{}/ci/{}/{}/{}", site.url, r.full_name(), suite.number, l.lane.lane, each.number);
    out.attempts.push_back(std::move(at));
  }
  return out;
}

fm::Suite suite_json(Context& site, const store::Repository& r, const store::Suite& suite,
                     const std::vector<store::LaneWithAttempts>& lanes) {
  fm::Suite out;
  auto model = suite_model(site, suite, lanes, false);
  out.number = fm::SuiteNumber(suite.number);
  out.status = model.status;
  out.commit = suite.commit;
  out.tree = suite.tree;
  out.queued_at = model.queued_at;
  out.started_at = model.started_at;
  out.finished_at = model.finished_at;
  out.message = !suite.catalogue_error.empty() ? suite.catalogue_error
                : lanes.empty()                ? "no lane's paths match this change"
                                               : suite.head_catalogue_error;
  out.url = fmt::format("{}/{}/ci/{}", site.url, r.full_name(), suite.number);
  if (auto b = site.store->branch(suite.branch)) out.url = site.url + site.branch_path(r, *b) + "/ci";
  for (const auto& l : lanes) out.lanes.push_back(lane_state(site, r, suite, l));
  return out;
}

fm::VerdictInfo verdict_json(const forge::Judged& j) {
  using S = domain::VerdictState;
  fm::VerdictInfo out;
  out.can_land = j.verdict.can_land;
  std::string code = "lane_not_green";
  switch (j.verdict.state) {
    case S::ready:
      out.state = "ready";
      code = "";
      break;
    case S::waiting:
      out.state = "waiting";
      break;
    case S::refused:
      out.state = "blocked";
      break;
    case S::conflicts:
      out.state = "blocked";
      code = "conflict";
      break;
    case S::target_moved:
      out.state = "waiting";
      code = "target_moved";
      break;
    case S::no_isolation:
      out.state = "waiting";
      break;
    case S::catalogue_error:
      out.state = "blocked";
      code = "lane_missing";
      break;
    case S::nothing_ran:
      out.state = "blocked";
      code = "nothing_ran";
      break;
    case S::landed:
    case S::landed_over_red:
      out.state = "merged";
      code = "not_open";
      break;
    case S::closed:
      out.state = "closed";
      code = "not_open";
      break;
  }
  for (const auto& reason : j.verdict.reasons) out.reasons.push_back({code, printable(reason)});
  if (j.verdict.state == S::conflicts && j.candidate && j.candidate->conflicts.empty())
    for (auto& reason : out.reasons) reason.code = "no_candidate";
  if (out.state == "ready" || out.state == "merged") out.reasons.clear();
  return out;
}

fm::Branch branch_json(Context& site, const store::Repository& r, const store::Branch& b) {
  auto j = forge::judge(*site.store, site.layout, r, b);
  fm::Branch out;
  out.number = fm::BranchNumber(b.number);
  out.name = printable(b.name);
  out.title = b.title;
  out.state = to_string(b.state);
  out.target = r.target;
  out.url = site.url + site.branch_path(r, b);
  out.author = b.author;
  if (j.version) {
    out.version = {j.version->number, j.version->head, j.version->merge_base};
    out.tutorial = to_string(j.version->tutorial);
  }
  if (j.candidate) {
    fm::CandidateInfo c{j.candidate->commit, j.candidate->tree, j.candidate->target_tip, {}};
    for (const auto& path : j.candidate->conflicts) c.conflicts.push_back(printable(path));
    out.candidate = c;
  }
  if (j.suite) out.ci = suite_json(site, r, *j.suite, j.lanes);
  out.verdict = verdict_json(j);
  out.merge_commit = b.merge_commit;
  if (j.landing) {
    out.merged_by = j.landing->by;
    out.override_reason = j.landing->override_reason;
    out.merged_at = j.landing->at;
  }
  out.created_at = b.created_at;
  out.updated_at = b.updated_at;
  return out;
}

http::Response answer(const json::Value& value, int status = 200) {
  return http::json_response(status, json::print(value));
}

std::int64_t since_of(const Call& call) {
  for (auto text : {call.request.header("last-event-id"), call.request.query_value("since")})
    if (auto n = parse_number<std::int64_t>(text)) return *n;
  return call.site.store->last_event();
}

http::Response event_response(Call& call, std::optional<store::RepositoryId> repository) {
  http::Response response;
  response.set("Content-Type", "text/event-stream");
  response.set("Cache-Control", "no-store");
  response.events = call.site.hub->subscribe(repository, since_of(call));
  return response;
}

}  // namespace

Result<http::Response> api_whoami(Call& call) {
  fm::WhoAmI who;
  who.name = call.principal.user->name;
  for (auto role : {domain::Role::reader, domain::Role::writer, domain::Role::lander, domain::Role::admin})
    if (call.principal.role() >= role) who.roles.emplace_back(to_string(role));
  return answer(fm::to_json(who));
}

Result<http::Response> api_branches(Call& call) {
  auto r = PIKA_TRY(call.repository());
  store::BranchQuery query{.repository = r.id, .limit = 100};
  if (auto state = call.request.query_value("state"); !state.empty()) {
    query.state = domain::parse_branch_state(state);
    if (!query.state) return fail(ErrorKind::invalid, "state is one of: open, merged, closed");
  }
  if (auto name = call.request.query_value("name"); !name.empty()) query.name = std::string(name);
  std::vector<fm::Branch> out;
  for (const auto& b : call.site.store->branches(query)) out.push_back(branch_json(call.site, r, b));
  return answer(fm::branches_to_json(out));
}

Result<http::Response> api_branch(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto b = PIKA_TRY(call.branch(r));
  return answer(fm::to_json(branch_json(call.site, r, b)));
}

Result<http::Response> api_tutorial(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto b = PIKA_TRY(call.branch(r));
  auto version = PIKA_TRY(shown_version(call, b));
  if (version.tutorial != store::TutorialState::ready)
    return fail(ErrorKind::unavailable,
                fmt::format("the tutorial of version {} is {}", version.number, to_string(version.tutorial)),
                "ask again in a moment");
  auto derived = PIKA_TRY(forge::stored_tutorial(call.site.layout, version));
  return answer(tutorial_json(shown_words(call, r, b, version, derived), derived));
}

Result<http::Response> api_merge(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto b = PIKA_TRY(call.branch(r));
  auto body = PIKA_TRY(json::parse(call.request.body, "request body"));
  auto order = PIKA_TRY(fm::merge_request_from_json(body));
  if (json::find(body, "override_reason") && trim(order.override_reason).empty())
    return fail(ErrorKind::invalid, "merging over red needs a reason; it stays on the page",
                "say it in override_reason, or leave that field out");
  auto merged = call.site.lander->merge(r, b,
                                        {.expected_head = order.expected_head,
                                         .by = call.principal.name(),
                                         .role = call.principal.role(),
                                         .override_reason = std::string(trim(order.override_reason))});
  if (!merged) {
    auto error = fm::api_error(merged.error());
    if (merged.error().kind == ErrorKind::conflict) {
      auto now = call.site.store->branch(b.id);
      if (now && now->state != store::BranchState::open)
        error.reasons = {{"not_open", merged.error().what}};
      else if (now && now->head != order.expected_head)
        error.reasons = {{"head_moved", merged.error().what}};
      else
        error.reasons = verdict_json(forge::judge(*call.site.store, call.site.layout, r, b)).reasons;
    }
    return answer(fm::to_json(error), http::status_of(merged.error().kind));
  }
  call.site.target_moved(r, fmt::format("{} moved: branch #{} landed", r.target, b.number));
  return answer(fm::to_json(fm::MergeAnswer{merged->commit}));
}

Result<http::Response> api_suite(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto suite = PIKA_TRY(call.suite(r));
  return answer(fm::to_json(suite_json(call.site, r, suite, call.site.store->lanes(suite.id))));
}

Result<http::Response> api_log(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto suite = PIKA_TRY(call.suite(r));
  auto number = parse_number<int>(call.arg("attempt")).value_or(0);
  for (const auto& l : call.site.store->lanes(suite.id)) {
    if (l.lane.lane != call.arg("lane")) continue;
    for (const auto& a : l.attempts) {
      if (a.number != number) continue;
      // The state is read before the bytes: "complete" is never said of a log that may still grow.
      bool ended = jerichoci::is_final(a.status);
      auto asked = call.request.query_value("offset");
      auto offset = parse_number<std::uint64_t>(asked.empty() ? "0" : asked).value_or(UINT64_MAX);
      if (offset > INT64_MAX)
        return fail(ErrorKind::invalid, fmt::format("'{}' is no offset", quote_name(to_utf8(asked))),
                    "give the number of bytes to skip; X-Log-Next-Offset of an answer is one");
      auto size =
          std::min(parse_number<std::uint64_t>(call.request.query_value("size")).value_or(1u << 20), kMaxLogPart);
      auto bytes = read_range(call.site.layout.log_raw(a.id), offset, size);
      http::Response response;
      response.body = bytes ? std::move(*bytes) : "";
      auto next = offset + response.body.size();
      response.set("Content-Type",
                   call.request.query_value("as") == "text" ? "text/plain; charset=utf-8" : "application/octet-stream");
      response.set("X-Log-Next-Offset", std::to_string(next));
      response.set("X-Log-Complete", ended && next >= log_bytes(call.site, a) ? "true" : "false");
      response.set("Cache-Control", "no-store");
      response.set("Content-Security-Policy", "sandbox; default-src 'none'");
      return response;
    }
  }
  return fail(ErrorKind::not_found,
              fmt::format("run #{} has no attempt {} of lane `{}`", suite.number,
                          quote_name(to_utf8(call.arg("attempt"))), quote_name(to_utf8(call.arg("lane")))));
}

Result<http::Response> api_rerun(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto suite = PIKA_TRY(call.suite(r));
  auto count = PIKA_TRY(rerun(call.site, suite, "lane", call.arg("lane"), call.principal.name()));
  if (count == 0)
    return fail(ErrorKind::conflict, fmt::format("lane `{}` is still at its newest attempt", call.arg("lane")),
                "wait until it has ended");
  json::Object out{{"suite", suite.number}, {"lane", call.arg("lane")}};
  for (const auto& l : call.site.store->lanes(suite.id))
    if (l.lane.lane == call.arg("lane")) out["attempt"] = l.newest().number;
  return answer(out);
}

Result<http::Response> api_events(Call& call) {
  return event_response(call, std::nullopt);
}

Result<http::Response> api_repository_events(Call& call) {
  auto r = PIKA_TRY(call.repository());
  return event_response(call, r.id);
}

}  // namespace pika::server
