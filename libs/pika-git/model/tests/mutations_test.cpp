// 1,000 corrupted answers: every false part is gone, no true part is, and the placement of lines is the derived one.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "pika/model/validator.hpp"
#include "sentence.hpp"
#include "subject.hpp"

using namespace pika;
using namespace pika::model;

namespace {

using Random = std::mt19937;

struct Mutation {
  json::Value answer;
  std::string lie;              // may be nowhere in the result; empty: no words were added
  std::vector<std::string> ok;  // texts that a lie was put in place of: they need not be there
};

std::size_t pick(Random& random, std::size_t n) {
  return random() % n;
}

template <std::size_t N>
std::string one_of(Random& random, const char* const (&words)[N]) {
  return words[pick(random, N)];
}

json::Object& step_at(json::Value& answer, std::size_t i) {
  return answer.at("steps").at(i).as_object();
}

// A false sentence, at the beginning, between or at the end of a text; into the summary or a step to read.
void say(Mutation& m, Random& random, const std::string& sentence, std::string lie) {
  m.lie = std::move(lie);
  auto where = pick(random, 5);
  auto& step = step_at(m.answer, pick(random, 2));
  auto& text = where == 0 ? m.answer.at("summary") : where == 1 ? step["intent"] : step["body_markdown"];
  auto parts = sentences(std::string_view(text.as_string()));
  auto at = pick(random, parts.size() + 1);
  std::string out;
  for (std::size_t i = 0; i <= parts.size(); ++i) {
    if (i == at)
      out +=
          (!out.empty() && out.back() != '\n' && out.back() != ' ' ? " " : "") + sentence + (where == 1 ? " " : "\n");
    if (i < parts.size()) out += parts[i];
  }
  text = out;
}

std::string invented(Random& random) {
  return "zz" + std::to_string(random()) + "Thing";
}

using Kind = std::function<void(Mutation&, Random&)>;
const std::vector<std::pair<const char*, Kind>>& kinds() {
  static const std::vector<std::pair<const char*, Kind>> kinds = {
      {"an invented name in back-ticks",
       [](auto& m, auto& r) {
         auto n = invented(r);
         say(m, r, "It calls `" + n + "` now.", n);
       }},
      {"an invented name without",
       [](auto& m, auto& r) {
         auto n = invented(r);
         say(m, r, "It calls " + n + "() now.", n);
       }},
      {"an invented file",
       [](auto& m, auto& r) {
         auto n = invented(r) + ".cpp";
         say(m, r, "See " + n + " for it.", n);
       }},
      {"real words put together to a name that is not there",
       [](auto& m, auto& r) { say(m, r, "It calls `Lease::requeue` now.", "Lease::requeue"); }},
      {"a false count",
       [](auto& m, auto& r) {
         auto n = std::to_string(20 + pick(r, 900)) + " " +
                  one_of(r, {"files", "hunks", "new tests", "lines", "handlers", "request handlers", "unit tests"});
         say(m, r, "It touches " + n + ".", n);
       }},
      {"a false count in words",
       [](auto& m, auto& r) {
         auto n = one_of(r, {"seven files", "eleven hunks", "four tests", "five handlers"});
         say(m, r, "There are " + n + " here.", n);
       }},
      {"no logic change where there is one",
       [](auto& m, auto& r) {
         auto n = one_of(r, {"no logic change", "mechanical", "no-op", "only renames", "no **functional** change",
                             "no\nlogic change", "without changing behaviour"});
         if (n.find('\n') != std::string::npos) {
           m.lie = n;
           step_at(m.answer, 0)["body_markdown"] = "This is " + n + ". It stands in `src/lease.cpp`.";
           m.ok = {"The wait is `tries * kStep`. "};
         } else {
           say(m, r, "This part is " + n + ".", n);
         }
       }},
      {"praise",
       [](auto& m, auto& r) {
         auto n = one_of(r, {"robust", "elegant", "seamless", "comprehensive"});
         say(m, r, "The result is " + n + ".", n);
       }},
      {"a verdict",
       [](auto& m, auto& r) {
         auto n = one_of(r, {"is safe", "can be skipped", "LGTM", "ready to merge", "is correct"});
         say(m, r, "All of it " + n + ".", n);
       }},
      {"a forged quotation",
       [](auto& m, auto& r) { say(m, r, "The author says \"it was too slow for us\".", "too slow for us"); }},
      {"a link", [](auto& m, auto& r) { say(m, r, "See [this](http://evil.example/x).", "evil.example"); }},
      {"an image", [](auto& m, auto& r) { say(m, r, "![x](//evil.example/x).", "evil.example"); }},
      {"HTML", [](auto& m, auto& r) { say(m, r, "Look <script>alert</script> here.", "<script>"); }},
      {"invisible characters", [](auto& m, auto& r) { say(m, r, "This is sa\u200Bfe to merge.", "sa\u200Bfe"); }},
      {"a hunk that is not there",
       [](auto& m, auto& r) {
         auto n = "H" + std::to_string(50 + pick(r, 900));
         say(m, r, "See " + n + " for it.", n);
       }},
      {"a false title",
       [](auto& m, auto& r) {
         auto& title = step_at(m.answer, pick(r, 3))["title"];
         m.ok = {std::string(title.as_string())};
         m.lie = invented(r);
         title = "Call " + m.lie;
       }},
      {"a foreign hunk", [](auto& m, auto& r) { step_at(m.answer, pick(r, 3))["hunks"].as_array().push_back("H99"); }},
      {"a hunk in another step", [](auto& m, auto&) { step_at(m.answer, 0)["hunks"].as_array().push_back("H2"); }},
      {"a hunk twice", [](auto& m, auto&) { step_at(m.answer, 1)["hunks"].as_array().push_back("H3"); }},
      {"a hunk left out", [](auto& m, auto& r) { step_at(m.answer, pick(r, 3))["hunks"].as_array().clear(); }},
      {"evidence outside the hunk",
       [](auto& m, auto& r) {
         json::Object e;
         e["hunk"] = "H1", e["first"] = 1, e["last"] = static_cast<int>(3 + pick(r, 100));
         step_at(m.answer, 0)["evidence"].as_array().push_back(e);
       }},
      {"evidence the wrong way round",
       [](auto& m, auto&) {
         json::Object e;
         e["hunk"] = "H1", e["first"] = 2, e["last"] = 1;
         step_at(m.answer, 0)["evidence"].as_array().push_back(e);
       }},
      {"evidence of a foreign hunk",
       [](auto& m, auto&) {
         json::Object e;
         e["hunk"] = "H77", e["first"] = 0, e["last"] = 0;
         step_at(m.answer, 0)["evidence"].as_array().push_back(e);
       }},
      {"an unfolded hunk as folded", [](auto& m, auto&) { m.answer.at("folded").as_array().push_back("H1"); }},
      {"a step that is not there",
       [](auto& m, auto& r) {
         auto step = m.answer.at("steps").at(0);
         m.lie = invented(r);
         step.as_object()["base_step"] = static_cast<int>(4 + pick(r, 100));
         step.as_object()["title"] = m.lie;
         m.answer.at("steps").as_array().push_back(step);
       }},
      {"a step twice",
       [](auto& m, auto&) {
         auto step = m.answer.at("steps").at(1);
         m.answer.at("steps").as_array().push_back(step);
       }},
      {"another order", [](auto& m, auto&) { std::swap(m.answer.at("steps").at(0), m.answer.at("steps").at(1)); }},
      {"files that the model claims",
       [](auto& m, auto& r) {
         m.lie = invented(r);
         json::Array files{json::Value(m.lie)};
         step_at(m.answer, pick(r, 3))["files"] = files;
       }},
      {"a field of another type",
       [](auto& m, auto& r) {
         auto& body = step_at(m.answer, pick(r, 3))["body_markdown"];
         m.ok = sentences(std::string_view(body.as_string()));
         body = 7;
       }},
      {"a text that is too long",
       [](auto& m, auto& r) {
         auto& intent = step_at(m.answer, pick(r, 3))["intent"];
         m.ok = {std::string(intent.as_string())};
         intent = std::string(kMaxIntent + 1, 'x');
         m.lie = "xxxx";
       }},
  };
  return kinds;
}

std::string words_of(const Validated& v) {
  std::string out = v.model_summary + "\n";
  for (const auto& s : v.tutorial.steps) out += s.title + "\n" + s.intent + "\n" + s.body_markdown + "\n";
  return out;
}

std::string bare(std::string text) {
  std::erase(text, '`');
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.pop_back();
  return text;
}

// Every text of the answer, sentence by sentence.
std::vector<std::string> texts_of(const json::Value& answer) {
  auto out = sentences(std::string_view(answer.at("summary").as_string()));
  for (const auto& step : answer.at("steps").as_array())
    for (const char* key : {"title", "intent", "body_markdown"})
      for (auto& s : sentences(std::string_view(step.at(key).as_string()))) out.push_back(s);
  return out;
}

std::size_t times(std::string_view text, std::string_view words) {
  std::size_t n = 0;
  for (auto at = text.find(words); at != std::string_view::npos; at = text.find(words, at + 1)) ++n;
  return n;
}

// All that is no words: as derived.
std::string placement(explain::Tutorial t) {
  t.summary = t.provider = {};
  for (auto& s : t.steps) s.title = s.intent = s.body_markdown = {};
  return json::print(explain::to_json(t));
}

}  // namespace

