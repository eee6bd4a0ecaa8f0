// Anthropic Messages. https://platform.claude.com/docs/en/api/messages, .../build-with-claude/structured-outputs (the
// schema in output_config.format, generally available), .../handling-stop-reasons. A model or a compatible server
// without structured outputs gets a tool that it must call instead.
#include "protocol.hpp"

namespace pika::model {

namespace {

constexpr const char* kTool = "answer";

}  // namespace

json::Object anthropic_body(const ProviderConfig& config, const Question& question, const Form& form) {
  json::Object o;
  o["model"] = config.model;
  o["max_tokens"] = form.max_tokens;
  o["system"] = question.system;
  o["messages"] = turns_of(question);
  if (form.schema == Form::Schema::strict) {
    o["output_config"] = {{"format", {{"type", "json_schema"}, {"schema", question.schema}}}};
  } else if (form.schema == Form::Schema::loose) {
    o["tools"] =
        json::Array{{{"name", kTool}, {"description", "Gives the answer."}, {"input_schema", question.schema}}};
    o["tool_choice"] = {{"type", "tool"}, {"name", kTool}};
  }
  return o;
}

Reply anthropic_reply(const json::Value& body) {
  Reply reply;
  if (const auto* usage = json::find(body, "usage")) {
    reply.tokens_in = json::find_int(*usage, "input_tokens").value_or(0);
    reply.tokens_out = json::find_int(*usage, "output_tokens").value_or(0);
  }
  const auto* content = json::find_array(body, "content");
  if (!content) return reply.why = "its answer is none of the Messages protocol", reply;
  for (const auto& block : *content) {
    const auto type = json::find_string(block, "type");
    if (type == "text") reply.text += json::find_string(block, "text").value_or("");
    if (type != "tool_use" || json::find_string(block, "name") != kTool) continue;
    if (const auto* input = json::find_object(block, "input")) {
      reply.text = json::print(*input);
      break;
    }
  }
  const auto stop = json::find_string(body, "stop_reason").value_or("");
  if (stop == "max_tokens" || stop == "model_context_window_exceeded")
    reply.outcome = Outcome::cut_short;
  else if (stop == "refusal")
    reply.outcome = Outcome::refused;
  else if (stop == "end_turn" || stop == "tool_use" || stop == "stop_sequence")
    reply.outcome = Outcome::answered;
  else
    reply.why = "it stopped for a reason that is not known: " + one_line(stop);
  return reply;
}

}  // namespace pika::model
