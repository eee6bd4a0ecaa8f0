// Includes. In quotes: beside the including file first. Then below an include folder: one that a CMake list names, a
// folder called include, inc, src, source or headers, or the root; of several the one nearest to the including file.
// Last, the only file of the tree whose path ends so (a Makefile's -I is not read); the standard's own headers never.
// A header that is nowhere and has a template in the tree (x.h.in, x.h.cmake) stands for that.
#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "resolve/resolver.hpp"

namespace pika::invariants {
namespace {

constexpr auto kStandardHeaders = std::to_array<std::string_view>(
    {"aio.h",      "alloca.h",  "arpa/inet.h", "assert.h",   "byteswap.h",    "complex.h",   "cpio.h",
     "ctype.h",    "dirent.h",  "dlfcn.h",     "elf.h",      "endian.h",      "err.h",       "errno.h",
     "execinfo.h", "fcntl.h",   "features.h",  "fenv.h",     "float.h",       "fmtmsg.h",    "fnmatch.h",
     "ftw.h",      "getopt.h",  "glob.h",      "grp.h",      "iconv.h",       "ifaddrs.h",   "inttypes.h",
     "io.h",       "iso646.h",  "langinfo.h",  "libgen.h",   "limits.h",      "link.h",      "locale.h",
     "malloc.h",   "math.h",    "memory.h",    "mntent.h",   "monetary.h",    "mqueue.h",    "ndbm.h",
     "net/if.h",   "netdb.h",   "nl_types.h",  "paths.h",    "poll.h",        "pthread.h",   "pty.h",
     "pwd.h",      "regex.h",   "resolv.h",    "sched.h",    "search.h",      "semaphore.h", "setjmp.h",
     "shadow.h",   "signal.h",  "spawn.h",     "stdalign.h", "stdarg.h",      "stdatomic.h", "stdbool.h",
     "stddef.h",   "stdint.h",  "stdio.h",     "stdlib.h",   "stdnoreturn.h", "string.h",    "strings.h",
     "stropts.h",  "syscall.h", "sysexits.h",  "syslog.h",   "tar.h",         "termios.h",   "tgmath.h",
     "threads.h",  "time.h",    "trace.h",     "uchar.h",    "ucontext.h",    "ulimit.h",    "unistd.h",
     "utime.h",    "utmpx.h",   "values.h",    "wchar.h",    "wctype.h",      "windows.h",   "winsock2.h",
     "wordexp.h"});

bool is_standard(std::string_view header) {
  if (header.find('.') == header.npos) return header.find('/') == header.npos;  // <vector>
  for (auto folder : {"sys/", "linux/", "netinet/", "net/", "asm/", "bits/", "mach/"})
    if (header.starts_with(folder)) return true;
  return std::binary_search(kStandardHeaders.begin(), kStandardHeaders.end(), header);
}

bool is_include_folder_name(std::string_view name) {
  return name == "include" || name == "inc" || name == "src" || name == "source" || name == "headers" ||
         name == "includes";
}

// How many leading folders two folders share.
std::size_t shared_folders(std::string_view a, std::string_view b) {
  std::size_t count = 0, at = 0;
  while (at < a.size() && at < b.size()) {
    const auto part_a = a.substr(at, a.find('/', at) - at), part_b = b.substr(at, b.find('/', at) - at);
    if (part_a != part_b) break;
    ++count;
    at += part_a.size() + 1;
  }
  return count;
}

class Includes {
 public:
  Includes(const TreeIndex& index, Graph& graph) : index_(index), graph_(graph) {}

  void run() {
    declared_folders();
    const auto files = index_.of(Language::c);
    for (auto file : files) by_name_[name_in(index_.path(file))].push_back(file);
    for (auto file : files) {
      const auto& references = index_.tree.references(file);
      for (std::uint32_t i = 0; i < references.size(); ++i) resolve({graph_, file, i}, references[i]);
    }
  }

