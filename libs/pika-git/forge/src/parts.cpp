#include "pika/forge/parts.hpp"

#include <fmt/format.h>

#include "pika/base/hash.hpp"

namespace pika::forge {

std::string commit_key(const git::CommitInfo& commit) {
  const auto& a = commit.author;
  return sha256_hex(fmt::format("{}\n{}\n{}\n{}", a.name, a.email, a.time, commit.subject())).substr(0, 32);
}

std::vector<int> chosen_parts(const std::map<std::string, int>& chosen, const std::vector<git::CommitInfo>& commits) {
  std::vector<int> out;
  int known = 0, first = 0;
  for (const auto& commit : commits) {
    if (auto at = chosen.find(commit_key(commit)); at != chosen.end()) {
      known = at->second;
      if (first == 0) first = known;
    }
    out.push_back(known);
  }
  if (first == 0) return {};
  for (auto& part : out)
    if (part == 0) part = first;
  return out;
}

}  // namespace pika::forge
