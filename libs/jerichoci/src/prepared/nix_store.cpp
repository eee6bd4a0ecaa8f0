#include "prepared/nix_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/result.hpp"
#include "prepared/confined.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::SystemError;
using pika::UniqueFd;

namespace {

UniqueFd lock_file(const fs::path& root, const std::string& domain) {
  auto path = root / fmt::format(".{}.lock", domain);
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
  return fd;
}

// Jobs write in there: never through a symlink of theirs.
void drop_roots(const fs::path& store, const std::set<std::string>& outputs) {
  UniqueFd top(::open(store.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!top) return;
  auto roots = open_below(top.get(), "var/nix/gcroots", O_RDONLY | O_DIRECTORY, "the roots of a nix store");
  if (!roots) return;  // nothing was built yet
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/self/fd/{}", roots->get()), error)) {
    auto name = entry.path().filename().string();
    if (name.size() == 64 && !outputs.contains(name)) ::unlinkat(roots->get(), name.c_str(), 0);
  }
}

}  // namespace

NixStore::NixStore(const fs::path& state_root, std::optional<std::uint32_t> owner)
    : root_(state_root / "nix"), owner_(owner) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root_, error))
    if (entry.path().filename().string().starts_with(".gone-")) pika::remove_tree(entry.path());
}

void NixStore::make(const fs::path& folder) const {
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
    throw SystemError(fmt::format("mkdir '{}'", folder.string()));
  if (owner_ && ::lchown(folder.c_str(), *owner_, *owner_) != 0)
    throw SystemError(fmt::format("chown '{}'", folder.string()));
}

NixStore::InUse NixStore::use(const std::string& domain, const std::set<std::string>& outputs) const {
  pika::make_dirs(root_, 0700);
  InUse in_use{root_ / domain, lock_file(root_, domain)};
  while (::flock(in_use.lock.get(), LOCK_SH) != 0)  // who holds it alone only renames
    if (errno != EINTR) throw SystemError(fmt::format("lock the nix store of '{}'", domain));
  make(in_use.folder);
  ::futimens(in_use.lock.get(), nullptr);  // its last use
  drop_roots(in_use.folder, outputs);
  return in_use;
}

NixStore::InUse NixStore::throw_away(const fs::path& folder) const {
  make(folder);
  return {folder, {}};
}

std::vector<NixStore::Kept> NixStore::list() const {
  std::vector<Kept> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root_, error)) {
    auto name = entry.path().filename().string();
    struct stat st{};
    if (name.starts_with('.')) continue;
    auto lock = root_ / fmt::format(".{}.lock", name);
    if (::stat(lock.c_str(), &st) != 0) ::lstat(entry.path().c_str(), &st);
    out.push_back({name, entry.path(), st.st_mtim.tv_sec * pika::kSecond + st.st_mtim.tv_nsec / 1000});
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return std::tie(b.used_at, a.domain) < std::tie(a.used_at, b.domain); });
  return out;
}

bool NixStore::remove(const std::string& domain) const {
  auto gone = root_ / (".gone-" + pika::random_hex(8));
  {
    auto lock = lock_file(root_, domain);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return false;
    if (::rename((root_ / domain).c_str(), gone.c_str()) != 0)
      throw SystemError(fmt::format("rename '{}'", (root_ / domain).string()));
    // The lock file stays: somebody may have it open already, and then hold a lock that the next one does not see.
  }
  pika::remove_tree(gone);
  return true;
}

}  // namespace jerichoci
