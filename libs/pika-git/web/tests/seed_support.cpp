#include "seed_support.hpp"

#include <fmt/format.h>

#include <map>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"

namespace pika::web::test {

namespace {

constexpr Micros kQueued = 1774571886LL * kSecond;  // 2026-03-27 00:38:06

int number_at(std::string_view text, std::size_t& at) {
  int n = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') n = n * 10 + (text[at++] - '0');
  return n;
}

// Reads fixtures/seed-branch.txt: one step after the other, each with its hunks in unified form.
class Reader {
 public:
  explicit Reader(Sample& sample) : s_(sample) {}

  void read() {
    std::string* words = nullptr;
    for (auto line : split(*s_.fixture, '\n')) {
      if (take(line, "STEP ")) {
        auto& fresh = s_.tutorial.steps.emplace_back();
        fresh.id = static_cast<int>(s_.tutorial.steps.size());
        fresh.title = line;
        hunk_ = nullptr;
      } else if (line == "SUMMARY") {
        words = &s_.tutorial.summary;
      } else if (take(line, "INTENT ")) {
        step().intent = line;
      } else if (take(line, "FILES ")) {
        for (auto file : split(line, ',')) step().files.emplace_back(trim(file));
        words = nullptr;
      } else if (take(line, "RENAME ")) {
        rename(line);
      } else if (take(line, "HUNK ")) {
        file_name_ = line;
      } else if (line == "BODY") {
        words = &step().body_markdown;
      } else if (words) {
        *words += std::string(line) + "\n";
      } else if (line.starts_with("@@")) {
        begin_hunk(line);
      } else if (hunk_ && !line.empty()) {
        add_line(line);
      }
    }
    finish();
  }

 private:
  static bool take(std::string_view& line, std::string_view start) {
    if (!line.starts_with(start)) return false;
    line.remove_prefix(start.size());
    return true;
  }
  explain::Step& step() { return s_.tutorial.steps.back(); }

  git::FileChange& file(const std::string& name) {
    for (auto& f : s_.diff.files)
      if (f.new_path == name) return f;
    auto& fresh = s_.diff.files.emplace_back();
    fresh.old_path = fresh.new_path = name;
    fresh.old_mode = fresh.new_mode = 0100644;
    return fresh;
  }

  void rename(std::string_view line) {
    auto parts = split(line, '\t');
    auto& f = file(std::string(parts[1]));
    f.kind = git::ChangeKind::renamed;
    f.old_path = parts[0];
    f.similarity = 100;
    if (f.new_path.ends_with("_store.rs")) return;  // it has edits, so hunks
    f.pseudo_id = "R" + std::to_string(++ids_);
    step().evidence.push_back({.hunk = f.pseudo_id, .file = f.new_path});
  }

  void begin_hunk(std::string_view header) {
    auto& f = file(std::string(file_name_));
    git::Hunk h;
    h.id = "H" + std::to_string(++ids_);
    std::size_t at = header.find('-');
    if (at != std::string_view::npos) {
      h.old_start = number_at(header, ++at);
      if (header[at] == ',') h.old_lines = number_at(header, ++at);
    }
    at = header.find('+');
    h.new_start = number_at(header, ++at);
    if (header[at] == ',') h.new_lines = number_at(header, ++at);
    auto end = header.rfind("@@");
    h.section = trim(header.substr(end + 2));
    if (h.old_start == 0 && f.hunks.empty()) f.kind = git::ChangeKind::added;
    old_ = h.old_start;
    new_ = h.new_start;
    f.hunks.push_back(std::move(h));
    hunk_ = &f.hunks.back();
    step().evidence.push_back({.hunk = hunk_->id, .file = f.new_path, .first = 0, .last = -1});
  }

  void add_line(std::string_view line) {
    git::DiffLine l{.kind = line[0], .text = line.substr(1)};
    if (l.kind != '+') l.old_line = old_++;
    if (l.kind != '-') l.new_line = new_++;
    hunk_->lines.push_back(l);
    step().evidence.back().last = static_cast<int>(hunk_->lines.size()) - 1;
  }