 private:
  // As a CMake list writes them, where no variable but those of places stands in it.
  void declared_folders() {
    for (auto list : index_.of(Language::cmake)) {
      const auto here = folder_of(index_.path(list));
      for (const auto& reference : index_.tree.references(list)) {
        if (reference.kind != RefKind::cmake_include_folder) continue;
        auto text = std::string_view(reference.text);
        for (auto wrapper : {"$<BUILD_INTERFACE:", "$<BUILD_LOCAL_INTERFACE:"})
          if (text.starts_with(wrapper) && text.ends_with('>'))
            text = text.substr(std::string_view(wrapper).size(), text.size() - std::string_view(wrapper).size() - 1);
        std::string_view base = here;
        if (text.starts_with("${")) {
          const auto end = text.find('}');
          if (end == text.npos) continue;
          const auto variable = text.substr(2, end - 2);
          if (variable == "CMAKE_SOURCE_DIR")
            base = {};
          else if (variable == "PROJECT_SOURCE_DIR" || variable.ends_with("_SOURCE_DIR"))
            base = variable == "CMAKE_CURRENT_SOURCE_DIR" ? here : project_of(here);
          else if (variable != "CMAKE_CURRENT_LIST_DIR")
            continue;
          text = text.substr(end + 1);
          while (text.starts_with('/')) text.remove_prefix(1);
        }
        if (text.find("$") != text.npos) continue;
        if (auto folder = path_from(base, text); folder && index_.folder(*folder)) declared_.insert(*folder);
      }
    }
  }

  // The outermost folder above `here` with a list of its own, which is nearly always the project's.
  std::string_view project_of(std::string_view here) const {
    std::string_view found = here;
    for (auto up = here;; up = folder_of(up)) {
      if (index_.file(join_path(up, "CMakeLists.txt"))) found = up;
      if (up.empty()) return found;
    }
  }

  void resolve(const Take& take, const Reference& reference) {
    const bool quoted = reference.kind == RefKind::include_quoted;
    const auto here = folder_of(index_.path(take.from));
    if (quoted) {
      if (auto path = path_from(here, reference.text))
        if (auto file = index_.file(*path)) return take.edge(*file);
    }
    auto key = std::string(quoted ? "q" : "a") + reference.text + "\n" + std::string(here);
    auto [known, is_new] = known_.try_emplace(std::move(key));
    if (is_new) known->second = anywhere(reference.text, here, quoted);
    if (known->second)
      take.edge(*known->second);
    else if (quoted && !is_standard(reference.text) && reference.text.find('@') == std::string::npos)
      take.dangling();  // "@" stands in templates for what the build puts there
  }

  std::optional<Node> anywhere(const std::string& header, std::string_view here, bool quoted) {
    if (auto file = search(header, here, quoted)) return file;
    if (!quoted && is_standard(header)) return std::nullopt;
    for (auto ending : {".in", ".cmake", ".cmake.in"}) {
      if (auto path = quoted ? path_from(here, header + ending) : std::nullopt)
        if (auto file = index_.file(*path)) return file;
      if (auto file = search(header + ending, here, quoted)) return file;
    }
    return std::nullopt;
  }

  std::optional<Node> search(std::string_view header, std::string_view here, bool quoted) {
    auto clean = clean_path(header);
    if (!clean || clean->empty()) {  // "../x/y.h" below an include folder
      while (header.starts_with("../")) header.remove_prefix(3);
      clean = clean_path(header);
      if (!clean || clean->empty()) return std::nullopt;
    }
    const auto named = by_name_.find(name_in(*clean));
    if (named == by_name_.end()) return std::nullopt;
    if (!quoted && is_standard(*clean)) return std::nullopt;
    std::optional<Node> best;
    std::size_t best_rank = 0, endings = 0;
    Node ending = 0;
    for (auto file : named->second) {
      const std::string_view path = index_.path(file);
      if (!path.ends_with(*clean)) continue;
      const auto rest = path.size() - clean->size();
      if (rest > 0 && path[rest - 1] != '/') continue;
      ++endings;
      ending = file;
      const auto folder = rest == 0 ? std::string_view() : path.substr(0, rest - 1);
      const bool told = declared_.contains(std::string(folder));
      if (!told && !folder.empty() && !is_include_folder_name(name_in(folder))) continue;
      const auto rank = 1 + 2 * shared_folders(folder, here) + (told ? 1 : 0);
      if (rank > best_rank) {
        best = file;
        best_rank = rank;
      }
    }
    if (best) return best;
    return endings == 1 ? std::optional(ending) : std::nullopt;
  }

  const TreeIndex& index_;
  Graph& graph_;
  std::unordered_set<std::string> declared_;
  std::unordered_map<std::string_view, std::vector<Node>> by_name_;
  std::unordered_map<std::string, std::optional<Node>> known_;
};

}  // namespace

void resolve_c(const TreeIndex& index, Graph& graph) {
  Includes(index, graph).run();
}

}  // namespace pika::invariants
