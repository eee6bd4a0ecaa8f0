// What the files of this library share of libgit2: owners of its objects, names as it has them, its errors.
#pragma once
#include <fmt/format.h>
#include <git2.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "pika/gitx/repository.hpp"

namespace pika::git {

struct Free {
  void operator()(git_repository* p) const { git_repository_free(p); }
  void operator()(git_object* p) const { git_object_free(p); }
  void operator()(git_commit* p) const { git_commit_free(p); }
  void operator()(git_tree* p) const { git_tree_free(p); }
  void operator()(git_treebuilder* p) const { git_treebuilder_free(p); }
  void operator()(git_blob* p) const { git_blob_free(p); }
  void operator()(git_reference* p) const { git_reference_free(p); }
  void operator()(git_revwalk* p) const { git_revwalk_free(p); }
  void operator()(git_tree_entry* p) const { git_tree_entry_free(p); }
  void operator()(git_reference_iterator* p) const { git_reference_iterator_free(p); }
  void operator()(git_signature* p) const { git_signature_free(p); }
  void operator()(git_odb* p) const { git_odb_free(p); }
  void operator()(git_odb_object* p) const { git_odb_object_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

inline std::string last_error() {
  const auto* e = git_error_last();
  return e && e->message ? e->message : "unknown libgit2 error";
}

[[noreturn]] inline void broken(const std::string& call) {
  throw std::runtime_error(fmt::format("git store: {}: {}", call, last_error()));
}

inline git_oid to_git(const Oid& id) {
  git_oid out;
  git_oid_fromraw(&out, id.bytes().data());
  return out;
}
inline Oid from_git(const git_oid* id) {
  return Oid::from_bytes(id->id);
}

struct Repository::Impl {
  Owned<git_repository> repo;
  std::filesystem::path path;
};

inline Owned<git_tree> tree_at(git_repository* repo, const Oid& commit_or_tree) {
  if (commit_or_tree.is_zero()) return nullptr;
  git_object* raw = nullptr;
  auto oid = to_git(commit_or_tree);
  if (git_object_lookup(&raw, repo, &oid, GIT_OBJECT_ANY) != 0) return nullptr;
  Owned<git_object> object(raw);
  git_object* tree = nullptr;
  if (git_object_peel(&tree, object.get(), GIT_OBJECT_TREE) != 0) return nullptr;
  return Owned<git_tree>(reinterpret_cast<git_tree*>(tree));
}

}  // namespace pika::git
