// Parts of a branch as a person chose them, kept over rebases and new commits.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "pika/gitx/repository.hpp"

namespace pika::forge {

// What a commit is called after a rebase too: of its author, the time of writing and its subject. 32 hex digits.
std::string commit_key(const git::CommitInfo& commit);

// The number of its part for each of the commits (oldest first); empty where nothing was chosen, or nothing of it is
// left. A commit that came since goes with the one before it, the first with the first that was chosen.
std::vector<int> chosen_parts(const std::map<std::string, int>& chosen, const std::vector<git::CommitInfo>& commits);

}  // namespace pika::forge
