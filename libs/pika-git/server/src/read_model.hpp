// [model] of server.toml: which language model is asked for words, and of which repositories it may see code.
#pragma once
#include "pika/server/site.hpp"
#include "pika/toml/reader.hpp"

namespace pika::server {

// All but the key itself, which load_model_key reads when the server starts.
void read_model(const toml::Value& value, const std::string& file, std::vector<toml::Problem>& problems,
                SiteOptions& options);

}  // namespace pika::server
