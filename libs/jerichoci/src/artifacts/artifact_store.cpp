#include "artifacts/artifact_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::ErrorKind;
using pika::fail;
using pika::SystemError;
using pika::UniqueFd;

namespace {
constexpr std::size_t kOpenFiles = 16;  // above this many, the file system is synced whole
}

bool valid_content(std::string_view content) {
  return content.size() == 64 && std::all_of(content.begin(), content.end(),
                                             [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

pika::Result<UniqueFd> ArtifactStore::open(const std::string& content) const {
  if (!valid_content(content))
    return fail(ErrorKind::invalid, fmt::format("{} is no name of a content", pika::quote_name(content)));
  UniqueFd fd(::open(place(content).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (fd) return fd;
  if (errno == ENOENT)
    return fail(ErrorKind::not_found, fmt::format("the content {} is not kept any more", content),
                "run the job again to make it");
  throw SystemError(fmt::format("open '{}'", place(content).string()));
}

bool ArtifactStore::want(const std::vector<std::string>& contents) const {
  if (contents.empty()) return true;
  auto path = root_ / ".lock";
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) throw SystemError(fmt::format("open '{}'", path.string()));
  while (::flock(lock.get(), LOCK_SH) != 0)
    if (errno != EINTR) throw SystemError(fmt::format("lock '{}'", path.string()));
  for (const auto& content : contents) {
    if (!valid_content(content)) return false;
    if (::utimensat(AT_FDCWD, place(content).c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0) continue;
    if (errno == ENOENT) return false;
    throw SystemError(fmt::format("set the time of '{}'", place(content).string()));
  }
  return true;
}

ArtifactBatch::ArtifactBatch(const ArtifactStore& store) : store_(store) {
  pika::make_dirs(store.root(), 0700);
}

ArtifactBatch::~ArtifactBatch() {
  for (const auto& p : pending_) ::unlink(p.aside.c_str());
}

std::optional<ArtifactBatch::Content> ArtifactBatch::add(int from, std::uint64_t most) {
  Pending p;
  p.aside = store_.root() / (".new-" + pika::random_hex(8));
  p.fd = UniqueFd(::open(p.aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400));
  if (!p.fd) throw SystemError(fmt::format("create '{}'", p.aside.string()));
  pending_.push_back(std::move(p));  // from here on it is removed whatever happens
  auto& pending = pending_.back();
  pika::Sha256 digest;
  std::uint64_t bytes = 0;
  std::string buffer(256 * 1024, '\0');
  while (auto n = pika::read_some(from, buffer.data(), buffer.size())) {
    bytes += n;
    if (bytes > most) {
      ::unlink(pending.aside.c_str());
      pending_.pop_back();
      return std::nullopt;
    }
    digest.update({buffer.data(), n});
    pika::write_all(pending.fd.get(), {buffer.data(), n});
  }
  pending.content = digest.hex();
  if (pending_.size() > kOpenFiles) pending.fd.reset();
  return Content{pending.content, bytes};
}

void ArtifactBatch::sync() {
  if (pending_.size() <= kOpenFiles) {
    for (const auto& p : pending_)
      if (::fdatasync(p.fd.get()) != 0) throw SystemError(fmt::format("sync '{}'", p.aside.string()));
    return;
  }
  UniqueFd folder(::open(store_.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::syncfs(folder.get()) != 0) throw SystemError(fmt::format("sync '{}'", store_.root().string()));
}

void ArtifactBatch::name(const Pending& pending) const {
  auto place = store_.place(pending.content);
  struct stat st{};
  // There already: it is wanted now, which gc sees by its time.
  if (::lstat(place.c_str(), &st) == 0) {
    if (::utimensat(AT_FDCWD, place.c_str(), nullptr, 0) != 0)
      throw SystemError(fmt::format("set the time of '{}'", place.string()));
    ::unlink(pending.aside.c_str());
    return;
  }
  pika::make_dirs(place.parent_path(), 0700);
  // Its time is that of its last write, which may be long ago for the first files of a large batch.
  ::utimensat(AT_FDCWD, pending.aside.c_str(), nullptr, 0);
  if (::rename(pending.aside.c_str(), place.c_str()) != 0)
    throw SystemError(fmt::format("rename to '{}'", place.string()));
}

void ArtifactBatch::publish() {
  if (pending_.empty()) return;
  sync();
  {
    auto path = store_.root() / ".lock";
    UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) throw SystemError(fmt::format("open '{}'", path.string()));
    while (::flock(lock.get(), LOCK_SH) != 0)
      if (errno != EINTR) throw SystemError(fmt::format("lock '{}'", path.string()));
    for (const auto& p : pending_) name(p);
  }
  std::set<fs::path> folders;
  for (const auto& p : pending_) folders.insert(store_.place(p.content).parent_path());
  for (const auto& folder : folders) pika::sync_dir(folder);
  pending_.clear();
}

}  // namespace jerichoci
