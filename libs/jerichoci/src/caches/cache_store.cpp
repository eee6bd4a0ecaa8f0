#include "caches/cache_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "jerichoci/model.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
namespace json = pika::json;
using pika::SystemError;
using pika::UniqueFd;

namespace {

constexpr std::string_view kLayout = "2\n";

// Waits: whoever holds it renames and removes, and is soon done.
UniqueFd lock_folder(const fs::path& folder) {
  auto path = folder / ".lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
  while (::flock(fd.get(), LOCK_EX) != 0)
    if (errno != EINTR) throw SystemError(fmt::format("flock '{}'", path.string()));
  return fd;
}

// The numbers of the generations, highest first; also of folders that are none (yet).
std::vector<std::uint64_t> numbers_in(const fs::path& folder) {
  std::vector<std::uint64_t> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (auto number = pika::parse_number<std::uint64_t>(it->path().filename().string())) out.push_back(*number);
  std::sort(out.rbegin(), out.rend());
  return out;
}

fs::path facts_path(const fs::path& files) {
  return files.string() + ".json";
}

std::optional<GenerationFacts> read_facts(const fs::path& files) {
  auto text = pika::read_file(facts_path(files));
  auto value = text ? json::parse(*text, "a cache's facts") : json::parse("", "");
  if (!value) return std::nullopt;
  GenerationFacts facts;
  auto tree = pika::git::Oid::parse(json::find_string(*value, "tree").value_or(""));
  auto saved_at = json::find_int(*value, "saved_at");
  if (!tree || !saved_at) return std::nullopt;
  facts.tree = *tree;
  facts.saved_at = *saved_at;
  facts.bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, json::find_int(*value, "bytes").value_or(0)));
  facts.run_id = json::find_string(*value, "run").value_or("");
  facts.one_tree = json::find_bool(*value, "one_tree").value_or(false);
  const auto* touched = json::find_array(*value, "touched");
  if (!touched) return std::nullopt;
  for (const auto& item : *touched) {
    const auto* named = json::find(item, "path");
    auto path = named ? bytes_from_json(*named) : std::nullopt;
    auto time = json::find_int(item, "time");
    if (!path || !time || !check_inner_path(*path, "a path")) return std::nullopt;
    facts.touched[*path] = *time;
  }
  return facts;
}

std::string print_facts(const GenerationFacts& facts) {
  json::Array touched;
  for (const auto& [path, time] : facts.touched)
    touched.push_back(json::Object{{"path", bytes_to_json(path)}, {"time", time}});
  return json::print_pretty(json::Object{{"schema_version", 1},
                                         {"saved_at", facts.saved_at},
                                         {"bytes", facts.bytes},
                                         {"tree", facts.tree.hex()},
                                         {"run", facts.run_id},
                                         {"touched", std::move(touched)},
                                         {"one_tree", facts.one_tree}});
}

}  // namespace

CacheStore::CacheStore(const fs::path& state_root, std::optional<std::uint32_t> owner)
    : root_(state_root / "caches"), owner_(owner) {
  pika::make_dirs(root_, 0700);
  try {
    sweep();
  } catch (const std::system_error& error) {
    pika::log_warning("jerichoci", "old caches stay: {}", error.what());
  }
}

void CacheStore::sweep() const {
  auto mark = root_ / ".layout";
  auto layout = pika::read_file(mark);
  if (!layout || *layout != kLayout) {
    for (const auto& entry : fs::directory_iterator(root_)) pika::remove_tree(entry.path());
    pika::write_file_atomic(mark, kLayout);
  }
  each_place([&](const CachePlace& place) {
    auto numbers = numbers_in(folder(place));
    if (numbers.size() < 2 && (numbers.empty() || read_facts(folder(place) / std::to_string(numbers[0])))) return;
    auto lock = lock_folder(folder(place));
    prune(folder(place));
  });
}

fs::path CacheStore::folder(const CachePlace& place) const {
  return root_ / place.domain / place.name / place.key;
}

namespace {

std::vector<std::string> ids_in(const fs::path& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error))
    if (it->is_directory() && valid_id(it->path().filename().string())) names.push_back(it->path().filename().string());
  return names;
}

}  // namespace

std::vector<CachePlace> CacheStore::places(const std::string& domain) const {
  std::vector<CachePlace> out;
  for (const auto& name : ids_in(root_ / domain))
    for (const auto& key : ids_in(root_ / domain / name)) out.push_back({domain, name, key});
  return out;
}

