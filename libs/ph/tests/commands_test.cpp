#include "pika/ph/commands.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "forge_support.hpp"
#include "pika/base/files.hpp"
#include "pika/ph/login.hpp"

using namespace pika;
using namespace pika::ph;
using namespace pika::ph::test;

namespace {

model::LaneState lane(const std::string& id, const std::string& status, const std::string& failure = {}) {
  model::LaneState l;
  l.id = id;
  l.title = "check-" + id;
  l.kind = "gating";
  l.required = true;
  l.status = status;
  l.failure = failure;
  model::LaneAttempt attempt;
  attempt.number = 1;
  attempt.status = status;
  attempt.failure = failure;
  attempt.started_at = 1;
  attempt.finished_at = model::is_final_status(status) ? 62 * kSecond + 1 : 0;
  l.attempts = {attempt};
  return l;
}

model::Branch branch(const std::string& head, std::vector<model::LaneState> lanes, const std::string& suite_status) {
  model::Branch b;
  b.number = model::BranchNumber(133);
  b.name = "feature";
  b.title = "Split the engine";
  b.state = "open";
  b.target = "main";
  b.url = "/acme/rocket/branches/133";
  b.version = {4, head, ""};
  b.tutorial = "ready";
  b.ci.number = model::SuiteNumber(168);
  b.ci.status = suite_status;
  b.ci.lanes = std::move(lanes);
  return b;
}

void put(FakeForge& forge, model::Branch b) {
  forge.facts.lock()->branches[b.number.value()] = std::move(b);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("login stores a token that works, for its owner's eyes only") {
  FakeForge forge;
  Person ann(forge);
  struct stat info{};
  REQUIRE(::stat(ann.session.login_file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(read_logins(ann.session.login_file)->at(forge.address()).name == "ann");
  CHECK(login(ann.session, forge.address(), "wrong") == 9);
  CHECK(has(ann.err, "nobody is signed in"));
  CHECK(read_logins(ann.session.login_file)->at(forge.address()).token == "good-token");
  CHECK(login(ann.session, forge.address(), "two\r\nlines") == 2);
  CHECK(login(ann.session, "ftp://x", "t") == 2);
}

TEST_CASE("a token is sent to its own server only") {
  FakeForge mine, other;
  Person ann(mine);
  ann.session.server = other.address();
  ann.session.repository = "acme/rocket";
  CHECK(status(ann.session, "133") == 9);
  CHECK(has(ann.err, "ph login " + other.address()));
  CHECK(other.facts.lock()->tokens == std::vector<std::string>{""});
}

TEST_CASE("status finds server, repository and branch where the person stands") {
  FakeForge forge;
  Person ann(forge);
  auto b = branch(ann.head, {lane("unit", "passed"), lane("fmt", "queued")}, "running");
  b.ci.lanes[1].waiting_reason = "no_isolation";
  b.ci.lanes[1].waiting_detail = "sysctl -w x=1";
  b.verdict.reasons = {{"lane_not_green", "lane check-fmt is queued"}};
  put(forge, b);
  REQUIRE_MESSAGE(status(ann.session, "") == 0, ann.err);
  CHECK(ann.out == "acme/rocket branch #133  feature  open\nSplit the engine\n" + forge.address() +
                       "/acme/rocket/branches/133\nversion 4, head " + ann.head.substr(0, 12) +
                       ", target main\ntutorial ready; run #168 running\n"
                       "  check-unit  success        1m 02s\n"
                       "  check-fmt   queued                 waits: no isolation (sysctl -w x=1)\n"
                       "cannot land yet\n  - lane check-fmt is queued\n");
}

TEST_CASE("--json prints what the forge said, also what this version does not know") {
  FakeForge forge;
  Person ann(forge);
  put(forge, branch(ann.head, {}, "passed"));
  ann.session.json = true;
  CHECK(status(ann.session, "#133") == 0);
  auto value = json::parse(ann.out);
  REQUIRE(value);
  CHECK(json::find_string(*value, "later_field") == "kept");
  ann.out.clear();
  CHECK(url(ann.session, "133") == 0);
  CHECK(has(ann.out, forge.address() + "/acme/rocket/branches/133"));
}

TEST_CASE("hostile names and messages cannot write to the terminal") {
  FakeForge forge;
  Person ann(forge);
  auto b = branch(ann.head, {lane("unit", "failed", "test_failed")}, "failed");
  b.title = "a\x1b[2Jb\nforged line";
  b.ci.lanes[0].message = "\x1b]0;x\x07 \xc2\x9b";
  put(forge, b);
  CHECK(status(ann.session, "") == 0);
  CHECK_FALSE(has(ann.out, "\x1b"));
  CHECK_FALSE(has(ann.out, "\x07"));
  CHECK_FALSE(has(ann.out, "\xc2\x9b"));
  CHECK_FALSE(has(ann.out, "\nforged line"));
}

TEST_CASE("a branch, a clone or a forge that is not there is a sentence and a code") {
  FakeForge forge;
  Person ann(forge);
  CHECK(status(ann.session, "") == 2);
  CHECK(has(ann.err, "push it first"));
  CHECK(status(ann.session, "99") == 2);
  ann.session.server = "http://127.0.0.1:1";
  CHECK(status(ann.session, "99") == 4);
  ann.session.server.clear();
  ann.session.folder = ann.folder().parent_path();
  ann.err.clear();
  CHECK(status(ann.session, "99") == 2);
  CHECK(has(ann.err, "--repo OWNER/NAME"));
  ann.session.repository = "acme/rocket";  // the one login says which server
  put(forge, branch(ann.head, {}, "passed"));
  CHECK(status(ann.session, "133") == 0);
}

TEST_CASE("an open branch is meant before an older one of the same name") {
  FakeForge forge;
  Person ann(forge);
  auto open = branch(ann.head, {}, "passed");
  auto merged = open;
  merged.number = model::BranchNumber(140);
  merged.state = "merged";
  put(forge, open);
  put(forge, merged);
  CHECK(status(ann.session, "feature") == 0);
  CHECK(has(ann.out, "#133"));
}

TEST_CASE("wait tells each lane once as it ends, and its code is the worst lane that counts") {
  FakeForge forge;
  Person ann(forge);
  put(forge, branch(ann.head, {lane("unit", "queued"), lane("fmt", "queued")}, "queued"));
  forge.facts.lock()->before_look = [&](FakeForge::Facts& f) {
    auto advisory = lane("new", "failed", "timed_out");
    advisory.kind = "advisory";
    if (f.looks == 2) f.branches[133] = branch(ann.head, {lane("unit", "passed"), lane("fmt", "running")}, "running");
    if (f.looks == 4)
      f.branches[133] =
          branch(ann.head, {lane("unit", "passed"), lane("fmt", "failed", "test_failed"), advisory}, "failed");
  };
  CHECK(wait(ann.session, "", {}) == 1);
  CHECK(ann.out ==
        "run #168 of version 4, 2 lanes\n"
        "check-unit  success        1m 02s\n"
        "check-fmt   failed         1m 02s  test failed\n"
        "check-new   failed         1m 02s  advisory  timed out\n");
}

TEST_CASE("wait's code for each way a run can end") {
  FakeForge forge;
  Person ann(forge);
  const auto code = [&](std::vector<model::LaneState> lanes, const std::string& suite) {
    put(forge, branch(ann.head, std::move(lanes), suite));
    return wait(ann.session, "", {});
  };
  CHECK(code({lane("a", "passed"), lane("b", "skipped")}, "passed") == 0);
  CHECK(code({lane("a", "passed"), lane("b", "failed", "lost"), lane("c", "failed", "test_failed")}, "failed") == 4);
  CHECK(code({lane("a", "failed", "timed_out"), lane("b", "cancelled")}, "failed") == 5);
  CHECK(code({lane("a", "cancelled")}, "cancelled") == 6);
  CHECK(code({lane("a", "nothing_ran")}, "nothing_ran") == 3);
  CHECK(code({lane("a", "skipped")}, "skipped") == 3);
  CHECK(code({}, "nothing_ran") == 3);
  auto broken = branch(ann.head, {}, "failed");
  broken.ci.message = "ci/pikaci.toml:3:1: unknown key";
  put(forge, broken);
  CHECK(wait(ann.session, "", {}) == 7);
  CHECK(has(ann.err, "ci/pikaci.toml:3:1"));
  auto conflicting = branch(ann.head, {}, "");
  conflicting.ci.number.reset();
  conflicting.candidate = model::CandidateInfo{"", "", "", {"a b\n.txt"}};
  put(forge, conflicting);
  CHECK(wait(ann.session, "", {}) == 8);
  CHECK(has(ann.err, "\"a b\\n.txt\""));
}

TEST_CASE("wait goes on when the target moved under a finished run, and follows the next one") {
  FakeForge forge;
  Person ann(forge);
  auto moved = branch(ann.head, {lane("unit", "passed")}, "passed");
  moved.verdict = {false, "waiting", {{"target_moved", "main moved"}}};
  put(forge, moved);
  forge.facts.lock()->before_look = [&](FakeForge::Facts& f) {
    if (f.looks != 3) return;
    f.branches[133] = branch(ann.head, {lane("unit", "failed", "test_failed")}, "failed");
    f.branches[133].ci.number = model::SuiteNumber(169);
  };
  CHECK(wait(ann.session, "", {}) == 1);
  CHECK(has(ann.out, "another run has begun\nrun #169"));
}

TEST_CASE("wait says once what a lane waits for when it does not come by itself") {
  FakeForge forge;
  Person ann(forge);
  auto b = branch(ann.head, {lane("unit", "queued")}, "queued");
  b.ci.lanes[0].waiting_reason = "no_isolation";
  b.ci.lanes[0].waiting_detail = "sysctl -w x=1";
  put(forge, b);
  CHECK(wait(ann.session, "", {.timeout = 3 * kSecond}) == 5);
  const auto at = ann.out.find("waits: no isolation (sysctl -w x=1)");
  REQUIRE(at != std::string::npos);
  CHECK(ann.out.find("waits:", at + 1) == std::string::npos);
}

TEST_CASE("wait ends at its timeout") {
  FakeForge forge;
  Person ann(forge);
  put(forge, branch(ann.head, {lane("unit", "running")}, "running"));
  CHECK(wait(ann.session, "", {.timeout = 3 * kSecond}) == 5);
  CHECK(forge.facts.lock()->looks == 4);
}

TEST_CASE("logs prints the bytes of the lane that failed") {
  FakeForge forge;
  Person ann(forge);
  put(forge, branch(ann.head, {lane("fmt", "passed"), lane("unit", "failed", "test_failed")}, "failed"));
  forge.facts.lock()->logs = {{"168/unit/1", "abc\xff\0def"}, {"168/fmt/1", "fine"}};
  CHECK(logs(ann.session, "", {}) == 0);
  CHECK(ann.out == "abc\xff\0def");
  ann.out.clear();
  CHECK(logs(ann.session, "", {.lane = "check-fmt"}) == 0);
  CHECK(ann.out == "fine");
  CHECK(logs(ann.session, "", {.lane = "check-unt"}) == 2);
  CHECK(has(ann.err, "did you mean check-unit?"));
  CHECK(logs(ann.session, "", {.lane = "fmt", .attempt = 9}) == 2);
}

TEST_CASE("logs -f goes on until the log is whole and the lane has ended, and gives the lane's code") {
  FakeForge forge;
  Person ann(forge);
  put(forge, branch(ann.head, {lane("unit", "running")}, "running"));
  {
    auto facts = forge.facts.lock();
    facts->logs["168/unit/1"] = "one\n";
    facts->log_complete = false;
  }
  int pauses = 0;
  ann.session.pause = [&](Micros) {
    auto facts = forge.facts.lock();
    if (++pauses == 1) facts->logs["168/unit/1"] += "two\n";
    if (pauses == 2) facts->log_complete = true;
    if (pauses == 3) facts->branches[133] = branch(ann.head, {lane("unit", "failed", "timed_out")}, "failed");
  };
  CHECK(logs(ann.session, "", {.follow = true}) == 5);
  CHECK(ann.out == "one\ntwo\n");
  CHECK(pauses == 3);
}

TEST_CASE("merge names the head that the person sees") {
  FakeForge forge;
  Person ann(forge);
  put(forge, branch(ann.head, {lane("unit", "passed")}, "passed"));
  forge.facts.lock()->merge_answer =
      http::json_response(200, json::print(model::to_json(model::MergeAnswer{std::string(40, 'f')})));
  CHECK(merge(ann.session, "", {.override_reason = "the night shift"}) == 0);
  CHECK(has(ann.out, std::string(40, 'f')));
  auto asked = model::merge_request_from_json(json::parse(forge.facts.lock()->merge_body).value());
  REQUIRE(asked);
  CHECK(asked->expected_head == ann.head);
  CHECK(asked->override_reason == "the night shift");
}

TEST_CASE("merge refuses when what is checked out is not what the forge has") {
  FakeForge forge;
  Person ann(forge);
  put(forge, branch(std::string(40, 'a'), {}, "passed"));
  CHECK(merge(ann.session, "", {}) == 8);
  CHECK(has(ann.err, "push first"));
  CHECK(forge.facts.lock()->merge_body.empty());
  forge.facts.lock()->merge_answer = http::json_response(200, R"({"merge_commit":"x"})");
  CHECK(merge(ann.session, "133", {}) == 0);  // by number: what the forge has
  CHECK(has(forge.facts.lock()->merge_body, std::string(40, 'a')));
}

TEST_CASE("a refused merge prints why, and is 8; one that is not yours is 9") {
  FakeForge forge;
  Person ann(forge);
  put(forge, branch(ann.head, {}, "failed"));
  const auto answer = [&](int code, const model::ApiError& error) {
    forge.facts.lock()->merge_answer = http::json_response(code, json::print(model::to_json(error)));
  };
  answer(409, {"conflict", "the gate refuses", "wait for the lanes", {{"lane_not_green", "lane check-unit failed"}}});
  CHECK(merge(ann.session, "", {}) == 8);
  CHECK(ann.err == "ph: the gate refuses\n  - lane check-unit failed\nwait for the lanes\n");
  answer(403, {"forbidden", "only an admin may override", "", {}});
  CHECK(merge(ann.session, "", {.override_reason = "x"}) == 9);
}

TEST_CASE("an answer that is no forge's is told as such") {
  FakeForge forge;
  Person ann(forge);
  put(forge, branch(ann.head, {}, "passed"));
  forge.facts.lock()->merge_answer = http::html_response(200, "<html>captive portal</html>");
  CHECK(merge(ann.session, "", {}) == 4);
  CHECK(has(ann.err, "check that the address is a forge's"));
  forge.facts.lock()->merge_answer = http::html_response(404, "<html>lost</html>");
  CHECK(merge(ann.session, "", {}) == 4);
  CHECK(has(ann.err, "answered 404, and not as a forge does"));
}