  void place(const std::string& id, const git::FileChange& f, int last, int step_id) {
    auto& hunk = s_.tutorial.hunks.emplace_back();
    hunk.id = id;
    hunk.file = f.new_path;
    hunk.old_file = f.old_path;
    auto& atom = hunk.atoms.emplace_back();
    atom.last = last;
    atom.step = step_id;
  }

  void finish() {
    std::map<std::string, int> step_of;
    for (const auto& st : s_.tutorial.steps)
      for (const auto& e : st.evidence) step_of[e.hunk] = st.id;
    for (auto& f : s_.diff.files) {
      for (auto& h : f.hunks) {
        for (const auto& l : h.lines) {
          f.added += l.kind == '+';
          f.removed += l.kind == '-';
        }
        place(h.id, f, static_cast<int>(h.lines.size()) - 1, step_of[h.id]);
      }
      if (!f.pseudo_id.empty()) place(f.pseudo_id, f, 0, step_of[f.pseudo_id]);
      s_.diff.added += f.added;
      s_.diff.removed += f.removed;
    }
  }

  Sample& s_;
  git::Hunk* hunk_ = nullptr;
  std::string_view file_name_;
  int ids_ = 0, old_ = 0, new_ = 0;
};

Suite seed_suite() {
  Suite suite{.number = 168,
              .status = "failed",
              .head = "13118be2d317bbac2c76c073fb413c140bffec4b",
              .queued_at = kQueued,
              .started_at = kQueued + 62 * kSecond,
              .finished_at = kQueued + (62 + 1022) * kSecond};
  struct Row {
    const char* title;
    int wait, ran;
    const char* status;
  };
  for (auto [title, wait, ran, status] : {Row{"check-pika-rust", 62, 880, "passed"},
                                          {"check-pika-followup", 62, 1018, "passed"},
                                          {"check-notifications", 64, 363, "passed"},
                                          {"check-agent-contracts", 66, 500, "passed"},
                                          {"check-rmp", 430, 410, "passed"},
                                          {"check-pikachat", 570, 421, "passed"},
                                          {"check-pikachat-typescript", 845, 97, "passed"},
                                          {"check-apple-host-sanity", 70, 131, "failed"},
                                          {"check-pikachat-openclaw-e2e", 205, 799, "passed"},
                                          {"check-fixture", 942, 141, "passed"}}) {
    LaneRow lane{.id = title,
                 .title = title,
                 .status = status,
                 .required = true,
                 .queued_at = kQueued,
                 .started_at = kQueued + wait * kSecond,
                 .finished_at = kQueued + (wait + ran) * kSecond,
                 .log_size = 1'234'567};
    if (lane.status == "failed") {
      lane.failure_kind = "test_failed";
      lane.cause = "`xcodebuild` ended with 70";
      lane.log_tail =
          "Command line invocation:\n    xcodebuild -scheme Pika test\n\x1b[31mxcodebuild: error:\x1b[0m Unable to "
          "find a "
          "destination\nmatching the provided destination specifier\n";
      lane.attempts = 2;
    }
    suite.lanes.push_back(lane);
  }
  return suite;
}

void fill_head(Sample& s) {
  auto& head = s.branch.head;
  head = {.owner = "sledtools",
          .repository = "pika",
          .number = 133,
          .name = "pika-orch-incus-cleanup-23",
          .title = "Split jerichoci from pikaci",
          .target = "master",
          .author = "alice",
          .state = "merged",
          .tutorial = "ready",
          .ci = "failed",
          .version = 2,
          .versions = 2,
          .head = "13118be2d317bbac2c76c073fb413c140bffec4b",
          .commits = 1,
          .files = static_cast<int>(s.diff.files.size()),
          .added = s.diff.added,
          .removed = s.diff.removed,
          .lanes = 10,
          .lanes_failed = 1,
          .lanes_done = 10,
          .updated = kQueued + 1200 * kSecond};
}

void fill_branch(Sample& s) {
  auto& page = s.branch;
  page.chrome = {.user = "alice",
                 .csrf = "0123456789abcdef",
                 .owner = "sledtools",
                 .repository = "pika",
                 .base_url = "http://127.0.0.1:8787",
                 .events_url = "/api/v1/repos/sledtools/pika/events",
                 .event_sequence = 4711,
                 .now = kNow};
  page.suite = seed_suite();
  page.landing = {.merge_commit = "7ee2bde7e99d2006dcad749984d3e4b504b4842b",
                  .tree_tested = "9f1ce07a55d0c1b7e6a0f1d2c3b4a5968778695a",
                  .tree_landed = "9f1ce07a55d0c1b7e6a0f1d2c3b4a5968778695a",
                  .by = "alice",
                  .when = kQueued + 1200 * kSecond,
                  .red_lanes = {"check-apple-host-sanity"},
                  .override_reason = "apple host offline, see #131",
                  .record = 58,
                  .chain_verified = true};
  page.verdict = {.kind = VerdictKind::landed_over_red,
                  .reasons = {"`check-apple-host-sanity` had failed: apple host offline, see #131"}};
  page.versions = {{.number = 1,
                    .head = "aa118be2d317bbac2c76c073fb413c140bffec4b",
                    .pushed = kQueued - 7200 * kSecond,
                    .pushed_by = "alice",
                    .files = 23,
                    .added = 160,
                    .removed = 110},
                   {.number = 2,
                    .head = page.head.head,
                    .pushed = kQueued,
                    .pushed_by = "alice",
                    .files = 24,
                    .added = 164,
                    .removed = 110}};
  page.commits = {{.id = page.head.head,
                   .subject = "Split jerichoci from pikaci",
                   .body = "The engine knows no catalogue.",
                   .author = "alice",
                   .time = kQueued - 600 * kSecond}};
  page.diff = &s.diff;
  page.tutorial = &s.tutorial;
  page.highlight = [&diff = s.diff](const git::FileChange& file, bool new_side, int line) -> std::vector<SyntaxSpan> {
    (void)diff;
    for (const auto& h : file.hunks)
      for (const auto& l : h.lines)
        if ((new_side ? l.new_line : l.old_line) == line && (l.kind == '+') <= new_side && (l.kind != '-') == new_side)
          return plain_colours(l.text);
    return {};
  };
}

void fill_tutorial(Sample& s) {
  auto& t = s.tutorial;
  t.head = s.branch.head.head;
  t.lines_changed = s.diff.added + s.diff.removed;
  t.lines_folded = 24;
  t.lines_to_read = t.lines_changed - t.lines_folded;
  t.checks = {
      {"stale_path_filter", "ci/forge-lanes.toml", 83, "path filters matched the moved files and match them no longer"},
      {"stale_path", "todos/pika-git-pikaci-boundary.md", 10, "names paths that are gone"},
      {"old_name_left", "crates/pika-git/src/web/tests.rs", 126, "old name kept: `write_pikaci_run_fixture`"}};
  t.steps.back().checks = {t.checks[0]};
  // Of step 8 two hunks are folded under a rule.
  auto& step = t.steps[7];
  explain::Fold fold;
  fold.step = 8;
  fold.rule = "rename `pikaci` to `jerichoci`, checked token by token";
  fold.places = 7;
  fold.evidence.assign(step.evidence.end() - 2, step.evidence.end());
  step.evidence.resize(step.evidence.size() - 2);
  t.folded = {fold};
}

void fill_ci(Sample& s) {
  auto& page = s.ci;
  page.chrome = s.branch.chrome;
  page.head = s.branch.head;
  page.suite = s.branch.suite;
  page.suites = {{168, "failed"}, {161, "passed"}};
  page.lane = "check-apple-host-sanity";
  page.attempt = 2;
  page.attempts = {
      {.number = 1, .status = "failed", .failure_kind = "test_failed", .runner = "mac-mini", .started_at = kQueued},
      {.number = 2, .status = "failed", .failure_kind = "test_failed", .runner = "mac-mini", .started_at = kQueued}};
  page.run_id = "01JD8N3V5R7Q9T1W3Y5Z7B9C1D";
  page.replay_command = "pikaci replay 01JD8N3V5R7Q9T1W3Y5Z7B9C1D --job test";
  page.evidence = {"Same tree passed 0 of 2 attempts."};
  page.steps = {{"Fetch tree `9f1ce07a`", "passed", "", 100'000},
                {"Prepare workspace", "passed", "overlay", 4'000},
                {"xcodebuild", "failed", "exit 70", 131 * kSecond}};
  std::string log;
  for (int i = 1841; i < 1881; ++i)
    log += fmt::format("{}/64 Test #{}: order_total ......... \x1b[32mPassed\x1b[0m    0.02 sec\n", i - 1820, i - 1820);
  log += "\x1b[31mxcodebuild: error:\x1b[0m Unable to find a destination matching the provided destination specifier\n";
  page.log = {.offset = 81'920, .size = 81'920 + log.size(), .first_line = 1841, .bytes = log, .closed = true};
  page.decisions = {{kQueued, "queued by push of version 2"},
                    {kQueued, "waited 8s: group `apple-host` held by branch #131"},
                    {kQueued + 70 * kSecond, "given to runner `mac-mini`, fence 71"},
                    {kQueued + 201 * kSecond, "attempt 1 failed: test failed; policy retries once"}};
  page.not_chosen = {{"check-docs", "no changed path matches `docs/**`"}};
  page.may_rerun = true;
}

}  // namespace

std::vector<SyntaxSpan> plain_colours(std::string_view line) {
  std::vector<SyntaxSpan> out;
  for (std::string_view word : {"use", "pub", "struct", "fn", "let", "mut", "mod", "statement", "scope", "id"})
    for (auto at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
      auto edge = [&](std::size_t i) { return i >= line.size() || line[i] == ' ' || line[i] == '\n'; };
      if ((at == 0 || line[at - 1] == ' ') && edge(at + word.size()))
        out.push_back({static_cast<int>(at), static_cast<int>(at + word.size()), SyntaxKind::keyword});
    }
  auto from = line.find('"');
  if (from != std::string_view::npos)
    if (auto to = line.find('"', from + 1); to != std::string_view::npos)
      out.push_back({static_cast<int>(from), static_cast<int>(to + 1), SyntaxKind::string});
  return out;
}

std::unique_ptr<Sample> seed_sample() {
  auto sample = std::make_unique<Sample>();
  auto& s = *sample;
  s.fixture = std::make_shared<std::string>(
      read_file(fs::path(PIKA_SOURCE_DIR) / "libs/pika-git/web/tests/fixtures/seed-branch.txt").value());
  Reader(s).read();
  fill_head(s);
  fill_branch(s);
  fill_tutorial(s);
  fill_ci(s);
  s.diff_page = {.chrome = s.branch.chrome,
                 .head = s.branch.head,
                 .diff = &s.diff,
                 .highlight = s.branch.highlight,
                 .tutorial = &s.tutorial};
  s.commits = {
      .chrome = s.branch.chrome, .head = s.branch.head, .commits = s.branch.commits, .versions = s.branch.versions};
  auto open = s.branch.head;
  open.number = 134;
  open.state = "open";
  open.ci = "running";
  open.title = "Refuse orders above the credit limit";
  open.name = "credit-limit";
  auto third = open;
  third.number = 135;
  third.ci = "passed";
  third.title = "Say hello in three more languages";
  third.name = "hello";
  s.feed = {.chrome = s.branch.chrome,
            .branches = {{third, "Ready to land"}, {open, "2 lanes running"}, {s.branch.head, ""}},
            .repositories = {"sledtools/pika", "acme/rocket"}};
  s.repository = {.chrome = s.branch.chrome,
                  .owner = "sledtools",
                  .name = "pika",
                  .target = "master",
                  .clone_url = "http://127.0.0.1:8787/sledtools/pika.git",
                  .open = 2,
                  .merged = 1,
                  .branches = {{third, "Ready to land"}, {open, "2 lanes running"}}};
  return sample;
}

BranchPage open_branch(const Sample& sample, VerdictKind kind) {
  auto page = sample.branch;
  page.head.state = "open";
  page.landing = {};
  page.verdict = {.kind = kind, .show_merge = true, .expected_head = page.head.head};
  auto& v = page.verdict;
  switch (kind) {
    case VerdictKind::ready:
      v.reasons = {"4 required lanes passed on this merge"};
      v.may_merge = true;
      break;
    case VerdictKind::waiting:
      v.reasons = {"check-integration is running, about 3 min left"};
      break;
    case VerdictKind::refused:
      v.reasons = {"`check-unit` failed: `OrderTest.limit` expected 409, got 200"};
      v.may_override = v.may_rerun = true;
      break;
    case VerdictKind::conflicts:
      v.paths = {"billing/order.cpp", "caf\u00e9 \"x\""};
      v.command = "git fetch origin && git rebase origin/main";
      v.show_merge = false;
      break;
    case VerdictKind::target_moved:
      v.reasons = {"green against `a41f09c`; main is now `77be210`", "4 lanes queued, first in line"};
      break;
    case VerdictKind::no_isolation:
      v.reasons = {"check-unit wants a sandbox; user namespaces are off"};
      v.command = "sysctl kernel.unprivileged_userns_clone=1";
      break;
    case VerdictKind::catalogue_error:
      v.reasons = {"`ci/pikaci.toml:14:9` unknown key `comand`; did you mean `command`?",
                   "main\u2019s lanes still run"};
      break;
    case VerdictKind::nothing_ran:
      v.reasons = {"no lane\u2019s paths match `docs/notes.md`", "policy of main asks for at least one"};
      v.may_rerun = true;
      break;
    case VerdictKind::landed:
    case VerdictKind::landed_over_red:
      page.head.state = "merged";
      page.landing = sample.branch.landing;
      break;
    case VerdictKind::closed:
      page.head.state = "closed";
      page.may_reopen = true;
      break;
  }
  return page;
}

std::unique_ptr<Sample> hostile_sample() {
  auto sample = seed_sample();
  auto& s = *sample;
  const std::string evil =
      "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\n\xFF\u202Egpj.exe &amp; `code` javascript:alert(3)";
  auto& head = s.branch.head;
  head.name = head.title = head.target = head.author = evil;
  auto& page = s.branch;
  page.chrome.user = page.chrome.flash = evil;
  page.description =
      evil +
      "\n\n[x](javascript:alert(4)) ![y](https://evil.example/p.png) <iframe src=javascript:alert(5)></iframe>\n\n" +
      evil;
  page.verdict.reasons = page.verdict.paths = {evil};
  page.verdict.command = evil;
  page.verdict.heading = evil;
  page.landing.by = page.landing.override_reason = evil;
  page.landing.red_lanes = {evil};
  for (auto& lane : page.suite->lanes) {
    lane.title = lane.cause = lane.log_tail = lane.waiting = lane.failure_kind = lane.runner = lane.reused_from = evil;
    lane.id = evil;
    lane.status = "failed";
  }
  for (auto& c : page.commits) c.subject = c.body = c.author = evil;
  for (auto& v : page.versions) v.pushed_by = evil;
  for (auto& f : s.diff.files) {
    f.old_path = f.new_path = "src/" + evil;
    for (auto& h : f.hunks) {
      h.section = "</script><script>alert(6)</script>";
      for (auto& l : h.lines) l.text = "</pre></table><script>alert(7)</script>\xFF\u202E\u2066 <b onclick=alert(8)>";
    }
  }
  s.tutorial.summary = page.description;
  for (auto& step : s.tutorial.steps) {
    step.title = step.intent = evil;
    step.body_markdown = page.description;
    step.files = {"src/" + evil, evil};
    for (auto& e : step.evidence) e.file = evil;
    step.checks = {{"x", evil, 3, evil}};
  }
  for (auto& fold : s.tutorial.folded) fold.rule = evil;
  s.tutorial.checks = {{"x", evil, 3, evil}};
  s.ci.chrome = page.chrome;
  s.ci.head = head;
  s.ci.suite = page.suite;
  s.ci.lane.clear();
  s.ci.log.bytes = evil + "\n\x1b]0;title\x07\x1b[31m" + evil + "\x1b[2J\n";
  s.ci.run_id = s.ci.replay_command = evil;
  s.ci.evidence = s.ci.warnings = {evil};
  for (auto& d : s.ci.decisions) d.text = evil;
  for (auto& st : s.ci.steps) st.title = st.detail = evil;
  s.ci.not_chosen = {{evil, evil}};
  s.diff_page.head = s.commits.head = head;
  s.commits.commits = page.commits;
  s.feed.branches = s.repository.branches = {{head, evil}};
  s.feed.repositories = {evil, "a/" + evil};
  s.repository.clone_url = s.repository.catalogue_error = s.repository.target = evil;
  return sample;
}

}  // namespace pika::web::test
