#include "protocol.hpp"

#include <doctest/doctest.h>

#include "misbehaving.hpp"
#include "pika/base/text.hpp"

using namespace pika;
using namespace pika::model;
using namespace pika::model::test;

namespace {

json::Value schema() {
  return *json::parse(R"({"type":"object","properties":{"ok":{"type":"boolean"}}})");
}

Question question() {
  return {.system = "sys", .user = "usr", .answered = "", .rejoinder = "", .schema = schema()};
}

json::Value body_of(Protocol protocol, const Question& asked, const Form& form) {
  return *json::parse(request_of(config_for(protocol, "https://models.example/p/"), asked, form).body);
}

Reply reply(Protocol protocol, int status, const std::string& body, http::Headers headers = {}) {
  return reply_of(protocol, {.status = status, .headers = std::move(headers), .body = body}, 1'700'000'000 * kSecond);
}

std::string header(const http::ClientRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return "none";
}

constexpr Form kLoose{.schema = Form::Schema::loose};
constexpr Form kNone{.schema = Form::Schema::none};

}  // namespace

TEST_CASE("each protocol has its address and its way of showing the key") {
  auto request = request_of(config_for(Protocol::anthropic, "https://models.example/p/"), question(), {});
  CHECK(request.method == "POST");
  CHECK(request.url == "https://models.example/p/v1/messages");
  CHECK(header(request, "x-api-key") == kKey);
  CHECK(header(request, "Authorization") == "none");
  CHECK(header(request, "anthropic-version") == "2023-06-01");
  request = request_of(config_for(Protocol::openai, "http://127.0.0.1:8080"), question(), {});
  CHECK(request.url == "http://127.0.0.1:8080/v1/chat/completions");
  CHECK(header(request, "Authorization") == std::string("Bearer ") + kKey);
  request = request_of(config_for(Protocol::ollama, "http://127.0.0.1:11434"), question(), {});
  CHECK(request.url == "http://127.0.0.1:11434/api/chat");
  for (auto protocol : kProtocols) {
    auto config = config_for(protocol, "https://models.example");
    config.key.clear();
    request = request_of(config, question(), {});
    CHECK(header(request, "Authorization") == "none");
    CHECK(header(request, "x-api-key") == "none");
    CHECK(header(request, "Content-Type") == "application/json");
    CHECK(!request.body.contains(kKey));
  }
}

TEST_CASE("anthropic: the schema is the output format, else a tool that must be called, else left out") {
  auto body = body_of(Protocol::anthropic, question(), {});
  CHECK(body.at("model") == "m-1");
  CHECK(body.at("system") == "sys");
  CHECK(body.at("max_tokens") == 16'000);
  CHECK(body.at("messages") == *json::parse(R"([{"role":"user","content":"usr"}])"));
  CHECK(body.at("output_config").at("format").at("type") == "json_schema");
  CHECK(body.at("output_config").at("format").at("schema") == schema());
  CHECK(!json::find(body, "tools"));
  CHECK(!json::find(body, "temperature"));
  body = body_of(Protocol::anthropic, question(), kLoose);
  CHECK(!json::find(body, "output_config"));
  CHECK(body.at("tools").at(0).at("input_schema") == schema());
  CHECK(body.at("tool_choice").at("name") == body.at("tools").at(0).at("name"));
  body = body_of(Protocol::anthropic, question(), kNone);
  CHECK(!json::find(body, "output_config"));
  CHECK(!json::find(body, "tools"));
}

TEST_CASE("openai: the schema is strict, else any JSON, else nothing is said") {
  auto body = body_of(Protocol::openai, question(), {});
  CHECK(body.at("messages") == *json::parse(R"([{"role":"system","content":"sys"},{"role":"user","content":"usr"}])"));
  CHECK(body.at("response_format").at("json_schema").at("strict") == true);
  CHECK(body.at("response_format").at("json_schema").at("schema") == schema());
  CHECK(body.at("max_tokens") == 16'000);
  CHECK(body_of(Protocol::openai, question(), kLoose).at("response_format") ==
        *json::parse(R"({"type":"json_object"})"));
  CHECK(!json::find(body_of(Protocol::openai, question(), kNone), "response_format"));
  body = body_of(Protocol::openai, question(), {.completion_tokens = true, .max_tokens = 7});
  CHECK(body.at("max_completion_tokens") == 7);
  CHECK(!json::find(body, "max_tokens"));
}

TEST_CASE("ollama: the schema is the format; nothing of the question is cut off in silence") {
  auto body = body_of(Protocol::ollama, question(), {});
  CHECK(body.at("format") == schema());
  CHECK(body.at("stream") == false);
  CHECK(body.at("truncate") == false);
  CHECK(body.at("shift") == false);
  CHECK(body.at("options").at("num_predict") == 16'000);
  CHECK(body.at("options").at("num_ctx") == 16'384);
  auto long_one = question();
  long_one.user.assign(3 * 20'000, 'x');
  CHECK(body_of(Protocol::ollama, long_one, {}).at("options").at("num_ctx") == 65'536);  // 36,000 and a few
  CHECK(body_of(Protocol::ollama, question(), kLoose).at("format") == "json");
  CHECK(!json::find(body_of(Protocol::ollama, question(), kNone), "format"));
}

TEST_CASE("a second turn says what was answered and what is wrong with it") {
  auto asked = question();
  asked.answered = "a", asked.rejoinder = "r";
  for (auto protocol : kProtocols) {
    const auto body = body_of(protocol, asked, {});
    const auto& turns = body.at("messages").as_array();
    REQUIRE(turns.size() == (protocol == Protocol::anthropic ? 3 : 4));
    CHECK(turns[turns.size() - 2] == *json::parse(R"({"role":"assistant","content":"a"})"));
    CHECK(turns[turns.size() - 1] == *json::parse(R"({"role":"user","content":"r"})"));
  }
}

TEST_CASE("an answer's words and counts come out of each protocol") {
  for (auto protocol : kProtocols) {
    CAPTURE(to_string(protocol));
    auto got = reply(protocol, 200, spoken(protocol, "{\"a\":1}"));
    CHECK(got.outcome == Outcome::answered);
    CHECK(got.text == "{\"a\":1}");
    CHECK(got.tokens_in == 11);
    CHECK(got.tokens_out == 7);
    CHECK(reply(protocol, 200, spoken(protocol, "{", "length")).outcome == Outcome::cut_short);
    CHECK(reply(protocol, 200, spoken(protocol, " ")).outcome == Outcome::passes);
    CHECK(reply(protocol, 200, "").outcome == Outcome::passes);
  }
  const auto tool = reply(Protocol::anthropic, 200,
                          R"({"content":[{"type":"text","text":"Here."},{"type":"tool_use","name":"answer",
                              "input":{"a":1}}],"stop_reason":"tool_use"})");
  CHECK(tool.outcome == Outcome::answered);
  CHECK(tool.text == "{\"a\":1}");
  CHECK(reply(Protocol::anthropic, 200, spoken(Protocol::anthropic, "x", "refusal")).outcome == Outcome::refused);
  CHECK(reply(Protocol::anthropic, 200, spoken(Protocol::anthropic, "x", "sleep")).outcome == Outcome::wrong);
  CHECK(reply(Protocol::openai, 200, spoken(Protocol::openai, "x", "content_filter")).outcome == Outcome::refused);
  CHECK(reply(Protocol::openai, 200, R"({"choices":[{"message":{"content":null,"refusal":"No."}}]})").outcome ==
        Outcome::refused);
  CHECK(reply(Protocol::ollama, 200, R"({"message":{"content":"x"},"done":false})").outcome == Outcome::passes);
}

TEST_CASE("an answer of another form than the protocol's is no answer") {
  const std::string deep = std::string(100'000, '[');
  for (auto protocol : kProtocols)
    for (const std::string& body :
         {std::string("<html>hello</html>"), std::string("{]}"), std::string("null"), std::string("[]"),
          std::string("{}"), std::string(R"({"content":{},"choices":{},"message":[]})"),
          std::string(R"({"choices":[]})"), std::string(R"({"choices":[7]})"), std::string("\xff\xfe"), deep}) {
      CAPTURE(body.substr(0, 80));
      const auto got = reply(protocol, 200, body);
      CHECK(got.outcome == Outcome::wrong);
      CHECK(!got.why.empty());
      CHECK(!got.plain.empty());
    }
  for (auto protocol : kProtocols)  // of a length that nobody gave
    CHECK(reply(protocol, 200, spoken(protocol, "x").substr(0, 40)).outcome == Outcome::passes);
  const auto odd = reply(Protocol::openai, 200,
                         R"({"choices":[{"message":{"content":"x"},"finish_reason":9}],"usage":{"prompt_tokens":-5,
                             "completion_tokens":"many"}})");
  CHECK(odd.outcome == Outcome::answered);
  CHECK(odd.tokens_in == 0);
  CHECK(odd.tokens_out == 0);
}

TEST_CASE("a status says whether asking again has any sense") {
  const std::vector<std::pair<int, Outcome>> expected = {
      {408, Outcome::passes},    {429, Outcome::passes},    {500, Outcome::passes},    {502, Outcome::passes},
      {503, Outcome::passes},    {529, Outcome::passes},    {400, Outcome::form},      {422, Outcome::form},
      {401, Outcome::forbidden}, {402, Outcome::forbidden}, {403, Outcome::forbidden}, {404, Outcome::absent},
      {413, Outcome::too_long},  {418, Outcome::wrong},     {301, Outcome::wrong},     {308, Outcome::wrong},
      {204, Outcome::wrong},     {0, Outcome::wrong}};
  for (auto protocol : kProtocols)
    for (const auto& [status, outcome] : expected) {
      CAPTURE(status);
      const auto got = reply(protocol, status, "{}");
      CHECK(got.outcome == outcome);
      CHECK(!got.plain.empty());
      CHECK(got.why.contains("status"));
    }
}

TEST_CASE("a question that has no room in the model is told from a form that is not taken") {
  const auto said = [](const std::string& words) {
    return reply(Protocol::openai, 400, json::print({{"error", {{"message", words}}}})).outcome;
  };
  CHECK(said("request (36146 tokens) exceeds the available context size (32768 tokens)") == Outcome::too_long);
  CHECK(said("This model's maximum context length is 8192 tokens.") == Outcome::too_long);
  CHECK(said("prompt is too long: 210000 tokens > 200000 maximum") == Outcome::too_long);
  CHECK(said("max_tokens: 16000 > 8192, which is the maximum allowed") == Outcome::form);
  CHECK(said("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.") == Outcome::form);
  CHECK(said("response_format: Extra inputs are not permitted") == Outcome::form);
}

TEST_CASE("a form that is refused becomes a smaller one, until there is none") {
  Form form;
  Reply no{.outcome = Outcome::form, .why = "status 400"};
  form = next_form(form, no).value();
  CHECK(form.schema == Form::Schema::loose);
  form = next_form(form, no).value();
  CHECK(form.schema == Form::Schema::none);
  CHECK(!next_form(form, no));
  no.why = "status 400: use 'max_completion_tokens', not 'max_tokens'";
  form = next_form({}, no).value();
  CHECK(form.completion_tokens);
  CHECK(form.schema == Form::Schema::strict);
  no.why = "status 400: max_completion_tokens: 16000 > 8192";
  form = next_form(form, no).value();
  CHECK(form.max_tokens == 4'000);
  no.outcome = Outcome::too_long;
  CHECK(next_form({}, no).value().max_tokens == 4'000);
  CHECK(!next_form(form, no));
  int steps = 0;  // whatever a server says, it ends
  no.outcome = Outcome::form;
  for (std::optional<Form> next = Form{}; next; next = next_form(*next, no)) ++steps;
  CHECK(steps == 5);
}

TEST_CASE("a wait that was asked for is read as seconds or as a date") {
  const auto wait = [](const char* text) { return reply(Protocol::openai, 429, "", {{"retry-after", text}}).wait; };
  CHECK(wait("20") == 20 * kSecond);
  CHECK(wait("0") == 0);
  CHECK(wait("-5") == 0);
  CHECK(wait("99999999999999") == Micros{365} * 24 * 3600 * kSecond);
  CHECK(wait("Tue, 14 Nov 2023 22:13:50 GMT") == 30 * kSecond);  // the clock stands at 22:13:20
  CHECK(wait("Tue, 14 Nov 2023 22:13:00 GMT") == 0);
  for (auto text : {"", "soon", "1.5", "20 s", "Tue, 14 Nov 2023 22:13:50 GMT+1"}) CHECK(!wait(text));
  CHECK(!reply(Protocol::openai, 400, "", {{"Retry-After", "20"}}).wait);
}

TEST_CASE("a provider's words in the account are one short line") {
  const auto why = [](const std::string& body) { return reply(Protocol::openai, 500, body).why; };
  CHECK(why(R"({"error":{"message":"a\nb\u001b[31m"}})") == "status 500: a b [31m");
  CHECK(why(R"({"error":"gone"})") == "status 500: gone");
  CHECK(why(R"({"error":"a\u009b31mb\u202ec\u2066d\u00e9\u2019"})") == "status 500: a 31mb c d\u00e9\u2019");
  CHECK(is_utf8(why(R"({"error":")" + std::string(159, 'x') + "\u00e9\"}")));
  CHECK(why(R"({"message":"gone"})") == "status 500: gone");
  CHECK(why("<html>") == "status 500");
  CHECK(why(json::print({{"error", std::string(5000, 'x')}})).size() < 200);
}
