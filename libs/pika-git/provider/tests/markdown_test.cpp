#include <doctest/doctest.h>

#include "pika/provider/retell.hpp"
#include "subject.hpp"

using namespace pika;
using namespace pika::model;

namespace {

Retelling told(const json::Value& answer) {
  static const auto s = sample();
  Retelling r;
  r.told = validate(s.subject(), parse_answer(json::print(answer)).value(), "m-1");
  r.sent = {{.at = 1'700'000'000 * kSecond, .host = "models.example", .model = "m-1"}};
  return r;
}

}  // namespace

TEST_CASE("Markdown says first that a model wrote here, and marks each of its words") {
  const auto text = to_markdown(told(true_answer()), sample().diff);
  CHECK(text.starts_with("> **Words of a model.**"));
  CHECK(text.substr(0, text.find('\n')).contains("`m-1` at `models.example`"));
  CHECK(text.contains("sent there at 2023-11-14 22:13:20, in 1 request."));
  CHECK(text.contains("### 2. Put the job back instead of dropping it (model)\n"));
  CHECK(text.contains("**Intent:** The queue calls requeue with that wait. (model)\n"));
  CHECK(text.contains("> (model)\n> A job whose runner is lost goes back to the queue."));
  CHECK(text.contains("\n>\n> - The step has two hunks.\n> - The 2 functions stand in one file.\n"));
  CHECK(text.contains("\n\nIt changes 3 files, told in 3 steps.\n"));
}

TEST_CASE("Markdown marks no derived word, and says why there is no model's") {
  auto answer = true_answer();
  answer.as_object()["summary"] = "";
  answer.at("steps").at(0).as_object()["title"] = "";
  answer.at("steps").at(0).as_object()["intent"] = "";
  answer.at("steps").at(0).as_object()["body_markdown"] = "";
  auto text = to_markdown(told(answer), sample().diff);
  CHECK(text.contains("\n### 1. Add Lease::retry\\_after\n"));
  CHECK(text.contains("## Summary\n\nIt changes 3 files"));
  Retelling none;
  none.told.tutorial = sample().tutorial;
  CHECK(to_markdown(none, sample().diff) == explain::to_markdown(sample().tutorial, sample().diff));
  none.note = "The model at models.example was too busy; this is the derived page.";
  CHECK(to_markdown(none, sample().diff) ==
        "> " + none.note + "\n\n" + explain::to_markdown(sample().tutorial, sample().diff));
}
