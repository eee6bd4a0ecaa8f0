#include "protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "pika/base/text.hpp"
#include "url.hpp"

namespace pika::model {

namespace {

constexpr int kSmallAnswer = 4'000;  // tokens: every model in use has room for that

const char* path_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::anthropic:
      return "/v1/messages";
    case Protocol::openai:
      return "/v1/chat/completions";
    case Protocol::ollama:
      return "/api/chat";
  }
  return "";
}

// What the provider says went wrong: {"error": {"message": "..."}}, {"error": "..."}, {"message": "..."}.
std::string words_of_error(std::string_view body) {
  auto value = json::parse(body.substr(0, 100'000));
  if (!value) return "";
  const auto* error = json::find(*value, "error");
  for (const json::Value* place : {error, static_cast<const json::Value*>(&*value)})
    if (place)
      if (auto text = json::find_string(*place, "message")) return one_line(*text);
  if (error && error->is_string()) return one_line(error->get_string());
  return "";
}

// Seconds, or a date: RFC 9110, 10.2.3.
std::optional<Micros> retry_after(std::string_view text, Micros now) {
  text = trim(text);
  if (const auto seconds = parse_number<std::int64_t>(text))
    return std::clamp<std::int64_t>(*seconds, 0, 365 * 24 * 3600) * kSecond;
  std::tm when{};
  const std::string date(text.substr(0, 40));
  const char* end = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &when);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return std::max<Micros>(static_cast<Micros>(::timegm(&when)) * kSecond - now, 0);
}

bool speaks_of_length(std::string_view words) {
  const std::string text = lower(words);
  return text.contains("context") || text.contains("too long") || text.contains("too many tokens") ||
         text.contains("maximum number of tokens") || text.contains("input length");
}

Outcome outcome_of(int status, std::string_view words) {
  switch (status) {
    case 401:
    case 402:
    case 403:
      return Outcome::forbidden;
    case 404:
      return Outcome::absent;
    case 408:
    case 409:
    case 425:
    case 429:
      return Outcome::passes;
    case 413:
      return Outcome::too_long;
    case 400:
    case 422:
      return speaks_of_length(words) && !words.contains("max_") ? Outcome::too_long : Outcome::form;
    case 501:
      return Outcome::form;
    default:
      return status >= 500 ? Outcome::passes : Outcome::wrong;
  }
}

// What the page says, after "The model at HOST ".
std::string plain_words(Outcome outcome, int status) {
  switch (outcome) {
    case Outcome::passes:
      return status == 429                    ? "had too many requests"
             : status == 503 || status == 529 ? "was too busy"
                                              : fmt::format("failed (status {})", status);
    case Outcome::form:
      return fmt::format("did not take the question (status {})", status);
    case Outcome::too_long:
      return "has no room for a question of this size";
    case Outcome::cut_short:
      return "had no room to answer in full";
    case Outcome::refused:
      return "declined to answer";
    case Outcome::forbidden:
      return fmt::format("did not take the key, or wants to be paid (status {})", status);
    case Outcome::absent:
      return "is not there under this name and address (status 404)";
    case Outcome::answered:
    case Outcome::wrong:
    case Outcome::garbled:
    case Outcome::late:
    case Outcome::stopped:
      break;
  }
  return fmt::format("gave no answer that can be used (status {})", status);
}

Reply failure(const http::ClientResponse& response, Micros now) {
  Reply reply;
  if (response.status >= 300 && response.status < 400) {
    reply.plain = "sends on to another place, which is not followed";
    reply.why = fmt::format("status {}: a redirect, which is not followed", response.status);
    return reply;
  }
  const std::string words = words_of_error(response.body);
  reply.outcome = outcome_of(response.status, words);
  reply.plain = plain_words(reply.outcome, response.status);
  reply.why =
      words.empty() ? fmt::format("status {}", response.status) : fmt::format("status {}: {}", response.status, words);
  if (reply.outcome == Outcome::passes) reply.wait = retry_after(response.header("Retry-After"), now);
  return reply;
}

}  // namespace

bool gives_up(Outcome outcome) {
  return outcome != Outcome::answered && outcome != Outcome::too_long && outcome != Outcome::cut_short &&
         outcome != Outcome::refused && outcome != Outcome::garbled;
}

