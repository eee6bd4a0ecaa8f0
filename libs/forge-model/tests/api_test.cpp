#include "pika/forge_model/api.hpp"

#include <doctest/doctest.h>

using namespace pika;
using namespace pika::forge_model;

namespace {
Branch sample() {
  Branch b;
  b.number = BranchNumber(133);
  b.name = "feature/\"x\" <script>";
  b.title = "Split";
  b.state = "open";
  b.target = "main";
  b.url = "http://h/acme/rocket/branches/133";
  b.version = {4, std::string(40, 'a'), std::string(40, 'b')};
  b.candidate = CandidateInfo{std::string(40, 'c'), std::string(40, 'd'), std::string(40, 'e'), {"a b.txt"}};
  b.tutorial = "ready";
  b.ci.number = SuiteNumber(168);
  b.ci.status = "running";
  b.ci.lanes = {{"unit",
                 "check-unit",
                 "gating",
                 true,
                 "queued",
                 "",
                 "",
                 "no_isolation",
                 "sysctl ...",
                 {{1, "queued", "", "", "", "", 5, 0, 0, 77, "u"}}}};
  b.verdict = {false, "waiting", {{"lane_not_green", "lane check-unit is queued"}}};
  return b;
}
}  // namespace

TEST_CASE("a branch reads back as it was written") {
  const auto written = to_json(sample());
  const auto text = json::print(written);
  auto b = branch_from_json(json::parse(text).value());
  REQUIRE(b);
  CHECK(to_json(*b) == written);
  CHECK(b->number == BranchNumber(133));
  CHECK(b->ci.number == SuiteNumber(168));
  CHECK(b->ci.lanes[0].newest()->log_bytes == 77);
  CHECK(b->candidate->conflicts == std::vector<std::string>{"a b.txt"});
  CHECK(b->verdict.reasons[0].code == "lane_not_green");
}

TEST_CASE("words and fields of a newer forge are kept or passed over") {
  auto b = branch_from_json(json::parse(R"({"number":1,"state":"archived","mood":[1],
      "ci":{"suite":2,"status":"paused","lanes":[{"id":"x","status":"dreaming","failure":"tides"}]},
      "verdict":{"can_land":false,"reasons":["plain words"]},"candidate":null})")
                                .value());
  REQUIRE(b);
  CHECK(b->state == "archived");
  CHECK(b->ci.lanes[0].status == "dreaming");
  CHECK(b->ci.lanes[0].title == "x");
  CHECK(b->verdict.reasons[0].message == "plain words");
  CHECK_FALSE(b->candidate);
  CHECK_FALSE(is_final_status("dreaming"));
}

TEST_CASE("a branch without its number is no branch") {
  CHECK_FALSE(branch_from_json(json::parse("[]").value()));
  CHECK_FALSE(branch_from_json(json::parse("{}").value()));
}

TEST_CASE("a merge names the head it saw, in full") {
  CHECK(merge_request_from_json(to_json(MergeRequest{std::string(40, 'a'), "night"}))->override_reason == "night");
  CHECK_FALSE(merge_request_from_json(json::parse(R"({"expected_head":"abc"})").value()));
  CHECK_FALSE(merge_request_from_json(json::parse("{}").value()));
}

TEST_CASE("an error is read from whatever came") {
  auto e = api_error_from_json(to_json(ApiError{"conflict", "no", "do", {{"head_moved", "it moved"}}}));
  CHECK(e.code == "conflict");
  CHECK(e.advice == "do");
  CHECK(e.reasons[0].code == "head_moved");
  CHECK(api_error_from_json(json::Value("x")).code.empty());
}

TEST_CASE("green is called success, and only that") {
  CHECK(status_label("passed") == "success");
  CHECK(status_label("nothing_ran") == "nothing ran");
  CHECK(is_final_status("nothing_ran"));
  CHECK_FALSE(is_final_status("running"));
}
