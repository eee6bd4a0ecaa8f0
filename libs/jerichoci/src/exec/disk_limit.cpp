#include "exec/disk_limit.hpp"

#include <fmt/format.h>
#include <signal.h>

#include "pika/base/text.hpp"

namespace jerichoci {

namespace {

DiskUse count(const Workspace& workspace, bool limited) {
  if (workspace.disk()) return DiskUse({});
  auto folders = workspace.written();
  // Without a limit it is not worth the time to count more than the tree.
  if (!limited) folders.resize(1);
  return DiskUse(std::move(folders));
}

}  // namespace

DiskLimit::DiskLimit(const Workspace& workspace, std::optional<std::uint64_t> limit)
    : disk_(workspace.disk()), counted_(count(workspace, limit.has_value())), limit_(limit) {}

bool DiskLimit::look() {
  if (!limit_ || over_) return false;
  over_ = disk_ ? disk_->full() : counted_.now() > *limit_;
  return over_ && !disk_;
}

void DiskLimit::end() {
  used_ = disk_ ? disk_->used() : counted_.at_end();
  if (disk_) lost_ = disk_->lost();
  if (limit_) over_ = over_ || (disk_ ? disk_->full() : used_ > *limit_);
}

std::optional<std::string> DiskLimit::broken(int exit_code) const {
  if (!limit_) return std::nullopt;
  auto size = pika::format_bytes(*limit_);
  if (!disk_) {
    if (!over_ && exit_code != 128 + SIGXFSZ) return std::nullopt;
    return "disk: it wrote more than " + size;
  }
  if (!over_ || exit_code == 0) return std::nullopt;
  return fmt::format("disk: the {} that it may write were full; exit code {}", size, exit_code);
}

}  // namespace jerichoci
