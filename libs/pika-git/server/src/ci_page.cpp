// The CI page of a branch and of one attempt.
#include <fmt/format.h>

#include <algorithm>

#include "fill.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "router.hpp"

namespace pika::server {

namespace {

constexpr std::size_t kLogShown = 64 * 1024;

// The shown lane: the asked one, else the first failed, running, or simply the first.
const store::LaneWithAttempts* pick_lane(const std::vector<store::LaneWithAttempts>& lanes, const std::string& wanted) {
  for (const auto& l : lanes)
    if (l.lane.lane == wanted) return &l;
  if (!wanted.empty() || lanes.empty()) return nullptr;
  for (auto status : {jerichoci::Status::failed, jerichoci::Status::running})
    for (const auto& l : lanes)
      if (l.newest().status == status) return &l;
  return &lanes.front();
}

web::LogPart log_part(Context& site, const store::Attempt& a) {
  web::LogPart part;
  part.size = log_bytes(site, a);
  part.closed = jerichoci::is_final(a.status);
  auto from = part.size > kLogShown ? part.size - kLogShown : 0;
  auto bytes = read_range(site.layout.log_raw(a.id), from, kLogShown);
  if (!bytes) return part;
  part.bytes = std::move(*bytes);
  part.first_line = from == 0 ? 1 : 0;
  if (from > 0)
    if (auto newline = part.bytes.find('\n'); newline != std::string::npos) {
      part.bytes.erase(0, newline + 1);
      from += newline + 1;
    }
  part.offset = from;
  return part;
}

void fill_lane(Context& site, web::CiPage& page, const store::Suite& suite, const store::LaneWithAttempts& l,
               int number) {
  page.lane = l.lane.lane;
  const store::Attempt* shown = &l.newest();
  for (const auto& a : l.attempts) {
    page.attempts.push_back({a.number, std::string(jerichoci::to_string(a.status)),
                             std::string(jerichoci::to_string(a.failure)), a.runner, a.queued_at, a.started_at,
                             a.finished_at});
    if (a.number == number) shown = &a;
  }
  page.attempt = shown->number;
  page.run_id = shown->run_id;
  page.log = log_part(site, *shown);
  int passed = 0, ended = 0;
  for (const auto& a : l.attempts) {
    if (!jerichoci::is_final(a.status)) continue;
    ++ended;
    if (a.status == jerichoci::Status::passed) ++passed;
  }
  if (ended > 1) page.evidence.push_back(fmt::format("The same tree passed {} of {} attempts.", passed, ended));
  if (!l.lane.reason.empty()) page.evidence.push_back("Chosen because " + l.lane.reason + ".");
  if (!l.lane.gating) page.evidence.push_back("Advisory: the branch's own definition; it does not gate.");
  for (const auto& d : site.store->decisions(suite.id, l.lane.lane)) page.decisions.push_back({d.at, d.text});
}

Result<http::Response> show_suite(Call& call, const store::Repository& r, const store::Branch& b,
                                  const std::optional<store::Suite>& suite, const std::string& lane, int attempt) {
  auto judged = forge::judge(*call.site.store, call.site.layout, r, b);
  web::CiPage page;
  page.chrome = chrome(call, &r);
  page.head = branch_head(call.site, r, b, judged);
  for (const auto& s : call.site.store->suites(b.id, 20))
    page.suites.emplace_back(s.number,
                             std::string(jerichoci::to_string(domain::suite_status(call.site.store->lanes(s.id)))));
  if (suite) {
    auto lanes = call.site.store->lanes(suite->id);
    page.suite = suite_model(call.site, *suite, lanes, true);
    const auto* shown = pick_lane(lanes, lane);
    bool known =
        attempt == 0 || !shown ||
        std::any_of(shown->attempts.begin(), shown->attempts.end(), [&](const auto& a) { return a.number == attempt; });
    if (!known)
      return fail(ErrorKind::not_found,
                  fmt::format("lane `{}` of run #{} has no attempt {}", lane, suite->number, attempt));
    if (!shown && !lane.empty())
      return fail(ErrorKind::not_found,
                  fmt::format("run #{} has no lane `{}`", suite->number, quote_name(to_utf8(lane))));
    if (shown) fill_lane(call.site, page, *suite, *shown, attempt);
    for (const auto& [id, why] : suite->not_chosen) page.not_chosen.push_back({id, why});
    if (!suite->catalogue_error.empty())
      page.warnings.push_back("The target's catalogue does not parse: " + suite->catalogue_error);
    if (!suite->head_catalogue_error.empty())
      page.warnings.push_back("This branch's catalogue does not parse; its own lanes do not run: " +
                              suite->head_catalogue_error);
    if (lanes.empty()) page.no_suite = "no lane's paths match this change";
    bool busy =
        std::any_of(lanes.begin(), lanes.end(), [](const auto& l) { return !jerichoci::is_final(l.newest().status); });
    page.may_cancel = busy && call.may(Permission::write);
    page.may_rerun = call.may(Permission::write) && b.state == store::BranchState::open;
  } else {
    page.no_suite = "lanes have not been chosen yet";
  }
  auto live = call.request.query_value("part") == "live";
  return http::html_response(200, live ? web::render_live(page) : web::render(page));
}

}  // namespace

Result<http::Response> show_branch_ci(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto b = PIKA_TRY(call.branch(r));
  std::optional<store::Suite> suite = call.site.store->newest_suite(b.id);
  if (auto asked = call.request.query_value("run"); !asked.empty()) {
    auto number = parse_number<std::int64_t>(asked).value_or(0);
    suite = call.site.store->suite(r.id, number);
    if (!suite || suite->branch != b.id)
      return fail(ErrorKind::not_found, fmt::format("branch #{} has no run #{}", b.number, number));
  }
  return show_suite(call, r, b, suite, std::string(call.request.query_value("lane")), 0);
}

Result<http::Response> show_attempt(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto suite = PIKA_TRY(call.suite(r));
  auto b = call.site.store->branch(suite.branch);
  if (!b) return fail(ErrorKind::not_found, "the branch of this run is gone");
  return show_suite(call, r, *b, suite, call.arg("lane"), parse_number<int>(call.arg("attempt")).value_or(-1));
}

}  // namespace pika::server
