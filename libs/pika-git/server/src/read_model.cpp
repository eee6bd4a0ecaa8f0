#include "read_model.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"

namespace pika::server {

namespace {

const std::vector<std::string> kProtocols = {"anthropic", "openai", "ollama"};

// "90s", "15m", "1h"
std::optional<Micros> span_of(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  Micros unit = text.back() == 's' ? kSecond : text.back() == 'm' ? 60 * kSecond : 3600 * kSecond;
  if (std::string_view("smh").find(text.back()) == std::string_view::npos) return std::nullopt;
  auto number = parse_number<int>(text.substr(0, text.size() - 1));
  if (!number || *number < 1 || *number > 86'400) return std::nullopt;
  return *number * unit;
}

void read_span(toml::TableReader& table, const char* key, Micros& out) {
  auto word = table.string(key);
  if (!word) return;
  if (auto span = span_of(word->text))
    out = *span;
  else
    table.complain(word->at, fmt::format("{} is a time as in \"90s\", \"15m\" or \"1h\"", key));
}

void read_repositories(toml::TableReader& table, forge::ModelSettings& settings) {
  auto repositories = table.strings("repositories");
  if (!repositories) {
    if (!table.has("repositories"))
      table.complain(
          table.at(),
          "[model] does not say whose code may be sent: add repositories = [\"OWNER/NAME\"], [\"OWNER/*\"] or "
          "[\"*\"]");
    return;
  }
  for (const auto& pattern : *repositories) {
    if (!forge::valid_choice(pattern.text))
      table.complain(pattern.at, fmt::format("'{}' names no repositories: give OWNER/NAME, OWNER/* or *",
                                             toml::show(pattern.text)));
    settings.repositories.push_back(pattern.text);
  }
}

// Where the key is told, so that a wrong one is complained about there.
void read_key(toml::TableReader& table, const std::string& file, SiteOptions& options) {
  if (table.has("key")) {
    table.known("key");
    table.complain(table.at_key("key"),
                   "the key does not belong into this file: put it into a file of its own (key_file) or into the "
                   "environment (key_env)");
  }
  auto key_file = table.string("key_file");
  auto key_env = table.string("key_env");
  if (key_file && key_env) table.complain(key_env->at, "the key is either in key_file or in key_env");
  if (key_file) {
    options.model_key_file = key_file->text;
    if (options.model_key_file.is_relative())
      options.model_key_file = fs::path(file).parent_path() / options.model_key_file;
  }
  if (key_env) options.model_key_env = key_env->text;
}

// The sentence of check() where the field that it speaks of stands.
toml::Position place_of(const toml::TableReader& table, const std::string& what) {
  for (const char* key : {"url", "budget_tokens", "call_deadline", "deadline"})
    if (table.has(key) && what.find(key) != std::string::npos) return table.at(key);
  if (what.find("name") != std::string::npos) return table.at("model");
  return table.at();
}

}  // namespace

void read_model(const toml::Value& value, const std::string& file, std::vector<toml::Problem>& problems,
                SiteOptions& options) {
  toml::TableReader table(value, file, problems);
  forge::ModelSettings settings;
  auto before = problems.size();
  if (auto protocol = table.string("protocol")) {
    if (auto known = model::parse_protocol(protocol->text))
      settings.provider.protocol = *known;
    else
      table.complain(protocol->at, fmt::format("protocol is \"anthropic\", \"openai\" or \"ollama\"{}",
                                               toml::did_you_mean(protocol->text, kProtocols)));
  } else if (!table.has("protocol")) {
    table.complain(table.at(), "[model] needs protocol = \"anthropic\", \"openai\" or \"ollama\"");
  }
  if (auto url = table.string("url")) settings.provider.url = url->text;
  if (auto name = table.string("model")) settings.provider.model = name->text;
  if (auto budget = table.integer("budget_tokens"))
    settings.provider.budget_tokens = *budget < 0 ? 0 : static_cast<std::size_t>(*budget);
  read_span(table, "call_deadline", settings.provider.call_deadline);
  read_span(table, "deadline", settings.provider.deadline);
  read_repositories(table, settings);
  read_key(table, file, options);
  table.finish();
  if (problems.size() == before)
    if (auto good = model::check(settings.provider); !good)
      table.complain(place_of(table, good.error().what),
                     good.error().what + (good.error().advice.empty() ? "" : ": " + good.error().advice));
  options.model = std::move(settings);
}

Status load_model_key(SiteOptions& options) {
  if (!options.model) return {};
  auto& key = options.model->provider.key;
  if (!options.model_key_env.empty()) {
    const char* value = std::getenv(options.model_key_env.c_str());
    if (!value || !*value)
      return fail(ErrorKind::invalid,
                  fmt::format("the environment has no {}, which key_env of server.toml names", options.model_key_env),
                  "set it, or name a file with key_file");
    key = std::string(trim(value));
    ::unsetenv(options.model_key_env.c_str());  // git, hooks and runner that we start need not know it
  } else if (!options.model_key_file.empty()) {
    key = PIKA_TRY(model::read_key_file(options.model_key_file));
  }
  return model::check(options.model->provider);
}

std::string model_words(const SiteOptions& options) {
  if (!options.model) return "no model is configured: no code is sent anywhere";
  const auto& m = *options.model;
  if (m.repositories.empty())
    return fmt::format("no code is sent anywhere: the model {} at {} may see no repository", m.provider.model,
                       host_of(m.provider));
  return fmt::format("code of {} is sent to {} (model {})",
                     m.repositories == std::vector<std::string>{"*"} ? "every repository" : join(m.repositories, ", "),
                     host_of(m.provider), m.provider.model);
}

}  // namespace pika::server
