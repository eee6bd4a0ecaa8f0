#include <fmt/format.h>

#include "asker.hpp"
#include "pika/base/text.hpp"
#include "pika/provider/retell.hpp"

namespace pika::model {

namespace {

Question small_question() {
  json::Object schema;
  schema["type"] = "object";
  schema["additionalProperties"] = false;
  schema["properties"] = {{"ok", {{"type", "boolean"}}}};
  schema["required"] = json::Array{"ok"};
  return {.system = "Answer with one JSON object of the given schema and nothing else.",
          .user = "Are you there? Answer {\"ok\": true}.",
          .answered = {},
          .rejoinder = {},
          .schema = std::move(schema)};
}

bool says_ok(std::string_view text) {
  const auto value = json::parse(text);
  return value && json::find_bool(*value, "ok").has_value();
}

}  // namespace

Probe probe(const ProviderConfig& config, const Patience& patience) {
  Probe out;
  if (const auto good = check(config); !good) {
    out.words = one_line(good.error().what);
    return out;
  }
  std::vector<Sent> sent;
  Asker asker(config, patience, sent);
  const Reply reply = asker.ask(small_question(), "probe", 0, 1);
  const std::string place = host_of(config);
  out.reachable = !sent.empty() && sent.back().status != 0;
  // It spoke as this model, though perhaps not to the end.
  out.knows_model =
      reply.outcome == Outcome::answered || reply.outcome == Outcome::refused || reply.outcome == Outcome::cut_short;
  if (!out.knows_model) {
    out.words = fmt::format("{}, model {}: {}", place, config.model, reply.why);
    return out;
  }
  out.takes_schema =
      asker.form().schema == Form::Schema::strict && (reply.outcome != Outcome::answered || says_ok(reply.text));
  out.words = fmt::format("{}, model {}: answers in {}{}", place, config.model, format_duration(sent.back().took),
                          out.takes_schema ? " and takes a schema" : ", and does not hold to a schema");
  return out;
}

}  // namespace pika::model