template <class F>
void CacheStore::each_place(F&& each) const {
  for (const auto& domain : ids_in(root_))
    for (const auto& place : places(domain)) each(place);
}

std::optional<Generation> CacheStore::current(const CachePlace& place) const {
  for (auto number : numbers_in(folder(place))) {
    auto files = folder(place) / std::to_string(number);
    UniqueFd lock(::open(facts_path(files).c_str(), O_RDONLY | O_CLOEXEC));
    struct stat st{};
    if (!lock || ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 || ::fstat(lock.get(), &st) != 0 || st.st_nlink == 0)
      continue;  // just being removed: then there is a newer one, or none
    auto facts = read_facts(files);
    if (!facts || ::stat(files.c_str(), &st) != 0 || !S_ISDIR(st.st_mode)) continue;
    if (owner_ && st.st_uid != *owner_) continue;  // jobs were another user then and could not write their view
    ::utimensat(AT_FDCWD, facts_path(files).c_str(), nullptr, 0);  // used now
    return Generation{files, std::move(*facts), std::move(lock)};
  }
  return std::nullopt;
}

void CacheStore::publish(const CachePlace& place, const fs::path& aside, const GenerationFacts& facts) const {
  pika::make_dirs(folder(place), 0700);
  auto lock = lock_folder(folder(place));
  auto numbers = numbers_in(folder(place));
  auto files = folder(place) / std::to_string(numbers.empty() ? 1 : numbers[0] + 1);
  if (::rename(aside.c_str(), files.c_str()) != 0) throw SystemError(fmt::format("rename to '{}'", files.string()));
  pika::write_file_atomic(facts_path(files), print_facts(facts));
  prune(folder(place));
}

std::size_t CacheStore::take_over(const std::string& from, const std::string& to, const pika::git::Oid& tree) const {
  std::size_t taken = 0;
  for (const auto& place : places(from)) taken += take_over_one(place, {to, place.name, place.key}, tree) ? 1 : 0;
  return taken;
}

// Its facts go first: a kill in between leaves files without facts, which are none.
bool CacheStore::take_over_one(const CachePlace& from, const CachePlace& to, const pika::git::Oid& tree) const {
  auto lock = lock_folder(folder(from));
  for (auto number : numbers_in(folder(from))) {
    auto files = folder(from) / std::to_string(number);
    UniqueFd unused(::open(facts_path(files).c_str(), O_RDONLY | O_CLOEXEC));
    auto facts = unused ? read_facts(files) : std::nullopt;
    if (!facts) continue;
    if (!facts->one_tree || facts->tree != tree || ::flock(unused.get(), LOCK_EX | LOCK_NB) != 0) return false;
    if (::unlink(facts_path(files).c_str()) != 0) throw SystemError(fmt::format("unlink '{}'", files.string()));
    publish(to, files, *facts);
    return true;
  }
  return false;
}

// Under the folder's lock: what has no facts is a dead engine's.
void CacheStore::prune(const fs::path& folder) const {
  bool counted = false;
  for (auto number : numbers_in(folder)) {
    auto files = folder / std::to_string(number);
    if (!counted && read_facts(files)) {
      counted = true;
      continue;
    }
    remove_generation(files);
  }
}

bool CacheStore::remove_generation(const fs::path& files) const {
  UniqueFd lock(::open(facts_path(files).c_str(), O_RDONLY | O_CLOEXEC));
  if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return false;
  ::unlink(facts_path(files).c_str());
  pika::remove_tree(files);
  return true;
}

std::vector<CacheStore::Kept> CacheStore::list() const {
  std::vector<Kept> out;
  each_place([&](const CachePlace& place) {
    for (auto number : numbers_in(folder(place))) {
      auto files = folder(place) / std::to_string(number);
      struct stat st{};
      auto facts = read_facts(files);
      if (!facts || ::stat(facts_path(files).c_str(), &st) != 0) continue;
      out.push_back({place, st.st_mtim.tv_sec * pika::kSecond + st.st_mtim.tv_nsec / 1000, facts->bytes});
      return;
    }
  });
  std::sort(out.begin(), out.end(), [](const Kept& a, const Kept& b) { return a.used_at < b.used_at; });
  return out;
}

bool CacheStore::remove(const CachePlace& place) const {
  struct stat st{};
  if (::stat(folder(place).c_str(), &st) != 0) return true;
  auto lock = lock_folder(folder(place));
  bool all = true;
  for (auto number : numbers_in(folder(place))) all &= remove_generation(folder(place) / std::to_string(number));
  return all;
}

}  // namespace jerichoci
