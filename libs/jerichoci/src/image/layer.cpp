#include "image/layer.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "image/tar_reader.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;
using pika::Result;
using pika::SystemError;
using pika::UniqueFd;

namespace {

constexpr std::string_view kWhiteout = ".wh.", kOpaque = ".wh..wh..opq";

UniqueFd open_in(int root, const std::string& path, std::uint64_t flags) {
  struct open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

// What is at the name goes, with all below it; links are not followed.
void remove_at(int folder, const std::string& name) {
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM) throw SystemError("remove an entry of a layer");
  UniqueFd inner(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inner) throw SystemError("open a folder of a layer");
  std::vector<std::string> names;
  {
    UniqueFd copy(::fcntl(inner.get(), F_DUPFD_CLOEXEC, 0));
    DIR* list = ::fdopendir(copy.get());
    if (!list) throw SystemError("list a folder of a layer");
    copy.release();
    while (auto* entry = ::readdir(list)) {
      std::string one = entry->d_name;
      if (one != "." && one != "..") names.push_back(std::move(one));
    }
    ::closedir(list);
  }
  for (const auto& one : names) remove_at(inner.get(), one);
  if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0) throw SystemError("remove a folder of a layer");
}

struct Place {
  std::string parent, name, whole;  // relative, clean; an empty parent is the root
};

Result<Place> place_of(const std::string& path) {
  auto refused = [&](std::string_view why) {
    return fail(ErrorKind::invalid, fmt::format("the layer's entry {} {}", pika::quote_name(path), why));
  };
  if (path.starts_with('/')) return refused("is absolute");
  if (path.size() > 4000 || path.find('\0') != std::string::npos) return refused("is no path");
  std::vector<std::string> parts;
  for (auto part : pika::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return refused("leaves the image");
    if (part.size() > 255) return refused("has a name that is too long");
    parts.emplace_back(part);
  }
  if (parts.size() > 200) return refused("is too deep");
  Place out;
  if (parts.empty()) return out;
  out.whole = pika::join(parts, "/");
  out.name = parts.back();
  parts.pop_back();
  out.parent = pika::join(parts, "/");
  return out;
}

class LayerWriter {
 public:
  LayerWriter(ByteSource& source, int root, const LayerLimits& limits) : tar_(source), root_(root), limits_(limits) {}

  pika::Status run() {
    for (std::uint64_t count = 0;; ++count) {
      auto entry = PIKA_TRY(tar_.next());
      if (!entry) return {};
      if (count >= limits_.entries) return fail(ErrorKind::too_large, "the layer holds too many entries");
      PIKA_TRY(put(*entry));
    }
  }

 private:
  // The folder an entry lies in, made where the layer does not name it.
  Result<int> parent_of(const Place& place) {
    if (parent_fd_ && parent_ == place.parent) return parent_fd_.get();
    UniqueFd at(::fcntl(root_, F_DUPFD_CLOEXEC, 0));
    if (!place.parent.empty()) at = open_in(root_, place.parent, O_PATH | O_DIRECTORY);
    if (!at && errno == ENOENT) {
      auto above = PIKA_TRY(place_of(place.parent));
      auto folder = PIKA_TRY(parent_of(above));
      if (::mkdirat(folder, above.name.c_str(), 0755) != 0 && errno != EEXIST) throw SystemError("mkdir in a layer");
      made_.insert(above.whole);
      at = open_in(root_, place.parent, O_PATH | O_DIRECTORY);
    }
    if (!at)
      return fail(ErrorKind::invalid, fmt::format("the layer's folder {} is none: {}", pika::quote_name(place.parent),
                                                  std::strerror(errno)));
    parent_fd_ = std::move(at);
    parent_ = place.parent;
    return parent_fd_.get();
  }

  pika::Status put(const TarEntry& entry) {
    auto place = PIKA_TRY(place_of(entry.path));
    if (place.name.empty()) return {};  // the root itself
    auto folder = PIKA_TRY(parent_of(place));
    if (place.name == kOpaque) return clear(folder, place.parent);
    if (place.name.starts_with(kWhiteout)) {
      auto hidden = place.name.substr(kWhiteout.size());
      if (hidden.empty() || hidden == "." || hidden == "..")
        return fail(ErrorKind::invalid, "a whiteout names nothing");
      auto whole = place.parent.empty() ? hidden : place.parent + "/" + hidden;
      if (!made_.contains(whole)) remove_at(folder, hidden);
      forget_parent();
      return {};
    }
    made_.insert(place.whole);
    switch (entry.kind) {
      case TarEntry::Kind::folder:
        return put_folder(entry, folder, place);
      case TarEntry::Kind::file:
        return put_file(entry, folder, place);
      case TarEntry::Kind::symlink:
        replace(folder, place);
        if (entry.target.empty() || entry.target.find('\0') != std::string::npos)
          return fail(ErrorKind::invalid,
                      fmt::format("the layer's link {} leads nowhere", pika::quote_name(entry.path)));
        if (::symlinkat(entry.target.c_str(), folder, place.name.c_str()) != 0) throw SystemError("symlink in a layer");
        return {};
      case TarEntry::Kind::hardlink:
        return put_link(entry, folder, place);
      case TarEntry::Kind::device:
      case TarEntry::Kind::fifo:
        break;
    }
    return fail(ErrorKind::invalid,
                fmt::format("the layer's entry {} is a device or pipe", pika::quote_name(entry.path)));
  }