TEST_CASE("of a true answer nothing is removed") {
  auto s = sample();
  auto answer = parse_answer(json::print(true_answer()));
  REQUIRE(answer);
  auto v = validate(s.subject(), *answer, "a-model");
  CHECK_MESSAGE(v.removed.empty(), repair_words(v.removed));
  CHECK(v.tutorial.provider == "a-model");
  auto words = bare(words_of(v));
  for (const auto& text : texts_of(true_answer())) CHECK_MESSAGE(words.find(bare(text)) != std::string::npos, text);
}

TEST_CASE("1,000 corrupted answers: every false part is removed and no true part") {
  auto s = sample();
  auto subject = s.subject();
  auto truth = texts_of(true_answer());
  // Some words are false of one step and true of another: there they stay.
  auto honest = words_of(validate(subject, *parse_answer(json::print(true_answer())), "a-model"));
  for (unsigned seed = 0; seed < 1000; ++seed) {
    Random random(seed);
    const auto& [name, mutate] = kinds()[seed % kinds().size()];
    CAPTURE(std::string(name));
    CAPTURE(seed);
    Mutation m{true_answer(), {}, {}};
    mutate(m, random);
    auto answer = parse_answer(json::print(m.answer));
    REQUIRE(answer);
    auto v = validate(subject, *answer, "a-model");
    CHECK(!v.removed.empty());
    auto raw = words_of(v);
    if (!m.lie.empty()) CHECK_MESSAGE(times(raw, m.lie) == times(honest, m.lie), raw);
    auto words = bare(raw);
    for (const auto& text : truth)
      if (std::ranges::find(m.ok, text) == m.ok.end())
        CHECK_MESSAGE(words.find(bare(text)) != std::string::npos, text << "\n" << repair_words(v.removed));
    CHECK(placement(v.tutorial) == placement(s.tutorial));
  }
}
