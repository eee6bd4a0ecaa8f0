#include "snapshot/tree_compare.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "pika/base/result.hpp"
#include "snapshot/tree_walk.hpp"

namespace jerichoci {

namespace fs = std::filesystem;

namespace {

// One line for each name, in an order that does not depend on the folder's.
std::string summary(const fs::path& root) {
  pika::UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw pika::SystemError(fmt::format("open '{}'", root.string()));
  FolderCursor at(std::move(fd), root.string());
  std::string out;
  auto visit = [&] {
    std::vector<std::pair<std::string, std::string>> lines;
    std::vector<std::string> folders;
    each_entry(at.fd(), [&](const char* name) {
      struct stat st{};
      if (::fstatat(at.fd(), name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        throw pika::SystemError(fmt::format("stat '{}'", at.path(name)));
      bool folder = S_ISDIR(st.st_mode);
      if (!folder && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) return;  // is not saved
      // Who could read it is settled when it is saved, so those bits are not compared.
      auto mode = S_ISLNK(st.st_mode) ? st.st_mode : (st.st_mode & S_IFMT) | (st.st_mode & 0077) | (st.st_mode & 0100);
      lines.emplace_back(name, fmt::format("{:o} {} {}.{}", mode, folder ? 0 : st.st_size,
                                           folder ? 0 : st.st_mtim.tv_sec, folder ? 0 : st.st_mtim.tv_nsec));
      if (folder) folders.emplace_back(name);
    });
    std::sort(lines.begin(), lines.end());
    std::sort(folders.rbegin(), folders.rend());
    for (const auto& [name, line] : lines) out += name + '\0' + line + '\n';
    out += '\n';
    return folders;
  };
  walk_folders({visit, [&](const std::string& name) { at.down(name.c_str()); }, [&] { at.up(); }});
  return out;
}

}  // namespace

bool same_tree(const fs::path& a, const fs::path& b) {
  return summary(a) == summary(b);
}

}  // namespace jerichoci
