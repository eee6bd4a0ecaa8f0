#include "pika/gitx/repository.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "libgit2.hpp"
#include "pika/base/check.hpp"
#include "pika/base/text.hpp"

namespace pika::git {

namespace {

Signature signature_of(const git_signature* s) {
  if (!s) return {};
  return {s->name ? s->name : "", s->email ? s->email : "", static_cast<Micros>(s->when.time) * kSecond};
}

}  // namespace

std::string CommitInfo::subject() const {
  return std::string(trim(std::string_view(message).substr(0, message.find('\n'))));
}

std::string CommitInfo::body() const {
  auto end = message.find('\n');
  return end == std::string::npos ? std::string() : std::string(trim(std::string_view(message).substr(end)));
}

Repository::Repository() : impl_(std::make_unique<Impl>()) {}
Repository::Repository(Repository&&) noexcept = default;
Repository& Repository::operator=(Repository&&) noexcept = default;
Repository::~Repository() = default;

namespace {
void set_up_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    git_libgit2_init();
    // Who owns the files is settled by whoever named the path to us.
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
  });
}
}  // namespace

Result<Repository> Repository::open(const std::filesystem::path& path) {
  set_up_library();
  Repository r;
  git_repository* raw = nullptr;
  if (git_repository_open_ext(&raw, path.c_str(), 0, "/") != 0)
    return fail(ErrorKind::not_found, fmt::format("'{}' is not a git repository", path.string()));
  r.impl_->repo.reset(raw);
  r.impl_->path = git_repository_path(raw);
  return r;
}

Result<Repository> Repository::over_objects(const std::vector<std::filesystem::path>& folders) {
  set_up_library();
  git_odb* raw_odb = nullptr;
  if (git_odb_new(&raw_odb) != 0) broken("odb");
  Owned<git_odb> odb(raw_odb);
  for (const auto& folder : folders)
    if (git_odb_add_disk_alternate(odb.get(), folder.c_str()) != 0)
      return fail(ErrorKind::not_found, fmt::format("'{}' holds no git objects: {}", folder.string(), last_error()));
  Repository r;
  git_repository* raw = nullptr;
  if (git_repository_wrap_odb(&raw, odb.get()) != 0) broken("wrap odb");
  r.impl_->repo.reset(raw);
  return r;
}

void* Repository::raw() const {
  return impl_->repo.get();
}
const std::filesystem::path& Repository::path() const {
  return impl_->path;
}

std::optional<std::filesystem::path> Repository::workdir() const {
  const char* w = git_repository_workdir(impl_->repo.get());
  if (!w) return std::nullopt;
  return std::filesystem::path(w);
}

Result<Oid> Repository::resolve_commit(std::string_view revision) const {
  git_object* raw = nullptr;
  if (git_revparse_single(&raw, impl_->repo.get(), std::string(revision).c_str()) != 0)
    return fail(ErrorKind::not_found, fmt::format("no revision '{}' in this repository", quote_name(revision)),
                "list what there is with: git branch -a; git log --oneline");
  Owned<git_object> object(raw);
  git_object* peeled = nullptr;
  if (git_object_peel(&peeled, object.get(), GIT_OBJECT_COMMIT) != 0)
    return fail(ErrorKind::invalid, fmt::format("'{}' is not a commit", quote_name(revision)));
  Owned<git_object> commit(peeled);
  return from_git(git_object_id(commit.get()));
}

std::optional<Oid> Repository::ref(std::string_view full_name) const {
  git_oid id;
  if (git_reference_name_to_id(&id, impl_->repo.get(), std::string(full_name).c_str()) != 0) return std::nullopt;
  return from_git(&id);
}

std::optional<std::string> Repository::head_branch() const {
  git_reference* raw = nullptr;
  if (git_reference_lookup(&raw, impl_->repo.get(), "HEAD") != 0) return std::nullopt;
  Owned<git_reference> head(raw);
  const char* target = git_reference_symbolic_target(head.get());
  if (!target) return std::nullopt;
  return std::string(target);
}

