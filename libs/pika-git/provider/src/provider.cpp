#include "pika/provider/provider.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"
#include "url.hpp"

namespace pika::model {

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::anthropic:
      return "anthropic";
    case Protocol::openai:
      return "openai";
    case Protocol::ollama:
      return "ollama";
  }
  return "";
}

std::optional<Protocol> parse_protocol(std::string_view word) {
  for (auto protocol : {Protocol::anthropic, Protocol::openai, Protocol::ollama})
    if (word == to_string(protocol)) return protocol;
  return std::nullopt;
}

namespace {

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

Status invalid(std::string what, std::string advice) {
  return fail(ErrorKind::invalid, "the model's " + std::move(what), std::move(advice));
}

Status check_numbers(const ProviderConfig& config) {
  if (config.budget_tokens < 1000 || config.budget_tokens > 10'000'000)
    return invalid("budget_tokens is out of range", "give from 1000 to 10000000");
  if (config.call_deadline < kSecond / 1000 || config.call_deadline > 24 * 3600 * kSecond)
    return invalid("call_deadline is out of range", "give more than nothing and at most a day");
  if (config.deadline < config.call_deadline || config.deadline > 24 * 3600 * kSecond)
    return invalid("deadline is out of range", "give at least the call_deadline and at most a day");
  if (config.attempts < 1 || config.attempts > 10) return invalid("attempts is out of range", "give from 1 to 10");
  return {};
}

}  // namespace

Status check(const ProviderConfig& config) {
  const Url url = PIKA_TRY(parse_url(config.url));
  if (config.protocol != Protocol::ollama && url.path.ends_with("/v1"))
    return invalid("url ends in /v1, which is added to it", "leave out /v1");
  if (config.protocol == Protocol::ollama && url.path.ends_with("/api"))
    return invalid("url ends in /api, which is added to it", "leave out /api");
  if (config.model.empty() || config.model.size() > 200 || !printable(config.model))
    return invalid("name is empty, too long, or has a character that does not belong there",
                   "give it as the provider names it: at most 200 characters, without spaces");
  if (config.key.size() > 4096 || !printable(config.key))  // never say it
    return invalid("key is too long, or has a space or line end in it", "give the key alone");
  if (!config.key.empty() && !url.tls && !url.loopback())
    return invalid("key would go over the network in the clear", "use https://, or a model on this host");
  return check_numbers(config);
}

std::string host_of(const ProviderConfig& config) {
  auto url = parse_url(config.url);
  return url ? url->place() : "";
}

}  // namespace pika::model
