#include "retold.hpp"

#include <fmt/format.h>

#include <iostream>

#include "pika/base/text.hpp"

using namespace pika;

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