std::vector<Ref> Repository::refs(std::string_view prefix) const {
  std::vector<Ref> out;
  git_reference_iterator* raw = nullptr;
  if (git_reference_iterator_glob_new(&raw, impl_->repo.get(), (std::string(prefix) + "*").c_str()) != 0) return out;
  Owned<git_reference_iterator> iterator(raw);
  git_reference* next = nullptr;
  for (;;) {
    int code = git_reference_next(&next, iterator.get());
    if (code == GIT_ITEROVER) break;
    if (code != 0) continue;  // one bad ref is one bad ref
    Owned<git_reference> ref(next);
    git_oid id;
    if (git_reference_name_to_id(&id, impl_->repo.get(), git_reference_name(ref.get())) == 0)
      out.push_back({git_reference_name(ref.get()), from_git(&id)});
  }
  std::sort(out.begin(), out.end(), [](const Ref& a, const Ref& b) { return a.name < b.name; });
  return out;
}

bool Repository::exists(const Oid& id) const {
  git_odb* raw = nullptr;
  if (git_repository_odb(&raw, impl_->repo.get()) != 0) broken("odb");
  Owned<git_odb> odb(raw);
  auto oid = to_git(id);
  return git_odb_exists(odb.get(), &oid) == 1;
}

Result<CommitInfo> Repository::commit(const Oid& id) const {
  git_commit* raw = nullptr;
  auto oid = to_git(id);
  if (git_commit_lookup(&raw, impl_->repo.get(), &oid) != 0)
    return fail(ErrorKind::not_found, fmt::format("no commit {}", id.hex()));
  Owned<git_commit> commit(raw);
  CommitInfo info;
  info.id = id;
  info.tree = from_git(git_commit_tree_id(commit.get()));
  for (unsigned i = 0; i < git_commit_parentcount(commit.get()); ++i)
    info.parents.push_back(from_git(git_commit_parent_id(commit.get(), i)));
  info.author = signature_of(git_commit_author(commit.get()));
  info.committer = signature_of(git_commit_committer(commit.get()));
  const char* message = git_commit_message(commit.get());
  info.message = message ? message : "";
  return info;
}

namespace {
Owned<git_revwalk> start_walk(git_repository* repo, const Oid& head, const Oid& base) {
  git_revwalk* raw = nullptr;
  if (git_revwalk_new(&raw, repo) != 0) broken("revwalk");
  Owned<git_revwalk> walk(raw);
  git_revwalk_sorting(walk.get(), GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
  auto h = to_git(head);
  if (git_revwalk_push(walk.get(), &h) != 0) return nullptr;
  if (!base.is_zero()) {
    auto b = to_git(base);
    git_revwalk_hide(walk.get(), &b);
  }
  return walk;
}
}  // namespace

std::vector<CommitInfo> Repository::log(const Oid& head, const Oid& base, std::size_t limit) const {
  std::vector<CommitInfo> out;
  auto walk = start_walk(impl_->repo.get(), head, base);
  git_oid id;
  while (walk && out.size() < limit && git_revwalk_next(&id, walk.get()) == 0)
    if (auto info = commit(from_git(&id))) out.push_back(std::move(*info));
  return out;
}

std::size_t Repository::count_commits(const Oid& head, const Oid& base, std::size_t limit) const {
  auto walk = start_walk(impl_->repo.get(), head, base);
  std::size_t n = 0;
  git_oid id;
  while (walk && n < limit && git_revwalk_next(&id, walk.get()) == 0) ++n;
  return n;
}

std::optional<Oid> Repository::merge_base(const Oid& a, const Oid& b) const {
  git_oid out;
  auto ga = to_git(a), gb = to_git(b);
  if (git_merge_base(&out, impl_->repo.get(), &ga, &gb) != 0) return std::nullopt;
  return from_git(&out);
}

bool Repository::is_ancestor(const Oid& ancestor, const Oid& descendant) const {
  if (ancestor == descendant) return true;
  auto a = to_git(ancestor), d = to_git(descendant);
  return git_graph_descendant_of(impl_->repo.get(), &d, &a) == 1;
}

Result<std::string> Repository::blob(const Oid& id) const {
  git_blob* raw = nullptr;
  auto oid = to_git(id);
  if (git_blob_lookup(&raw, impl_->repo.get(), &oid) != 0)
    return fail(ErrorKind::not_found, fmt::format("no blob {}", id.hex()));
  Owned<git_blob> blob(raw);
  return std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                     static_cast<std::size_t>(git_blob_rawsize(blob.get())));
}

