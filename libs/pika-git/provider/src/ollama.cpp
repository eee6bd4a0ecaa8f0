// Ollama's own chat. https://github.com/ollama/ollama/blob/main/docs/api.md; `truncate` and `shift` are in
// api/types.go: without them a prompt over the context loses its beginning and nobody is told.
#include <algorithm>
#include <bit>

#include "pika/model/prompt.hpp"
#include "protocol.hpp"

namespace pika::model {

namespace {

// Room for question and answer. A power of two: the server loads the model anew whenever it changes.
std::int64_t context_for(const Question& question, const Form& form) {
  const std::size_t tokens = estimated_tokens(question.system) + estimated_tokens(question.user) +
                             estimated_tokens(question.answered) + estimated_tokens(question.rejoinder);
  return static_cast<std::int64_t>(
      std::bit_ceil(std::max<std::size_t>(tokens + static_cast<std::size_t>(form.max_tokens), 4096)));
}

}  // namespace

json::Object ollama_body(const ProviderConfig& config, const Question& question, const Form& form) {
  json::Object o;
  o["model"] = config.model;
  o["stream"] = false;
  o["truncate"] = false;
  o["shift"] = false;
  auto turns = turns_of(question);
  turns.insert(turns.begin(), json::Value{{"role", "system"}, {"content", question.system}});
  o["messages"] = std::move(turns);
  o["options"] = {{"num_ctx", context_for(question, form)}, {"num_predict", form.max_tokens}, {"temperature", 0}};
  if (form.schema == Form::Schema::strict)
    o["format"] = question.schema;
  else if (form.schema == Form::Schema::loose)
    o["format"] = "json";
  return o;
}

Reply ollama_reply(const json::Value& body) {
  Reply reply;
  reply.tokens_in = json::find_int(body, "prompt_eval_count").value_or(0);
  reply.tokens_out = json::find_int(body, "eval_count").value_or(0);
  const auto* message = json::find(body, "message");
  if (!message || !message->is_object()) return reply.why = "its answer is none of Ollama's chat protocol", reply;
  reply.text = json::find_string(*message, "content").value_or("");
  const auto reason = json::find_string(body, "done_reason").value_or("stop");
  if (reason == "length")
    reply.outcome = Outcome::cut_short;
  else if (json::find_bool(body, "done") == false)
    reply.outcome = Outcome::passes, reply.why = "its answer was not done";
  else
    reply.outcome = Outcome::answered;  // "load" comes with no words, which is seen below
  return reply;
}

}  // namespace pika::model
