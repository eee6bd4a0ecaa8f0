#include "exec/sandbox_etc.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "runstore/replace_file.hpp"
#include "runstore/sweep.hpp"
#include "snapshot/tree_copy.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::SystemError;

namespace {

// No accounts, no keys, no configuration of the host beyond what programs and libraries look up by themselves.
constexpr const char* kEntries[] = {
    "ca-certificates", "ca-certificates.conf", "chromium",      "chromium.d",      "debian_version", "gai.conf",
    "java-11-openjdk", "java-17-openjdk",      "ld.so.cache",   "ld.so.conf",      "ld.so.conf.d",   "localtime",
    "magic",           "mime.types",           "nsswitch.conf", "os-release",      "perl",           "protocols",
    "python3",         "python3.11",           "services",      "ssl/openssl.cnf", "timezone",       "xml"};

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/:/usr/sbin/nologin\njob:x:1000:1000:job:/tmp/home:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
constexpr std::string_view kGroup = "root:x:0:\njob:x:1000:\nnogroup:x:65534:\n";
constexpr std::string_view kHosts = "127.0.0.1 localhost pika\n::1 localhost\n";

// What the host's entries are now, as far as their times, sizes and places tell. The boot is part of it: nothing here
// is synced, and after a power cut the copies may be empty.
std::string signature() {
  auto boot = pika::read_file("/proc/sys/kernel/random/boot_id");
  std::string out = boot ? *boot : std::string();
  for (auto* name : kEntries) {
    struct stat st{};
    if (::lstat((fs::path("/etc") / name).c_str(), &st) != 0) continue;
    out += fmt::format("{} {} {} {}.{}\n", name, st.st_ino, st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  }
  return out;
}

std::string current_name() {
  return pika::sha256_hex(signature()).substr(0, 32);
}

void copy_entry(const fs::path& from, const fs::path& to) {
  struct stat st{};
  if (::lstat(from.c_str(), &st) != 0) return;
  pika::make_dirs(to.parent_path());
  if (S_ISDIR(st.st_mode)) return copy_tree(from, to, CopyFiles::copy);
  if (S_ISLNK(st.st_mode)) return fs::create_symlink(fs::read_symlink(from), to);
  auto bytes = pika::read_file(from);
  if (bytes) replace_file(to, *bytes);
}

void build(const fs::path& folder) {
  for (auto* name : kEntries) {
    try {
      copy_entry(fs::path("/etc") / name, folder / name);
    } catch (const std::system_error&) {
      pika::remove_tree(folder / name);  // not for our eyes (an ordinary user's engine), or changing just now
    }
  }
  for (auto* name : kSandboxEtcFolders) pika::make_dirs(folder / name);
  replace_file(folder / "passwd", kPasswd);
  replace_file(folder / "group", kGroup);
  replace_file(folder / "hosts", kHosts);
  replace_file(folder / "resolv.conf", "");  // covered by the host's where the network is on
}

}  // namespace

fs::path prepare_sandbox_etc(const fs::path& state_root) {
  auto parent = state_root / "sandbox-etc";
  auto place = parent / current_name();
  struct stat st{};
  if (::stat(place.c_str(), &st) == 0) return place;
  pika::make_dirs(parent, 0755);
  auto aside = parent / (".new-" + pika::random_hex(8));
  pika::make_dirs(aside, 0755);
  build(aside);
  if (::rename(aside.c_str(), place.c_str()) != 0) {
    int error = errno;
    pika::remove_tree(aside);
    if (error != ENOTEMPTY && error != EEXIST) throw SystemError(error, fmt::format("rename to '{}'", place.string()));
  }
  return place;
}

void sweep_sandbox_etc(const fs::path& state_root) {
  auto keep = current_name();
  std::vector<fs::path> gone;
  std::error_code error;
  for (fs::directory_iterator it(state_root / "sandbox-etc", error), end; !error && it != end; it.increment(error))
    if (it->path().filename() != keep) gone.push_back(it->path());
  for (const auto& path : gone) remove_left(path);
}

}  // namespace jerichoci
