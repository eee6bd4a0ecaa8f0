#include "retold.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>

#include "pika/base/text.hpp"

using namespace pika;

namespace {

Result<std::string> key_of(const ModelFlags& flags) {
  if (!flags.key_file.empty() && !flags.key_env.empty())
    return fail(ErrorKind::invalid, "the model's key is named twice", "say --model-key-file or --model-key-env");
  if (!flags.key_file.empty()) return model::read_key_file(flags.key_file);
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

Result<std::optional<model::ProviderConfig>> provider_of(const ModelFlags& flags) {
  if (flags.name.empty()) {
    if (flags.url.empty() && flags.protocol.empty() && flags.key_file.empty() && flags.key_env.empty())
      return std::nullopt;
    return fail(ErrorKind::invalid, "the model has no name",
                "say which with --model NAME, or leave out the other flags");
  }
  if (flags.url.empty())
    return fail(ErrorKind::invalid, "the model has no address", "say where it is with --model-url URL");
  model::ProviderConfig config;
  config.model = flags.name;
  config.url = flags.url;
  if (!flags.protocol.empty()) {
    const auto protocol = model::parse_protocol(flags.protocol);
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
  PIKA_TRY(model::check(config));
  return config;
}

model::Retelling retold(const model::ProviderConfig& config, const explain::Tutorial& derived, const git::Diff& diff,
                        const git::Repository& repository, const git::Oid& head,
                        const std::vector<git::CommitInfo>& commits) {
  model::Subject subject;
  subject.derived = &derived;
  subject.diff = &diff;
  if (commits.size() == 1) subject.title = commits.front().subject();
  for (const auto& commit : commits) subject.commit_messages.push_back(commit.message);
  repository.walk(head, [&](const git::TreeEntry& entry) {
    subject.tree_paths.push_back(entry.path);
    return true;
  });
  std::cerr << fmt::format("pika-git: sends this change ({}, {}) to {}, model {}\n",
                           plural(static_cast<std::int64_t>(diff.files.size()), "file"),
                           plural(static_cast<std::int64_t>(derived.hunks.size()), "hunk"), model::host_of(config),
                           config.model);
  auto retelling = model::retell(config, subject);
  if (!retelling.note.empty()) std::cerr << "pika-git: " << retelling.note << "\n";
  return retelling;
}

json::Value retold_json(const model::Retelling& retelling) {
  auto kept = model::to_json(retelling).as_object();
  auto out = std::move(kept["tutorial"]).as_object();
  kept.erase("tutorial");
  out["model"] = std::move(kept);
  return out;
}
