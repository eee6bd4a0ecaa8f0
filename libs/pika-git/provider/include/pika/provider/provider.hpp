// Which language model is asked, and how it is reached. Off unless somebody configures one.
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "pika/base/clock.hpp"
#include "pika/base/result.hpp"

namespace pika::model {

enum class Protocol {
  anthropic,  // Messages: POST URL/v1/messages
  openai,     // Chat completions, as many servers speak it, llama.cpp's among them: POST URL/v1/chat/completions
  ollama,     // POST URL/api/chat
};
std::string_view to_string(Protocol protocol);
std::optional<Protocol> parse_protocol(std::string_view word);

struct ProviderConfig {
  Protocol protocol = Protocol::openai;
  std::string url;                     // without the path above: "https://api.anthropic.com", "http://127.0.0.1:11434"
  std::string model;                   // as the provider names it
  std::string key;                     // secret: stands in no log, no error, no page; empty: none is sent
  std::size_t budget_tokens = 60'000;  // of one call's prompt, estimated
  Micros call_deadline = 180 * kSecond;  // of one call
  Micros deadline = 900 * kSecond;       // of everything asked about one version, waits included
  int attempts = 3;                      // of one call, when the failure may pass
  bool operator==(const ProviderConfig&) const = default;
};

// invalid, naming the field and the right form. A key goes over plain http to this host only.
Status check(const ProviderConfig& config);

// The key in a file of its own, trimmed. invalid, naming the file and never its content: none there, no plain file,
// empty, or others than its owner may read it.
Result<std::string> read_key_file(const std::filesystem::path& path);

// Host and port of the URL, as the page and the log name the place that code was sent to.
std::string host_of(const ProviderConfig& config);

}  // namespace pika::model
