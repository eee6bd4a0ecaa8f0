#include "fill.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "flash.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/repository.hpp"

namespace pika::server {

web::Chrome chrome(const Call& call, const store::Repository* repository) {
  web::Chrome c;
  if (call.principal.user) c.user = call.principal.user->name;
  c.csrf = call.principal.csrf();
  c.base_url = call.site.url;
  c.now = system_clock().now();
  auto flash = flash_of(call.request);
  c.flash = flash.sentence;
  c.flash_is_error = flash.is_error;
  if (call.may(Permission::read)) {
    c.event_sequence = call.site.store->last_event();
    c.events_url = "/api/v1/events";
  }
  if (repository) {
    c.owner = repository->owner;
    c.repository = repository->name;
    if (!c.events_url.empty()) c.events_url = fmt::format("/api/v1/repos/{}/events", repository->full_name());
  }
  return c;
}

web::BranchHead branch_head(Context&, const store::Repository& r, const store::Branch& b, const forge::Judged& judged,
                            const store::Version* shown) {
  web::BranchHead h;
  h.owner = r.owner;
  h.repository = r.name;
  h.number = b.number;
  h.name = b.name;
  h.title = b.title;
  h.target = r.target;
  h.author = b.author;
  h.state = std::string(to_string(b.state));
  h.versions = b.versions;
  h.updated = b.updated_at;
  const auto* v = shown ? shown : judged.version ? &*judged.version : nullptr;
  if (v) {
    h.tutorial = std::string(to_string(v->tutorial));
    h.version = v->number;
    h.head = v->head;
    h.commits = v->commits;
    h.files = v->files;
    h.added = v->added;
    h.removed = v->removed;
  }
  if (judged.suite) {
    h.ci = std::string(jerichoci::to_string(domain::suite_status(judged.lanes)));
    for (const auto& l : judged.lanes) {
      if (!l.lane.gating) continue;
      ++h.lanes;
      auto status = l.newest().status;
      if (jerichoci::is_final(status)) ++h.lanes_done;
      if (status == jerichoci::Status::failed || status == jerichoci::Status::nothing_ran) ++h.lanes_failed;
    }
    if (!judged.suite->catalogue_error.empty()) h.ci = "failed";
  }
  return h;
}

std::uint64_t log_bytes(Context& site, const store::Attempt& attempt) {
  std::error_code ignored;
  auto size = fs::file_size(site.layout.log_raw(attempt.id), ignored);
  return ignored ? 0 : size;
}

std::string tail_of_log(Context& site, const store::Attempt& attempt, std::size_t bytes, std::size_t lines) {
  auto size = log_bytes(site, attempt);
  auto from = size > bytes ? size - bytes : 0;
  auto part = read_range(site.layout.log_raw(attempt.id), from, bytes);
  if (!part) return {};
  auto text = std::move(*part);
  if (from > 0)
    if (auto newline = text.find('\n'); newline != std::string::npos) text.erase(0, newline + 1);
  std::size_t at = text.size(), seen = 0;
  while (at > 0) {
    if (text[at - 1] == '\n' && at != text.size() && ++seen == lines) break;
    --at;
  }
  return text.substr(at);
}

namespace {

std::string waiting_sentence(const store::Attempt& a) {
  if (a.status != jerichoci::Status::queued) return {};
  return a.waiting_detail.empty() ? a.waiting_reason : a.waiting_detail;
}

web::LaneRow lane_row(Context& site, const store::LaneWithAttempts& l, bool with_tail) {
  const auto& a = l.newest();
  web::LaneRow row;
  row.id = l.lane.lane;
  row.title = l.lane.title;
  row.status = std::string(jerichoci::to_string(a.status));
  row.failure_kind = std::string(jerichoci::to_string(a.failure));
  row.waiting = waiting_sentence(a);
  row.required = l.lane.required;
  row.advisory = !l.lane.gating;
  row.attempts = a.number;
  row.queued_at = a.queued_at;
  row.started_at = a.started_at;
  row.finished_at = a.finished_at;
  row.runner = a.runner;
  row.log_size = log_bytes(site, a);
  if (a.status == jerichoci::Status::failed || a.status == jerichoci::Status::nothing_ran ||
      a.status == jerichoci::Status::cancelled) {
    row.cause = a.message;
    if (with_tail) row.log_tail = tail_of_log(site, a, 4096, 12);
  }
  return row;
}

web::VerdictKind kind_of(domain::VerdictState state) {
  using S = domain::VerdictState;
  using K = web::VerdictKind;
  switch (state) {
    case S::ready:
      return K::ready;
    case S::waiting:
      return K::waiting;
    case S::refused:
      return K::refused;
    case S::conflicts:
      return K::conflicts;
    case S::target_moved:
      return K::target_moved;
    case S::no_isolation:
      return K::no_isolation;
    case S::catalogue_error:
      return K::catalogue_error;
    case S::nothing_ran:
      return K::nothing_ran;
    case S::landed:
      return K::landed;
    case S::landed_over_red:
      return K::landed_over_red;
    case S::closed:
      return K::closed;
  }
  return K::waiting;
}

}  // namespace

web::Suite suite_model(Context& site, const store::Suite& suite, const std::vector<store::LaneWithAttempts>& lanes,
                       bool with_tails) {
  web::Suite s;
  s.number = suite.number;
  s.status = suite.catalogue_error.empty() ? std::string(jerichoci::to_string(domain::suite_status(lanes))) : "failed";
  s.head = suite.head;
  s.candidate = suite.candidate ? suite.commit : "";
  s.target_tip = suite.target_tip;
  s.queued_at = suite.queued_at;
  bool all_ended = true;
  for (const auto& l : lanes) {
    s.lanes.push_back(lane_row(site, l, with_tails));
    for (const auto& a : l.attempts)
      if (a.started_at > 0 && (s.started_at == 0 || a.started_at < s.started_at)) s.started_at = a.started_at;
    if (!jerichoci::is_final(l.newest().status)) all_ended = false;
    s.finished_at = std::max(s.finished_at, l.newest().finished_at);
  }
  if (!all_ended) s.finished_at = 0;
  return s;
}

web::Verdict verdict_model(const Call& call, const store::Repository& r, const store::Branch& b,
                           const forge::Judged& j) {
  web::Verdict v;
  v.kind = kind_of(j.verdict.state);
  v.reasons = j.verdict.reasons;
  v.expected_head = b.head;
  bool open = b.state == store::BranchState::open;
  v.show_merge = open;
  v.may_merge = open && j.verdict.can_land && call.may(Permission::land);
  v.may_override = open && !j.verdict.can_land && j.verdict.can_override && call.may(Permission::land) &&
                   forge::may_override(call.site.layout, r, j.target_tip, call.principal.role());
  v.may_rerun = open && j.suite && call.may(Permission::write);
  if (j.candidate && !j.candidate->conflicts.empty()) {
    v.paths = j.candidate->conflicts;
    v.reasons.clear();
    v.command = fmt::format("git fetch origin && git rebase origin/{}", r.target);
  }
  if (b.state == store::BranchState::closed) v.reasons.push_back(b.closed_why);
  if (j.landing) {
    if (j.landing->override_reason.empty()) {
      v.reasons.push_back("tree tested is the tree that landed");
    } else {
      v.reasons.push_back(fmt::format("by {}: {}", j.landing->by, j.landing->override_reason));
    }
  }
  return v;
}

web::Landing landing_model(const forge::Judged& j) {
  web::Landing l;
  if (!j.landing) return l;
  const auto& d = *j.landing;
  l.merge_commit = d.commit;
  l.tree_tested = d.tree_tested;
  l.tree_landed = d.tree_landed;
  l.by = d.by;
  l.when = d.at;
  l.red_lanes = d.red_lanes;
  l.override_reason = d.override_reason;
  l.record = d.record;
  return l;
}

std::vector<web::VersionRow> version_rows(const std::vector<store::Version>& versions) {
  std::vector<web::VersionRow> out;
  for (const auto& v : versions)
    out.push_back({v.number, v.head, v.pushed_at, v.pushed_by, v.files, v.added, v.removed});
  return out;
}

std::vector<git::CommitInfo> branch_commits(Context& site, const store::Repository& r, const store::Version& version) {
  auto repository = git::Repository::open(site.layout.repository(r));
  auto head = git::Oid::parse(version.head);
  if (!repository || !head) return {};
  auto out = repository->log(*head, git::Oid::parse(version.merge_base).value_or(git::Oid()), 500);
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<web::CommitRow> commit_rows(Context& site, const store::Repository& r, const store::Version& version) {
  std::vector<web::CommitRow> out;
  for (const auto& c : branch_commits(site, r, version))
    out.push_back({c.id.hex(), c.subject(), c.body(), c.author.name, c.author.time});
  return out;
}

Result<store::Version> shown_version(const Call& call, const store::Branch& b) {
  auto versions = call.site.store->versions(b.id);
  auto asked = call.request.query_value("version");
  if (asked.empty() && !versions.empty()) return versions.back();
  for (const auto& v : versions)
    if (std::to_string(v.number) == asked) return v;
  return fail(ErrorKind::not_found, fmt::format("branch #{} has no version {}", b.number, quote_name(to_utf8(asked))),
              fmt::format("it has versions 1 to {}", versions.size()));
}

}  // namespace pika::server
