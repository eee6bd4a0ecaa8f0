// Which model is asked for words about a change, and of which repositories it may see lines. Nothing is asked unless
// somebody configures it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "pika/domain/types.hpp"
#include "pika/provider/provider.hpp"

namespace pika::forge {

struct ModelSettings {
  model::ProviderConfig provider;
  std::vector<std::string> repositories;  // OWNER/NAME, OWNER/* or *; empty: none
};

// One of the three forms above.
bool valid_choice(std::string_view pattern);
// Lines of this repository may be sent.
bool chosen(const ModelSettings& settings, const domain::Repository& repository);
// What would be asked and whom, in one line without secrets: prompt and explainer version, protocol, address, model.
std::string wish_of(const model::ProviderConfig& provider);

}  // namespace pika::forge
