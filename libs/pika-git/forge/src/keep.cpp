#include "pika/forge/keep.hpp"

#include "pika/gitx/git.hpp"

namespace pika::forge {

namespace {
constexpr const char* kKeepRef = "refs/pika/keep";
constexpr const char* kEmptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
}  // namespace

Status keep_commits(const std::filesystem::path& path, const std::vector<git::Oid>& commits, Micros now) {
  auto repository = PIKA_TRY(git::Repository::open(path));
  auto before = repository.ref(kKeepRef).value_or(git::Oid());
  auto tree = git::Oid::parse(kEmptyTree).value();
  if (!repository.exists(tree)) PIKA_TRY(git::run(path, {"hash-object", "-t", "tree", "-w", "--stdin"}));
  auto link = before;
  git::Signature who{"pika", "pika@localhost", now};
  for (const auto& commit : commits) {
    std::vector<git::Oid> parents;
    if (!link.is_zero()) parents.push_back(link);
    parents.push_back(commit);
    link = repository.write_commit(tree, parents, who, who, "keep " + commit.hex() + "\n");
  }
  if (link == before) return {};
  return git::update_refs(path, {{kKeepRef, before, link}}, "keep");
}

}  // namespace pika::forge
