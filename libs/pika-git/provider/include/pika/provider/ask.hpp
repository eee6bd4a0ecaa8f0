// One question of somebody else's making: the calls, their retries and deadlines, and the account, as for a page.
#pragma once
#include <string>
#include <vector>

#include "pika/json/json.hpp"
#include "pika/provider/retell.hpp"

namespace pika::model {

struct Asked {
  std::string system, user;  // UTF-8
  json::Value schema;        // of the answer
  std::string purpose;       // for the account: one word
};
struct Told {
  std::string text{};     // the model's words, hostile; empty: see `why`
  std::string why{};      // one line for people, without a word of the provider: "The model at HOST did not answer ..."
  bool gives_up = false;  // no sense in other questions to it now
  std::vector<Sent> sent{};
};
// Threads: blocks for up to config.deadline. Never throws for what the other side does. An answer that holds the key is
// none.
Told ask(const ProviderConfig& config, const Asked& question, const Patience& patience = {});

}  // namespace pika::model
