#include "prepared/payload.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <string>
#include <vector>

#include "pika/base/fd.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

using pika::SystemError;
using pika::UniqueFd;

namespace {

constexpr std::size_t kDeepest = 1000;  // folders within folders; each holds a descriptor while we are in it

std::vector<std::string> names_in(int folder, const std::string& path) {
  UniqueFd fd(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* dir = fd ? ::fdopendir(fd.get()) : nullptr;
  if (!dir) throw SystemError(fmt::format("read folder '{}'", path));
  fd.release();
  std::vector<std::string> out;
  while (auto* entry = ::readdir(dir)) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") out.push_back(std::move(name));
  }
  ::closedir(dir);
  return out;
}

class Sealer {
 public:
  pika::Status folder(int fd, const std::string& path, std::size_t depth) {
    if (depth > kDeepest)
      return pika::fail(pika::ErrorKind::invalid,
                        fmt::format("the output has more than {} folders within each other", kDeepest));
    // Ours and open to us first: who made it may have left it without a right to look in.
    own(fd, "", path);
    set_mode(fd, 0755, path);
    for (const auto& name : names_in(fd, path)) PIKA_TRY(entry(fd, name, path + "/" + name, depth));
    set_mode(fd, 0555, path);
    return {};
  }
  const PayloadSize& size() const { return size_; }

 private:
  pika::Status entry(int folder_fd, const std::string& name, const std::string& path, std::size_t depth) {
    struct stat st{};
    if (::fstatat(folder_fd, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
      throw SystemError(fmt::format("stat '{}'", path));
    if (S_ISLNK(st.st_mode)) {
      own(folder_fd, name, path);
      ++size_.files;
      return {};
    }
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
      return pika::fail(pika::ErrorKind::invalid,
                        fmt::format("the output holds {}, which is no file, folder or symlink", pika::quote_name(path)),
                        "remove it before the command ends");
    own(folder_fd, name, path);
    // By name, without following: what cannot be opened for want of rights is made readable first.
    if (::fchmodat(folder_fd, name.c_str(), S_ISDIR(st.st_mode) ? 0755 : st.st_mode & 0111 ? 0555 : 0444, 0) != 0)
      throw SystemError(fmt::format("chmod '{}'", path));
    if (S_ISDIR(st.st_mode)) {
      UniqueFd fd(::openat(folder_fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!fd) throw SystemError(fmt::format("open '{}'", path));
      return folder(fd.get(), path, depth + 1);
    }
    ++size_.files;
    if (st.st_nlink == 1 || seen_.insert(st.st_ino).second) size_.bytes += static_cast<std::uint64_t>(st.st_size);
    return {};
  }

  void own(int folder_fd, const std::string& name, const std::string& path) {
    if (::geteuid() != 0) return;  // an ordinary user's jobs are that user
    int flags = AT_SYMLINK_NOFOLLOW | (name.empty() ? AT_EMPTY_PATH : 0);
    if (::fchownat(folder_fd, name.c_str(), 0, 0, flags) != 0) throw SystemError(fmt::format("chown '{}'", path));
  }
  void set_mode(int fd, mode_t mode, const std::string& path) {
    if (::fchmod(fd, mode) != 0) throw SystemError(fmt::format("chmod '{}'", path));
  }

  PayloadSize size_;
  std::set<ino_t> seen_;
};

}  // namespace

pika::Result<PayloadSize> seal_payload(const std::filesystem::path& payload) {
  UniqueFd root(::open(payload.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root) throw SystemError(fmt::format("open '{}'", payload.string()));
  Sealer sealer;
  PIKA_TRY(sealer.folder(root.get(), ".", 0));
  return sealer.size();
}

}  // namespace jerichoci
