#include "pika/provider/flags.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "pika/base/text.hpp"

namespace pika::model {
namespace {

Result<std::string> key_of(const Flags& flags) {
  if (!flags.key_file.empty() && !flags.key_env.empty())
    return fail(ErrorKind::invalid, "the model's key is named twice", "say --model-key-file or --model-key-env");
  if (!flags.key_file.empty()) return read_key_file(flags.key_file);
  if (flags.key_env.empty()) return std::string();
  const char* value = std::getenv(flags.key_env.c_str());
  std::string key(trim(value ? value : ""));
  ::unsetenv(flags.key_env.c_str());  // git, which we start, need not know it
  if (key.empty())
    return fail(ErrorKind::invalid, "the environment has no variable of the name that --model-key-env gives",
                "give a name there, not the key");  // which would stand here if we said what was given
  return key;
}

}  // namespace

Result<std::optional<ProviderConfig>> provider_of(const Flags& flags) {
  if (flags.name.empty()) {
    if (flags.url.empty() && flags.protocol.empty() && flags.key_file.empty() && flags.key_env.empty())
      return std::nullopt;
    return fail(ErrorKind::invalid, "the model has no name",
                "say which with --model NAME, or leave out the other flags");
  }
  if (flags.url.empty())
    return fail(ErrorKind::invalid, "the model has no address", "say where it is with --model-url URL");
  ProviderConfig config;
  config.model = flags.name;
  config.url = flags.url;
  if (!flags.protocol.empty()) {
    const auto protocol = parse_protocol(flags.protocol);
    if (!protocol)
      return fail(ErrorKind::invalid, fmt::format("there is no protocol {}", quote_name(flags.protocol)),
                  "say --model-protocol anthropic, openai or ollama");
    config.protocol = *protocol;
  }
  config.key = PIKA_TRY(key_of(flags));
  if (flags.budget > 0) config.budget_tokens = static_cast<std::size_t>(flags.budget);
  if (flags.timeout > 0) {
    config.deadline = flags.timeout * kSecond;
    config.call_deadline = config.deadline;  // a small machine may need all of it for one answer
  }
  PIKA_TRY(check(config));
  return config;
}

}  // namespace pika::model
