// Which model is asked, as the flags of a program say: --model, --model-url, --model-protocol, --model-key-file,
// --model-key-env, --model-budget, --model-timeout.
#pragma once
#include <optional>
#include <string>

#include "pika/provider/provider.hpp"

namespace pika::model {

struct Flags {
  std::string name, url, protocol, key_file, key_env;
  int budget = 0, timeout = 0;  // tokens, seconds; 0: as docs/models.md says
};

// Nothing: none was asked for. invalid: half a choice, or one that check() refuses. A key of the environment is taken
// out of it.
Result<std::optional<ProviderConfig>> provider_of(const Flags& flags);

}  // namespace pika::model
