// pika-git probe: is the model there, does it take a schema. No code is sent.
#include <fmt/format.h>

#include <iostream>

#include "pika/server/site.hpp"
#include "retold.hpp"

using namespace pika;

namespace {

Result<model::ProviderConfig> configured(const std::string& data) {
  server::SiteOptions options;
  options.data = data;
  PIKA_TRY(server::read_settings(options.data / "server.toml", options));
  PIKA_TRY(server::load_model_key(options));
  if (!options.model)
    return fail(ErrorKind::invalid, fmt::format("{} has no section [model]", (options.data / "server.toml").string()),
                "docs/models.md says how it is written; or name a model with --model");
  return options.model->provider;
}

Result<model::ProviderConfig> chosen(const std::string& data, const ModelFlags& flags) {
  auto config = PIKA_TRY(provider_of(flags));
  if (config) return std::move(*config);
  if (!data.empty()) return configured(data);
  return fail(ErrorKind::invalid, "no model is named",
              "say --model NAME --model-url URL, or --data DATA for a forge's");
}

}  // namespace

int probe(const std::string& data, const ModelFlags& flags) {
  const auto config = chosen(data, flags);
  if (!config) {
    std::cerr << "pika-git: " << config.error().text() << "\n";
    return 2;
  }
  const auto found = model::probe(*config);
  fmt::print("{}\n", found.words);
  return found.knows_model ? 0 : 4;
}
