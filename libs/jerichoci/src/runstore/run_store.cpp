#include "runstore/run_store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "pika/base/clock.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "runstore/replace_file.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::ErrorKind;
using pika::fail;
using pika::SystemError;
using pika::UniqueFd;

RunStore::RunStore(fs::path state_root) : root_(std::move(state_root)) {
  pika::make_dirs(root_ / "runs");
  pika::make_dirs(root_ / "busy");
}

pika::Status RunStore::create(const std::string& run_id) const {
  if (!valid_run_id(run_id))
    return fail(ErrorKind::invalid, fmt::format("{} is no run id", pika::quote_name(run_id)),
                "use letters, digits, - and _, at most 64 characters");
  if (::mkdir(run_folder(run_id).c_str(), 0755) != 0) {
    if (errno == EEXIST) return fail(ErrorKind::conflict, fmt::format("there is a run '{}' already", run_id));
    throw SystemError(fmt::format("mkdir '{}'", run_folder(run_id).string()));
  }
  return {};
}

void RunStore::write_record(const RunRecord& run, Durable durable) const {
  auto path = run_folder(run.run_id) / "run.json";
  auto text = pika::json::print_pretty(to_json(run));
  if (durable == Durable::yes) {
    pika::write_file_atomic(path, text);
  } else {
    replace_file(path, text);
  }
}

pika::Result<RunRecord> RunStore::read_record(const std::string& run_id) const {
  if (!valid_run_id(run_id)) return fail(ErrorKind::invalid, fmt::format("{} is no run id", pika::quote_name(run_id)));
  auto text = pika::read_file(run_folder(run_id) / "run.json");
  if (!text)
    return fail(ErrorKind::not_found, fmt::format("there is no run '{}' here", run_id), "list them with 'pikaci list'");
  auto what = fmt::format("runs/{}/run.json", run_id);
  auto value = PIKA_TRY(pika::json::parse(*text, what));
  auto run = run_record_from_json(value);
  if (!run) return fail(run.error().kind, fmt::format("{}: {}", what, run.error().what), run.error().advice);
  if (run->run_id != run_id) return fail(ErrorKind::invalid, fmt::format("{} is the record of another run", what));
  return run;
}

namespace {

// The first ten characters of a ULID are the time in milliseconds, base 32.
std::int64_t time_of_ulid(std::string_view id) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::int64_t ms = 0;
  for (char c : id.substr(0, 10)) ms = ms * 32 + static_cast<std::int64_t>(kDigits.find(c));
  return ms;
}

std::optional<std::int64_t> time_of_folder(const fs::path& folder) {
  struct stat st{};
  // plan.json is written once, at the beginning
  if (::stat((folder / "plan.json").c_str(), &st) != 0 && ::stat(folder.c_str(), &st) != 0) return std::nullopt;
  return st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1'000'000;
}

}  // namespace

std::vector<std::string> RunStore::list(std::size_t limit) const {
  struct Entry {
    std::int64_t time;
    std::string id;
  };
  std::vector<Entry> found;
  auto folder = root_ / "runs";
  struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };
  std::unique_ptr<DIR, CloseDir> dir(::opendir(folder.c_str()));
  if (!dir) throw SystemError(fmt::format("read '{}'", folder.string()));
  while (const auto* entry = ::readdir(dir.get())) {
    std::string_view id = entry->d_name;
    if (!valid_run_id(id)) continue;
    auto time = pika::is_ulid(id) ? time_of_ulid(id) : time_of_folder(folder / id);
    if (time) found.push_back({*time, std::string(id)});
  }
  auto newer = [](const Entry& a, const Entry& b) { return std::tie(b.time, b.id) < std::tie(a.time, a.id); };
  auto wanted = static_cast<std::ptrdiff_t>(std::min(limit, found.size()));
  std::partial_sort(found.begin(), found.begin() + wanted, found.end(), newer);
  std::vector<std::string> out;
  for (auto it = found.begin(); it != found.begin() + wanted; ++it) out.push_back(std::move(it->id));
  return out;
}

std::optional<BusyMark> BusyMark::take(const fs::path& state_root, const std::string& run_id) {
  auto path = state_root / "busy" / run_id;
  while (true) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      throw SystemError(fmt::format("flock '{}'", path.string()));
    }
    struct stat st{};
    if (::fstat(fd.get(), &st) != 0) throw SystemError(fmt::format("stat '{}'", path.string()));
    // Whoever had it may have removed the name between our open and our lock: then the lock holds nothing.
    if (st.st_nlink == 0) continue;
    BusyMark mark(std::move(path), std::move(fd));
    if (auto start = process_start_time(::getpid())) mark.note(fmt::format("engine {} {}", ::getpid(), *start));
    return mark;
  }
}

namespace {

// Whether the last that locked this file says who it is, and is no more. Only worth waiting by: the lock decides.
bool holder_is_dead(const fs::path& mark) {
  auto text = pika::read_file(mark);
  if (!text) return false;
  bool dead = false;
  for (auto line : pika::split(*text, '\n')) {
    auto words = pika::split(line, ' ');
    if (words.size() != 3 || words[0] != "engine") continue;
    auto pid = pika::parse_number<int>(words[1]);
    auto start = pika::parse_number<std::uint64_t>(words[2]);
    dead = pid && start && process_start_time(*pid) != start;
  }
  return dead;
}

}  // namespace

std::optional<BusyMark> BusyMark::take_over(const fs::path& state_root, const std::string& run_id) {
  auto give_up = pika::monotonic_now() + 2 * pika::kSecond;
  while (true) {
    auto mark = take(state_root, run_id);
    if (mark || pika::monotonic_now() > give_up || !holder_is_dead(state_root / "busy" / run_id)) return mark;
    ::poll(nullptr, 0, 5);
  }
}

BusyMark::BusyMark(BusyMark&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::move(other.fd_)), done_(other.done_) {}

BusyMark& BusyMark::operator=(BusyMark&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(done_, other.done_);
  return *this;
}

BusyMark::~BusyMark() {
  if (fd_ && done_) ::unlink(path_.c_str());
}

void BusyMark::note(const std::string& line) {
  pika::write_all(fd_.get(), line + "\n");
}

std::vector<std::string> BusyMark::lines() const {
  std::vector<std::string> out;
  auto text = pika::read_file(path_);
  if (!text) return out;
  for (auto line : pika::split(*text, '\n'))
    if (!line.empty()) out.emplace_back(line);
  return out;
}

void BusyMark::done() {
  done_ = true;
}

}  // namespace jerichoci
