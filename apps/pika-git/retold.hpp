// The tutorial without a server told again by a language model, for those who ask for it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "commands.hpp"
#include "pika/gitx/repository.hpp"
#include "pika/provider/retell.hpp"

// Says on standard error what is sent where, before it is, and the note afterwards. `commits` oldest first; `head` is
// a commit or a tree.
pika::model::Retelling retold(const pika::model::ProviderConfig& config, const pika::explain::Tutorial& derived,
                              const pika::git::Diff& diff, const pika::git::Repository& repository,
                              const pika::git::Oid& head, const std::vector<pika::git::CommitInfo>& commits);

// The tutorial's JSON with a field "model": which words are a model's, what was removed, what was sent
// (docs/tutorial-format.md).
pika::json::Value retold_json(const pika::model::Retelling& retelling);
