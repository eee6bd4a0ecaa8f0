#include "pika/forge/model_settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/explain/tutorial.hpp"
#include "pika/model/prompt.hpp"

namespace pika::forge {

bool valid_choice(std::string_view pattern) {
  if (pattern == "*") return true;
  auto slash = pattern.find('/');
  if (slash == std::string_view::npos) return false;
  auto owner = pattern.substr(0, slash), name = pattern.substr(slash + 1);
  return domain::valid_name(owner) && (name == "*" || domain::valid_name(name));
}

bool chosen(const ModelSettings& settings, const domain::Repository& repository) {
  return std::ranges::any_of(settings.repositories, [&](const std::string& pattern) {
    return pattern == "*" || pattern == repository.owner + "/*" || pattern == repository.full_name();
  });
}

std::string wish_of(const model::ProviderConfig& provider) {
  return fmt::format("prompt {}, explainer {}, {} {} {}", model::kPromptVersion, explain::kExplainerVersion,
                     to_string(provider.protocol), provider.url, provider.model);
}

}  // namespace pika::forge
