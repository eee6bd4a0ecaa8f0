// The three protocols as pure functions: what is asked as an HTTP request, and an HTTP answer as words or a failure.
// Answers are hostile: any bytes, any status.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/http/client.hpp"
#include "pika/json/json.hpp"
#include "pika/provider/provider.hpp"

namespace pika::model {

// What is asked, in the words of no protocol.
struct Question {
  std::string system, user;
  std::string answered, rejoinder;  // a second turn: what the model said, and what is said to that; or both empty
  json::Value schema;               // of the answer
};

// How it is asked: servers differ in what they take. Only ever goes towards less.
struct Form {
  enum class Schema { strict, loose, none };
  Schema schema = Schema::strict;
  bool completion_tokens = false;  // openai: the limit by its newer name, which some models demand
  int max_tokens = 16'000;         // of the answer
  bool operator==(const Form&) const = default;
};

enum class Outcome {
  answered,
  passes,     // 408, 429, 5xx, cut off, nothing: may go otherwise later
  form,       // this form is refused: ask in the next one
  too_long,   // question and answer together are longer than the model's limit
  cut_short,  // the answer reached the limit of tokens
  refused,    // by the model, of its own will
  forbidden,  // 401, 402, 403: the key
  absent,     // 404: no such model, or no such server
  wrong,      // anything else that asking again does not change
  garbled,    // it answered, and what it said cannot be read
  late,       // not asked, or not again: the time for this version is over
  stopped,    // told to stop
};

struct Reply {
  Outcome outcome = Outcome::wrong;
  std::string text{};   // answered: the model's words
  std::string why{};    // else: one line for the account; may hold words of the provider
  std::string plain{};  // else: for the page, goes on after "The model at HOST "; no word of the provider
  std::int64_t tokens_in = 0, tokens_out = 0;
  std::optional<Micros> wait{};  // it asked to wait so long; not negative
};

// No sense in other questions to it now.
bool gives_up(Outcome outcome);

http::ClientRequest request_of(const ProviderConfig& config, const Question& question, const Form& form);
// `now` is the wall clock, for a Retry-After that is a date. Takes any status.
Reply reply_of(Protocol protocol, const http::ClientResponse& response, Micros now);
// The form to ask in after this failure; nothing: no other form helps.
std::optional<Form> next_form(const Form& form, const Reply& failed);

// Of one protocol each: the body of a request; an answer of status 200, already JSON.
json::Object anthropic_body(const ProviderConfig& config, const Question& question, const Form& form);
Reply anthropic_reply(const json::Value& body);
json::Object openai_body(const ProviderConfig& config, const Question& question, const Form& form);
Reply openai_reply(const json::Value& body);
json::Object ollama_body(const ProviderConfig& config, const Question& question, const Form& form);
Reply ollama_reply(const json::Value& body);

// The turns of a conversation as all three write them: [{"role": "user", "content": "..."}, ...].
json::Array turns_of(const Question& question);
// Text of somebody else as one printable line of at most 160 bytes.
std::string one_line(std::string_view text);

}  // namespace pika::model
