#include <doctest/doctest.h>

#include <functional>

#include "pika/provider/retell.hpp"

using namespace pika;
using namespace pika::model;

namespace {

Retelling some() {
  Retelling r;
  auto& t = r.told.tutorial;
  t.base = "b", t.head = "h", t.diff_hash = "d", t.provider = "m";
  t.summary = "The model's words.\n\nDerived.";
  t.steps.resize(2);
  t.steps[0].id = 1, t.steps[0].title = "Title", t.steps[0].body_markdown = "Body.\n\nFacts.";
  t.steps[1].id = 2, t.steps[1].title = "Other";
  t.lines_changed = 3;
  r.told.model_summary = "The model's words.";
  r.told.sources = {{1, Source::model, Source::derived, "Body."}, {2, Source::derived, Source::model, ""}};
  r.told.removed = {{"step 1 title", "robust", "is praise"}};
  r.note = "Some words are missing.";
  r.try_later = true;
  r.calls = 2, r.repaired = 1;
  r.sent = {{.at = 1'700'000'000'000'000,
             .host = "models.example",
             .model = "m",
             .purpose = "tell",
             .bytes = 5'000'000'000,
             .hunks = 4,
             .status = 200,
             .took = 1234,
             .tokens_in = 10,
             .tokens_out = 20,
             .outcome = "answered"}};
  return r;
}

bool taken(const std::function<void(json::Object&)>& change) {
  auto value = to_json(some());
  change(value.as_object());
  return retelling_from_json(value).has_value();
}

}  // namespace

TEST_CASE("a retelling that was kept is the same one") {
  const auto before = some();
  auto after = retelling_from_json(*json::parse(json::print(to_json(before))));
  REQUIRE(after);
  CHECK(json::print(to_json(*after)) == json::print(to_json(before)));
  CHECK(after->told.uses_model());
  CHECK(after->told.sources[1].intent == Source::model);
  CHECK(after->sent[0].bytes == 5'000'000'000);
  CHECK(after->try_later);
}

TEST_CASE("a kept retelling of another version is refused, one with more fields is not") {
  CHECK(taken([](auto& o) { o["more"] = 1; }));
  CHECK(!taken([](auto& o) { o["schema_version"] = 2; }));
  CHECK(!taken([](auto& o) { o.erase("schema_version"); }));
}

TEST_CASE("a kept retelling that was damaged is refused") {
  for (auto field :
       {"tutorial", "model_summary", "sources", "removed", "note", "try_later", "calls", "repaired", "sent"}) {
    CAPTURE(field);
    CHECK(!taken([&](auto& o) { o.erase(field); }));
    CHECK(!taken([&](auto& o) { o[field] = json::Object{}; }));
  }
  CHECK(!taken([](auto& o) { o["calls"] = -1; }));
  CHECK(!taken([](auto& o) { o["sent"].as_array()[0].as_object()["hunks"] = 1LL << 40; }));
  CHECK(!taken([](auto& o) { o["sent"].as_array()[0].as_object()["bytes"] = -1; }));
  CHECK(!retelling_from_json(json::Value("text")));
}

TEST_CASE("words are marked as the model's only where they stand") {
  auto source = [](auto& o, int i) -> json::Object& { return o["sources"].as_array()[i].as_object(); };
  CHECK(!taken([&](auto& o) { source(o, 0)["step"] = 3; }));
  CHECK(!taken([&](auto& o) { source(o, 0)["step"] = 0; }));
  CHECK(!taken([&](auto& o) { source(o, 0)["model_body"] = "Facts."; }));
  CHECK(!taken([&](auto& o) { source(o, 0)["title"] = "author"; }));
  CHECK(!taken([](auto& o) { o["model_summary"] = "Derived."; }));
}
