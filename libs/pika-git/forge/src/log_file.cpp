#include "log_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pika/base/clock.hpp"
#include "pika/base/files.hpp"

namespace pika::forge {

std::uint64_t log_size(const Layout& layout, domain::AttemptId attempt) {
  struct stat st{};
  return ::stat(layout.log_raw(attempt).c_str(), &st) == 0 ? static_cast<std::uint64_t>(st.st_size) : 0;
}

std::uint64_t append_log(const Layout& layout, domain::AttemptId attempt, std::uint64_t offset,
                         std::string_view bytes) {
  auto path = layout.log_raw(attempt);
  make_dirs(path.parent_path(), 0700);
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0) throw SystemError(fmt::format("stat '{}'", path.string()));
  auto have = static_cast<std::uint64_t>(st.st_size);
  if (offset > have || offset + bytes.size() <= have) return have;
  auto fresh = bytes.substr(have - offset);
  write_all(fd.get(), fresh);
  auto index = layout.log_index(attempt);
  UniqueFd index_fd(::open(index.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!index_fd) throw SystemError(fmt::format("open '{}'", index.string()));
  write_all(index_fd.get(), fmt::format("{} {} {}\n", have, fresh.size(), system_clock().now()));
  return have + fresh.size();
}

void sync_log(const Layout& layout, domain::AttemptId attempt) {
  UniqueFd fd(::open(layout.log_raw(attempt).c_str(), O_WRONLY | O_CLOEXEC));
  if (fd && ::fdatasync(fd.get()) != 0) throw SystemError("fdatasync of a log");
}

}  // namespace pika::forge