  void forget_parent() { parent_fd_.reset(); }

  void replace(int folder, const Place& place) {
    struct stat st{};
    if (::fstatat(folder, place.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return;
    remove_at(folder, place.name);
  }

  pika::Status put_folder(const TarEntry& entry, int folder, const Place& place) {
    struct stat st{};
    bool there = ::fstatat(folder, place.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (there && !S_ISDIR(st.st_mode)) {
      remove_at(folder, place.name);
      there = false;
    }
    if (!there && ::mkdirat(folder, place.name.c_str(), 0755) != 0) throw SystemError("mkdir in a layer");
    UniqueFd made(::openat(folder, place.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!made || ::fchmod(made.get(), (entry.mode & 0777) | 0700) != 0) throw SystemError("chmod in a layer");
    return {};
  }

  pika::Status put_file(const TarEntry& entry, int folder, const Place& place) {
    replace(folder, place);
    UniqueFd file(
        ::openat(folder, place.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, entry.mode & 0777));
    if (!file) throw SystemError("create a file of a layer");
    written_ += entry.size;
    if (written_ > limits_.bytes) return fail(ErrorKind::too_large, "the layer's files are too large");
    std::vector<char> buffer(64 * 1024);
    while (true) {
      auto n = PIKA_TRY(tar_.read(buffer.data(), buffer.size()));
      if (n == 0) break;
      pika::write_all(file.get(), {buffer.data(), n});
    }
    struct timespec times[2] = {{entry.mtime, 0}, {entry.mtime, 0}};
    ::futimens(file.get(), times);
    if (::fchmod(file.get(), entry.mode & 0777) != 0) throw SystemError("chmod in a layer");
    return {};
  }

  pika::Status put_link(const TarEntry& entry, int folder, const Place& place) {
    auto target = PIKA_TRY(place_of(entry.target));
    UniqueFd keep(::fcntl(folder, F_DUPFD_CLOEXEC, 0));
    forget_parent();
    UniqueFd from(::fcntl(root_, F_DUPFD_CLOEXEC, 0));
    if (!target.parent.empty()) from = open_in(root_, target.parent, O_PATH | O_DIRECTORY);
    struct stat st{};
    if (!from || target.name.empty() || ::fstatat(from.get(), target.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode))
      return fail(ErrorKind::invalid,
                  fmt::format("the layer's link {} leads to no file of the image", pika::quote_name(entry.path)));
    struct stat own{};
    if (::fstatat(keep.get(), place.name.c_str(), &own, AT_SYMLINK_NOFOLLOW) == 0 && own.st_ino == st.st_ino) return {};
    replace(keep.get(), place);
    if (::linkat(from.get(), target.name.c_str(), keep.get(), place.name.c_str(), 0) != 0)
      throw SystemError("link in a layer");
    return {};
  }

  // An opaque folder shows nothing of the layers below; what this one has put there stays.
  pika::Status clear(int folder, const std::string& path) {
    UniqueFd inner(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!inner) throw SystemError("open a folder of a layer");
    DIR* list = ::fdopendir(inner.get());
    if (!list) throw SystemError("list a folder of a layer");
    inner.release();
    std::vector<std::string> names;
    while (auto* entry = ::readdir(list)) {
      std::string name = entry->d_name;
      if (name != "." && name != ".." && !made_.contains(path.empty() ? name : path + "/" + name))
        names.push_back(std::move(name));
    }
    ::closedir(list);
    for (const auto& name : names) remove_at(folder, name);
    forget_parent();
    return {};
  }

  TarReader tar_;
  int root_;
  const LayerLimits& limits_;
  std::unordered_set<std::string> made_;  // by this layer
  std::uint64_t written_ = 0;
  std::string parent_;
  UniqueFd parent_fd_;
};

}  // namespace

pika::Status apply_layer(ByteSource& source, int root, const LayerLimits& limits) {
  return LayerWriter(source, root, limits).run();
}

}  // namespace jerichoci