std::optional<std::uint64_t> Repository::blob_size(const Oid& id) const {
  git_odb* raw = nullptr;
  if (git_repository_odb(&raw, impl_->repo.get()) != 0) broken("odb");
  Owned<git_odb> odb(raw);
  auto oid = to_git(id);
  std::size_t size = 0;
  git_object_t type;
  if (git_odb_read_header(&size, &type, odb.get(), &oid) != 0 || type != GIT_OBJECT_BLOB) return std::nullopt;
  return size;
}

namespace {
TreeEntry entry_of(const git_tree_entry* e, std::string path) {
  return {std::move(path), static_cast<unsigned>(git_tree_entry_filemode_raw(e)), from_git(git_tree_entry_id(e))};
}

bool walk_tree(git_repository* repo, const git_tree* tree, const std::string& prefix,
               const std::function<bool(const TreeEntry&)>& each) {
  for (std::size_t i = 0; i < git_tree_entrycount(tree); ++i) {
    const auto* e = git_tree_entry_byindex(tree, i);
    auto path = prefix + git_tree_entry_name(e);
    if (git_tree_entry_type(e) == GIT_OBJECT_TREE) {
      git_tree* raw = nullptr;
      if (git_tree_lookup(&raw, repo, git_tree_entry_id(e)) != 0) broken("tree of " + path);
      Owned<git_tree> sub(raw);
      if (!walk_tree(repo, sub.get(), path + "/", each)) return false;
    } else if (!each(entry_of(e, std::move(path)))) {
      return false;
    }
  }
  return true;
}
}  // namespace

std::optional<TreeEntry> Repository::entry(const Oid& commit_or_tree, std::string_view path) const {
  auto tree = tree_at(impl_->repo.get(), commit_or_tree);
  if (!tree) return std::nullopt;
  git_tree_entry* raw = nullptr;
  if (git_tree_entry_bypath(&raw, tree.get(), std::string(path).c_str()) != 0) return std::nullopt;
  Owned<git_tree_entry> e(raw);
  return entry_of(e.get(), std::string(path));
}

Result<std::string> Repository::file(const Oid& commit_or_tree, std::string_view path) const {
  auto e = entry(commit_or_tree, path);
  if (!e || (e->mode & 0170000) == 0040000 || (e->mode & 0170000) == 0160000)
    return fail(ErrorKind::not_found, fmt::format("no file '{}' in {}", quote_name(path), commit_or_tree.short_hex()));
  return blob(e->id);
}

std::vector<TreeEntry> Repository::list(const Oid& commit_or_tree, std::string_view folder) const {
  std::vector<TreeEntry> out;
  auto tree = tree_at(impl_->repo.get(), commit_or_tree);
  std::string prefix;
  if (tree && !folder.empty()) {
    auto e = entry(commit_or_tree, folder);
    if (!e || (e->mode & 0170000) != 0040000) return out;
    tree = tree_at(impl_->repo.get(), e->id);
    prefix = std::string(folder) + "/";
  }
  if (!tree) return out;
  for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
    const auto* e = git_tree_entry_byindex(tree.get(), i);
    out.push_back(entry_of(e, prefix + git_tree_entry_name(e)));
  }
  return out;
}

void Repository::walk(const Oid& commit_or_tree, const std::function<bool(const TreeEntry&)>& each) const {
  if (auto tree = tree_at(impl_->repo.get(), commit_or_tree)) walk_tree(impl_->repo.get(), tree.get(), "", each);
}

Oid Repository::tree_of(const Oid& commit_or_tree) const {
  auto tree = tree_at(impl_->repo.get(), commit_or_tree);
  return tree ? from_git(git_tree_id(tree.get())) : Oid();
}

Oid blob_id(std::string_view content) {
  set_up_library();
  git_oid id;
  if (git_odb_hash(&id, content.data(), content.size(), GIT_OBJECT_BLOB) != 0) broken("hash a blob");
  return Oid::from_bytes(id.id);
}

}  // namespace pika::git
