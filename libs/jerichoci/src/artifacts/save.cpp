#include "artifacts/save.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::ErrorKind;
using pika::fail;
using pika::SystemError;
using pika::UniqueFd;

namespace {

// The folder that the last part of `path` lies in, made on the way, one part after the other, none of them a symlink.
pika::Result<UniqueFd> enter_folder_of(const fs::path& folder, const std::vector<std::string_view>& parts) {
  UniqueFd at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!at) throw SystemError(fmt::format("open '{}'", folder.string()));
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    std::string name(parts[i]);
    if (::mkdirat(at.get(), name.c_str(), 0777) != 0 && errno != EEXIST)
      throw SystemError(fmt::format("mkdir {}", pika::quote_name(name)));
    UniqueFd next(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next)
      return fail(ErrorKind::conflict, fmt::format("{} in '{}' is no folder", pika::quote_name(name), folder.string()),
                  "name an empty folder");
    at = std::move(next);
  }
  return at;
}

}  // namespace

pika::Result<fs::path> save_artifact(const ArtifactStore& store, const ArtifactRecord& artifact,
                                     const fs::path& folder) {
  PIKA_TRY(check_inner_path(artifact.path, "artifact"));
  auto content = PIKA_TRY(store.open(artifact.content));
  pika::make_dirs(folder);
  std::vector<std::string_view> parts;
  for (auto part : pika::split(artifact.path, '/'))
    if (!part.empty() && part != ".") parts.push_back(part);
  if (parts.empty()) return fail(ErrorKind::invalid, "an artifact without a name");
  auto at = PIKA_TRY(enter_folder_of(folder, parts));
  std::string name(parts.back());
  UniqueFd out(::openat(at.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        artifact.executable ? 0777 : 0666));
  if (!out && errno == EEXIST)
    return fail(ErrorKind::conflict,
                fmt::format("{} is in '{}' already", pika::quote_name(artifact.path), folder.string()),
                "name an empty folder");
  if (!out) throw SystemError(fmt::format("create {}", pika::quote_name(artifact.path)));
  std::string buffer(256 * 1024, '\0');
  while (auto n = pika::read_some(content.get(), buffer.data(), buffer.size()))
    pika::write_all(out.get(), {buffer.data(), n});
  return folder / artifact.path;
}

}  // namespace jerichoci
