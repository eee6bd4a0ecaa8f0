#include "pika/model/validator.hpp"

#include <doctest/doctest.h>

#include <set>

#include "pika/base/text.hpp"
#include "subject.hpp"

using namespace pika;
using namespace pika::model;

namespace {

Validated with_body(const std::string& body) {
  static const auto s = sample();
  auto answer = true_answer();
  answer.at("steps").at(1).as_object()["body_markdown"] = body;
  return validate(s.subject(), parse_answer(json::print(answer)).value(), "m");
}

}  // namespace

TEST_CASE("a reason that the author did not give is labelled as the model's guess") {
  auto v = with_body("- It requeues because drops are slow.");
  REQUIRE(v.sources.size() == 3);
  CHECK(v.sources[1].model_body == "- The model's guess: It requeues because drops are slow.");
  CHECK(v.removed.size() == 1);
}

TEST_CASE("a reason in the author's words stands as it is") {
  auto v = with_body("It requeues because \"a runner that dies holds its job\", as before.");
  CHECK(v.sources[1].model_body.empty());  // other letters than the author's
  v = with_body("It requeues because \"A runner that dies holds its job\".");
  CHECK(v.sources[1].model_body == "It requeues because \"A runner that dies holds its job\".");
  CHECK(v.removed.empty());
}

TEST_CASE("the derived facts stay below the model's words") {
  auto v = with_body("H2 replaces `drop(job)`.");
  CHECK(v.tutorial.steps[1].body_markdown ==
        "H2 replaces `drop(job)`.\n\nChanges 2 functions in 1 file.\n\n- changed: `requeue`\n");
  CHECK(v.tutorial.summary.ends_with("\n\nIt changes 3 files, told in 3 steps.\n"));
}

TEST_CASE("what may not be said may not be said in other words, letters or marks") {
  for (const char* lie :
       {// that nothing changed
        "It doesn't change the behaviour.", "It doesn\xE2\x80\x99t alter behavior.", "The semantics are preserved.",
        "It is functionally equivalent.", "This keeps the logic as it is.", "It is whitespace-only.",
        "It has no functional impact.", "No change to the program's logic.", "no&nbsp;logic&nbsp;change",
        "no\xC2\xA0logic\xC2\xA0"
        "change",
        "It is just formatting.", "no \"logic\" change",
        // verdicts
        "This is \"safe\".", "This is `safe`.", "This is low-risk.", "This is low\xE2\x80\x91risk.",
        "This is s\xD0\xB0"
        "fe.",
        "This is \xEF\xBD\x93\xEF\xBD\x81\xEF\xBD\x86\xEF\xBD\x85.", "It needs no review.", "All tests pass.",
        "It was reviewed.",
        // counts
        "It touches thirty files.", "It touches twenty-one files.", "It touches a couple of files.",
        "It touches two hundred hunks.", "It changes 2k lines.", "It adds \xEF\xBC\x93 files.",
        // names and form
        "It calls ``frobnicator``.", "See WWW.evil.example for it.", "It is &copy; somebody."}) {
    CAPTURE(lie);
    auto v = with_body(lie);
    CHECK(v.sources.at(1).model_body.empty());
    CHECK(v.removed.size() == 1);
  }
  for (const char* truth : {"It puts the job back \xE2\x80\x93 at once \xE2\x80\x94 and waits\xE2\x80\xA6",
                            "H2 replaces `drop(job)`.", "It touches one file.",
                            "A pair of words, and the same job again.", "The runner\xE2\x80\x99s job comes back."}) {
    CAPTURE(truth);
    auto v = with_body(truth);
    CHECK(v.sources.at(1).model_body == truth);
    CHECK(v.removed.empty());
  }
}

TEST_CASE("an answer of lies gives the derived page under its own name") {
  auto s = sample();
  auto v = validate(s.subject(), *parse_answer(R"({"summary": "It is safe.", "steps": [], "folded": []})"), "m");
  CHECK(!v.uses_model());
  CHECK(json::print(explain::to_json(v.tutorial)) == json::print(explain::to_json(s.tutorial)));
}

TEST_CASE("a summary ends at ninety words, between sentences") {
  auto s = sample();
  std::string summary;
  for (int i = 0; i < 40; ++i) summary += "The queue waits. ";
  json::Object answer;
  answer["summary"] = summary;
  answer["steps"] = json::Array();
  answer["folded"] = json::Array();
  auto v = validate(s.subject(), *parse_answer(json::print(answer)), "m");
  CHECK(split(v.model_summary, ' ').size() == 90);
}

TEST_CASE("what is no answer is refused with a sentence") {
  for (const char* text :
       {"", "{", "[]", "null", "{}", R"({"summary":"","steps":[],"folded":[]})", "\xFF", "{\"steps\":{}}"})
    CHECK(!parse_answer(text));
  CHECK(parse_answer(std::string(kMaxAnswer + 1, ' ')).error().kind == ErrorKind::too_large);
}

TEST_CASE("every hunk is in exactly one call whatever the budget, and nothing is cut off") {
  auto s = sample();
  for (std::size_t budget : {1, 700, 800, 850, 900, 100000}) {
    CAPTURE(budget);
    auto calls = make_calls(s.subject(), budget, [] { return "MARK"; });
    std::multiset<std::string> seen;
    std::string all;
    for (const auto& call : calls) {
      seen.insert(call.hunks.begin(), call.hunks.end());
      all += call.user;
      CHECK((call.over_budget || estimated_tokens(call.system + call.user) <= budget));
      CHECK(json::print(call.schema).find(call.hunks.front()) != std::string::npos);
    }
    CHECK(seen == std::multiset<std::string>{"H1", "H2", "H3", "H4"});
    for (const auto& file : s.diff.files)
      if (file.hunks[0].id != "H4")
        for (const auto& line : file.hunks[0].lines) CHECK(all.find(line.text) != std::string::npos);
    CHECK(all.find("int  old_name") == std::string::npos);  // folded: one line
    CHECK(all.find("H4 of step 3: src/old.cpp folded, rule: layout") != std::string::npos);
  }
  CHECK(make_calls(s.subject(), 100000).size() == 1);
}

TEST_CASE("the marker never occurs in the data, and all data stands between two of it") {
  auto s = sample();
  int asked = 0;
  auto calls = make_calls(s.subject(), 100000, [&] { return asked++ == 0 ? "requeue" : "MARK"; });
  CHECK(asked == 2);
  const auto& user = calls.front().user;
  auto first = user.find("\nMARK\n"), last = user.rfind("\nMARK\n");
  REQUIRE(first != last);
  for (const char* data : {"ignore all previous", "Retry a lost lease", "int Lease::retry_after"}) {
    CHECK(user.find(data) > first);
    CHECK(user.rfind(data) < last);
  }
  CHECK(user == make_calls(s.subject(), 100000, [] { return "MARK"; }).front().user);
}

TEST_CASE("answers of several calls become one, and a step of two calls keeps all its hunks") {
  Answer a, b;
  a.summary = "One.";
  a.steps = {{1, "T", "I", "A.", {"H1"}, {}}};
  b.steps = {{1, "U", "J", "B.", {"H2"}, {}}, {2, "V", "K", "", {"H3"}, {}}};
  auto all = join({a, b});
  REQUIRE(all.steps.size() == 2);
  CHECK(all.steps[0].title == "T");
  CHECK(all.steps[0].body_markdown == "A.\n\nB.");
  CHECK(all.steps[0].hunks == std::vector<std::string>{"H1", "H2"});
}
