// Chat completions, as OpenAI and many servers speak it. https://platform.openai.com/docs/api-reference/chat,
// .../guides/structured-outputs; https://github.com/ggml-org/llama.cpp/tree/master/tools/server
#include "protocol.hpp"

namespace pika::model {

json::Object openai_body(const ProviderConfig& config, const Question& question, const Form& form) {
  json::Object o;
  o["model"] = config.model;
  o[form.completion_tokens ? "max_completion_tokens" : "max_tokens"] = form.max_tokens;
  o["stream"] = false;
  auto turns = turns_of(question);
  turns.insert(turns.begin(), json::Value{{"role", "system"}, {"content", question.system}});
  o["messages"] = std::move(turns);
  if (form.schema == Form::Schema::strict)
    o["response_format"] = {{"type", "json_schema"},
                            {"json_schema", {{"name", "answer"}, {"strict", true}, {"schema", question.schema}}}};
  else if (form.schema == Form::Schema::loose)
    o["response_format"] = {{"type", "json_object"}};
  return o;
}

Reply openai_reply(const json::Value& body) {
  Reply reply;
  if (const auto* usage = json::find(body, "usage")) {
    reply.tokens_in = json::find_int(*usage, "prompt_tokens").value_or(0);
    reply.tokens_out = json::find_int(*usage, "completion_tokens").value_or(0);
  }
  const auto* choices = json::find_array(body, "choices");
  const auto* message = choices && !choices->empty() ? json::find(choices->front(), "message") : nullptr;
  if (!message) return reply.why = "its answer is none of the chat completions protocol", reply;
  reply.text = json::find_string(*message, "content").value_or("");
  // Compatible servers leave the reason out, or have words of their own for a good end.
  const auto reason = json::find_string(choices->front(), "finish_reason").value_or("stop");
  if (reason == "length" || reason == "model_length" || reason == "max_tokens")
    reply.outcome = Outcome::cut_short;
  else if (reason == "content_filter" || !json::find_string(*message, "refusal").value_or("").empty())
    reply.outcome = Outcome::refused;
  else
    reply.outcome = Outcome::answered;
  return reply;
}

}  // namespace pika::model
