// The writes: commits, blobs, trees, copies of objects.
#include "pika/gitx/repository.hpp"

#include <fmt/format.h>

#include "libgit2.hpp"
#include "pika/base/text.hpp"

namespace pika::git {

namespace {
Owned<git_signature> to_git(const Signature& s) {
  git_signature* out = nullptr;
  auto name = std::string(trim(s.name)), email = std::string(trim(s.email));
  if (git_signature_new(&out, name.empty() ? "nobody" : name.c_str(),
                        email.empty() ? "nobody@localhost" : email.c_str(), s.time / kSecond, 0) != 0)
    broken("signature");
  return Owned<git_signature>(out);
}

}  // namespace

Oid Repository::write_commit(const Oid& tree_id, const std::vector<Oid>& parents, const Signature& author,
                             const Signature& committer, const std::string& message) {
  auto tree = tree_at(impl_->repo.get(), tree_id);
  if (!tree) throw std::runtime_error(fmt::format("git store: no tree {}", tree_id.hex()));
  std::vector<Owned<git_commit>> owned;
  std::vector<const git_commit*> raw_parents;
  for (const auto& p : parents) {
    git_commit* raw = nullptr;
    auto oid = to_git(p);
    if (git_commit_lookup(&raw, impl_->repo.get(), &oid) != 0) broken("parent " + p.hex());
    owned.emplace_back(raw);
    raw_parents.push_back(raw);
  }
  auto a = to_git(author), c = to_git(committer);
  git_oid out;
  if (git_commit_create(&out, impl_->repo.get(), nullptr, a.get(), c.get(), nullptr, message.c_str(), tree.get(),
                        raw_parents.size(), raw_parents.data()) != 0)
    broken("write commit");
  return from_git(&out);
}

Oid Repository::write_blob(std::string_view content) {
  git_oid out;
  if (git_blob_create_from_buffer(&out, impl_->repo.get(), content.data(), content.size()) != 0) broken("write blob");
  return from_git(&out);
}

Oid Repository::write_tree(const std::vector<TreeEntry>& entries) {
  git_treebuilder* raw = nullptr;
  if (git_treebuilder_new(&raw, impl_->repo.get(), nullptr) != 0) broken("write tree");
  Owned<git_treebuilder> builder(raw);
  for (const auto& e : entries) {
    auto id = to_git(e.id);
    unsigned mode = (e.mode & 0170000) == 0100000 ? (e.mode & 0100 ? 0100755u : 0100644u) : e.mode;
    if (git_treebuilder_insert(nullptr, builder.get(), e.path.c_str(), &id, static_cast<git_filemode_t>(mode)) != 0)
      broken("write tree with " + quote_name(e.path));
  }
  git_oid out;
  if (git_treebuilder_write(&out, builder.get()) != 0) broken("write tree");
  return from_git(&out);
}

Status Repository::copy_object(const Repository& from, const Oid& id) {
  git_odb *theirs = nullptr, *ours = nullptr;
  if (git_repository_odb(&theirs, from.impl_->repo.get()) != 0) broken("odb");
  Owned<git_odb> source(theirs);
  if (git_repository_odb(&ours, impl_->repo.get()) != 0) broken("odb");
  Owned<git_odb> target(ours);
  git_odb_object* raw = nullptr;
  auto oid = to_git(id);
  if (git_odb_read(&raw, source.get(), &oid) != 0)
    return fail(ErrorKind::not_found, fmt::format("no object {}: {}", id.hex(), last_error()));
  Owned<git_odb_object> object(raw);
  git_oid written;
  if (git_odb_write(&written, target.get(), git_odb_object_data(object.get()), git_odb_object_size(object.get()),
                    git_odb_object_type(object.get())) != 0)
    broken("write object");
  if (from_git(&written) != id)
    return fail(ErrorKind::not_found, fmt::format("the object {} does not hold what it is named by", id.hex()));
  return {};
}

}  // namespace pika::git
