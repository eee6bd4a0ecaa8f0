#include "cli/group_slots.hpp"

#include <poll.h>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

namespace {

// A group's name is words of the catalogue; a file's name is not.
std::filesystem::path slot_file(const std::filesystem::path& folder, const std::string& group, unsigned slot) {
  return folder / fmt::format("{}.{}", pika::sha256_hex(group).substr(0, 32), slot);
}

}  // namespace

std::optional<GroupSlots> GroupSlots::take(Console& console, const Catalogue& catalogue,
                                           const std::vector<std::string>& groups) {
  constexpr int kAgainMs = 200;
  GroupSlots slots;
  if (groups.empty()) return slots;
  auto folder = console.context().state_root / "concurrency-groups";
  pika::make_dirs(folder);
  for (const auto& group : groups) {
    auto size = catalogue.group_size(group);
    for (bool told = false, taken = false; !taken; told = true) {
      for (unsigned slot = 0; slot < size && !taken; ++slot) {
        auto lock = pika::FileLock::try_lock(slot_file(folder, group, slot));
        if (!lock) continue;
        slots.held_.push_back(std::move(*lock));
        taken = true;
      }
      if (taken) break;
      if (console.context().cancel.cancelled()) return std::nullopt;
      if (!told)
        console.note(fmt::format("waits for the concurrency group '{}', of which {} run{} at once", printable(group),
                                 size, size == 1 ? "s" : ""));
      struct pollfd cancelled{console.context().cancel.fd(), POLLIN, 0};
      ::poll(&cancelled, 1, kAgainMs);
    }
  }
  return slots;
}

}  // namespace pikaci
