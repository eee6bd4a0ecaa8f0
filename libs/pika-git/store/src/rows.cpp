#include "rows.hpp"

#include <fmt/format.h>

#include "pika/base/text.hpp"
#include "pika/json/json.hpp"

namespace pika::store {

// Paths are bytes and JSON is UTF-8: broken text is kept as hex behind a marker, and
// so is what begins like the marker.
std::string print_list(const std::vector<std::string>& items) {
  json::Array out;
  for (const auto& item : items) {
    if (is_utf8(item) && !item.starts_with("//hex:")) {
      out.emplace_back(item);
    } else {
      std::string hex = "//hex:";
      for (unsigned char byte : item) hex += fmt::format("{:02x}", byte);
      out.emplace_back(hex);
    }
  }
  return json::print(out);
}

std::vector<std::string> read_list(std::string_view text) {
  std::vector<std::string> out;
  auto value = json::parse(text, "a stored list");
  const auto* array = value ? value->if_array() : nullptr;
  if (!array) return out;
  for (const auto& item : *array) {
    const auto* s = item.if_string();
    if (!s) continue;
    std::string_view view(s->data(), s->size());
    if (!view.starts_with("//hex:")) {
      out.emplace_back(view);
      continue;
    }
    std::string bytes;
    for (view.remove_prefix(6); view.size() >= 2; view.remove_prefix(2))
      bytes += static_cast<char>(std::stoi(std::string(view.substr(0, 2)), nullptr, 16));
    out.push_back(std::move(bytes));
  }
  return out;
}

Repository read_repository(const db::Rows& r, int at) {
  return {r.get<RepositoryId>(at), r.text(at + 1), r.text(at + 2), r.text(at + 3), r.int64(at + 4)};
}

Branch read_branch(const db::Rows& r, int at) {
  Branch b;
  b.id = r.get<BranchId>(at);
  b.repository = r.get<RepositoryId>(at + 1);
  b.number = r.int64(at + 2);
  b.name = r.blob(at + 3);
  b.title = r.text(at + 4);
  b.description = r.text(at + 5);
  b.author = r.text(at + 6);
  b.state = parse_branch_state(r.text_view(at + 7)).value_or(BranchState::open);
  b.created_at = r.int64(at + 8);
  b.updated_at = r.int64(at + 9);
  b.versions = r.get<int>(at + 10);
  b.head = r.text(at + 11);
  b.merge_commit = r.text(at + 12);
  b.closed_why = r.text(at + 13);
  return b;
}

Version read_version(const db::Rows& r, int at) {
  Version v;
  v.id = r.get<VersionId>(at);
  v.branch = r.get<BranchId>(at + 1);
  v.number = r.get<int>(at + 2);
  v.head = r.text(at + 3);
  v.merge_base = r.text(at + 4);
  v.pushed_by = r.text(at + 5);
  v.pushed_at = r.int64(at + 6);
  v.tutorial = parse_tutorial_state(r.text_view(at + 7)).value_or(TutorialState::pending);
  v.tutorial_error = r.text(at + 8);
  v.commits = r.get<int>(at + 9);
  v.files = r.get<int>(at + 10);
  v.added = r.get<int>(at + 11);
  v.removed = r.get<int>(at + 12);
  return v;
}

Candidate read_candidate(const db::Rows& r, int at) {
  Candidate c;
  c.id = r.get<CandidateId>(at);
  c.version = r.get<VersionId>(at + 1);
  c.target_tip = r.text(at + 2);
  c.policy_id = r.text(at + 3);
  c.tree = r.text(at + 4);
  c.commit = r.text(at + 5);
  c.conflicts = read_list(r.text_view(at + 6));
  c.problem = r.text(at + 7);
  c.required = read_list(r.text_view(at + 8));
  c.allow_nothing_to_run = r.get<bool>(at + 9);
  c.created_at = r.int64(at + 10);
  return c;
}

Suite read_suite(const db::Rows& r, int at) {
  Suite s;
  s.id = r.get<SuiteId>(at);
  s.repository = r.get<RepositoryId>(at + 1);
  s.number = r.int64(at + 2);
  s.branch = r.get<BranchId>(at + 3);
  s.version = r.get<VersionId>(at + 4);
  s.candidate = r.get<std::optional<CandidateId>>(at + 5);
  s.commit = r.text(at + 6);
  s.tree = r.text(at + 7);
  s.head = r.text(at + 8);
  s.target_tip = r.text(at + 9);
  s.queued_at = r.int64(at + 10);
  s.catalogue_error = r.text(at + 11);
  s.head_catalogue_error = r.text(at + 12);
  s.why = r.text(at + 13);
  auto flat = read_list(r.text_view(at + 14));
  for (std::size_t i = 0; i + 1 < flat.size(); i += 2) s.not_chosen.emplace_back(flat[i], flat[i + 1]);
  return s;
}

Lane read_lane(const db::Rows& r, int at) {
  Lane l;
  l.id = r.get<LaneId>(at);
  l.suite = r.get<SuiteId>(at + 1);
  l.lane = r.text(at + 2);
  l.title = r.text(at + 3);
  l.position = r.get<int>(at + 4);
  l.required = r.get<bool>(at + 5);
  l.gating = r.get<bool>(at + 6);
  l.group = r.text(at + 7);
  l.reason = r.text(at + 8);
  l.target = r.text(at + 9);
  l.jobs = r.text(at + 10);
  l.unrunnable = r.text(at + 11);
  l.group_size = r.get<int>(at + 12);
  l.needs = read_list(r.text_view(at + 13));
  return l;
}

Attempt read_attempt(const db::Rows& r, int at) {
  Attempt a;
  a.id = r.get<AttemptId>(at);
  a.lane = r.get<LaneId>(at + 1);
  a.number = r.get<int>(at + 2);
  a.status = jerichoci::parse_status(r.text_view(at + 3)).value_or(jerichoci::Status::failed);
  a.failure = jerichoci::parse_failure_kind(r.text_view(at + 4)).value_or(jerichoci::FailureKind::none);
  a.message = r.text(at + 5);
  a.waiting_reason = r.text(at + 6);
  a.waiting_detail = r.text(at + 7);
  a.fence = r.int64(at + 8);
  a.runner = r.text(at + 9);
  a.queued_at = r.int64(at + 10);
  a.started_at = r.int64(at + 11);
  a.finished_at = r.int64(at + 12);
  a.lease_until = r.int64(at + 13);
  a.not_before = r.int64(at + 14);
  a.exit_code = r.get<std::optional<int>>(at + 15);
  a.run_id = r.text(at + 16);
  a.log_size = static_cast<std::uint64_t>(r.int64(at + 17));
  a.cancel_why = r.text(at + 18);
  return a;
}

Landing read_landing(const db::Rows& r, int at) {
  Landing d;
  d.record = r.int64(at);
  d.branch = r.get<BranchId>(at + 1);
  d.version = r.get<VersionId>(at + 2);
  d.candidate = r.get<CandidateId>(at + 3);
  d.suite = r.get<std::optional<SuiteId>>(at + 4);
  d.target = r.text(at + 5);
  d.target_before = r.text(at + 6);
  d.commit = r.text(at + 7);
  d.tree_tested = r.text(at + 8);
  d.tree_landed = r.text(at + 9);
  d.by = r.text(at + 10);
  d.at = r.int64(at + 11);
  d.policy_id = r.text(at + 12);
  d.red_lanes = read_list(r.text_view(at + 13));
  d.override_reason = r.text(at + 14);
  d.state = r.text(at + 15);
  d.previous_hash = r.text(at + 16);
  d.hash = r.text(at + 17);
  return d;
}

WordsJob read_words(const db::Rows& r, int at) {
  WordsJob w;
  w.id = r.get<WordsJobId>(at);
  w.branch = r.get<BranchId>(at + 1);
  w.version = r.get<VersionId>(at + 2);
  w.wish = r.text(at + 3);
  w.state = parse_words_state(r.text_view(at + 4)).value_or(WordsState::dropped);
  w.attempts = r.get<int>(at + 5);
  w.fence = r.int64(at + 6);
  w.owner = r.text(at + 7);
  w.lease_until = r.int64(at + 8);
  w.not_before = r.int64(at + 9);
  w.asked_at = r.int64(at + 10);
  w.taken_at = r.int64(at + 11);
  w.ended_at = r.int64(at + 12);
  w.asked_by = r.text(at + 13);
  w.afresh = r.get<bool>(at + 14);
  w.why = r.text(at + 15);
  w.content_key = r.text(at + 16);
  w.told_at = r.int64(at + 17);
  return w;
}

void tell(db::Connection& c, Micros at, std::string_view kind, RepositoryId repository, const std::string& data) {
  c.run("INSERT INTO admin_event (at, kind, repository, data) VALUES (?, ?, ?, ?)", at, kind, repository, data);
}

void tell_branch(db::Connection& c, Micros at, BranchId branch, std::string_view kind) {
  auto rows = c.query(
      "SELECT r.id, r.owner, r.name, b.number FROM repo_branch b JOIN repo_repository r ON r.id = b.repository "
      "WHERE b.id = ?",
      branch);
  if (!rows.next()) return;
  json::Object data{{"repository", rows.text(1) + "/" + rows.text(2)}, {"branch", rows.int64(3)}};
  tell(c, at, kind, rows.get<RepositoryId>(0), json::print(data));
}

void tell_attempt(db::Connection& c, Micros at, AttemptId attempt, std::string_view kind) {
  auto rows = c.query(
      "SELECT r.id, r.owner, r.name, b.number, s.number, l.lane, a.number, a.log_size "
      "FROM ci_attempt a JOIN ci_lane l ON l.id = a.lane JOIN ci_suite s ON s.id = l.suite "
      "JOIN repo_branch b ON b.id = s.branch JOIN repo_repository r ON r.id = s.repository WHERE a.id = ?",
      attempt);
  if (!rows.next()) return;
  json::Object data{{"repository", rows.text(1) + "/" + rows.text(2)},
                    {"branch", rows.int64(3)},
                    {"suite", rows.int64(4)},
                    {"lane", rows.text(5)},
                    {"attempt", rows.int64(6)}};
  if (kind == "log.appended") data["size"] = rows.int64(7);
  tell(c, at, kind, rows.get<RepositoryId>(0), json::print(data));
}

}  // namespace pika::store