std::string one_line(std::string_view text) {
  std::string line = to_utf8(text.substr(0, 160)), out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const std::string_view rest = std::string_view(line).substr(i);
    if (static_cast<unsigned char>(line[i]) < 0x20 || line[i] == 0x7f) {
      out += ' ';
    } else if (rest.starts_with("\xc2") && static_cast<unsigned char>(rest[1]) < 0xa0) {
      out += ' ', i += 1;  // a control character of ISO 8859: a terminal may obey it
    } else if (rest.starts_with("\xe2\x80") && static_cast<unsigned char>(rest[2]) >= 0xaa &&
               static_cast<unsigned char>(rest[2]) <= 0xae) {
      out += ' ', i += 2;  // turns the writing direction, as the next ones do
    } else if (rest.starts_with("\xe2\x81") && static_cast<unsigned char>(rest[2]) >= 0xa6 &&
               static_cast<unsigned char>(rest[2]) <= 0xa9) {
      out += ' ', i += 2;
    } else {
      out += line[i];
    }
  }
  return std::string(trim(out));
}

json::Array turns_of(const Question& question) {
  json::Array out;
  out.push_back({{"role", "user"}, {"content", question.user}});
  if (question.rejoinder.empty()) return out;
  out.push_back({{"role", "assistant"}, {"content", question.answered}});
  out.push_back({{"role", "user"}, {"content", question.rejoinder}});
  return out;
}

http::ClientRequest request_of(const ProviderConfig& config, const Question& question, const Form& form) {
  http::ClientRequest request;
  request.method = "POST";
  const auto url = parse_url(config.url);
  request.url = (url ? url->text() : "") + path_of(config.protocol);
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  if (config.protocol == Protocol::anthropic) request.headers.emplace_back("anthropic-version", "2023-06-01");
  if (!config.key.empty() && config.protocol == Protocol::anthropic)
    request.headers.emplace_back("x-api-key", config.key);
  else if (!config.key.empty())
    request.headers.emplace_back("Authorization", "Bearer " + config.key);
  switch (config.protocol) {
    case Protocol::anthropic:
      request.body = json::print(anthropic_body(config, question, form));
      break;
    case Protocol::openai:
      request.body = json::print(openai_body(config, question, form));
      break;
    case Protocol::ollama:
      request.body = json::print(ollama_body(config, question, form));
      break;
  }
  return request;
}

Reply reply_of(Protocol protocol, const http::ClientResponse& response, Micros now) {
  if (response.status != 200) return failure(response, now);
  Reply reply;
  if (trim(response.body).empty()) {
    reply.outcome = Outcome::passes, reply.why = "its answer was empty", reply.plain = "answered without a word";
    return reply;
  }
  const auto body = json::parse(response.body, "its answer");
  if (!body && trim(response.body).starts_with('{') && !trim(response.body).ends_with('}')) {
    reply.outcome = Outcome::passes, reply.why = "its answer was cut off", reply.plain = "broke off its answer";
    return reply;
  }
  if (!body) {
    reply.why = "its answer is no JSON: is the address that of a model?";
    reply.plain = "did not answer as a model does";
    return reply;
  }
  switch (protocol) {
    case Protocol::anthropic:
      reply = anthropic_reply(*body);
      break;
    case Protocol::openai:
      reply = openai_reply(*body);
      break;
    case Protocol::ollama:
      reply = ollama_reply(*body);
      break;
  }
  reply.tokens_in = std::max<std::int64_t>(reply.tokens_in, 0);
  reply.tokens_out = std::max<std::int64_t>(reply.tokens_out, 0);
  if (reply.outcome == Outcome::answered && trim(reply.text).empty()) {
    reply.outcome = Outcome::passes, reply.why = "its answer has no words in it";
    reply.plain = "answered without a word";
  }
  if (reply.outcome != Outcome::answered && reply.plain.empty())
    reply.plain = reply.outcome == Outcome::wrong ? "did not answer as a model does" : plain_words(reply.outcome, 200);
  if (reply.outcome != Outcome::answered && reply.why.empty()) reply.why = reply.plain;
  return reply;
}

std::optional<Form> next_form(const Form& form, const Reply& failed) {
  Form next = form;
  const bool speaks_of_limit = failed.why.contains("max_") && failed.why.contains("tokens");
  // Room that is kept for the answer counts where a question is too long.
  const bool smaller = failed.outcome == Outcome::too_long || (failed.outcome == Outcome::form && speaks_of_limit);
  if (failed.outcome == Outcome::form && failed.why.contains("max_completion_tokens") && !form.completion_tokens)
    next.completion_tokens = true;
  else if (smaller && form.max_tokens > kSmallAnswer)
    next.max_tokens = kSmallAnswer;
  else if (failed.outcome == Outcome::form && form.schema == Form::Schema::strict)
    next.schema = Form::Schema::loose;
  else if (failed.outcome == Outcome::form && form.schema == Form::Schema::loose)
    next.schema = Form::Schema::none;
  else
    return std::nullopt;
  return next;
}

}  // namespace pika::model
