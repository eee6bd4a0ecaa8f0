#include "prepared/output_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "prepared/nix_build.hpp"
#include "prepared/output_lock.hpp"
#include "prepared/store_path.hpp"
#include "prepared/strict_json.hpp"

namespace jerichoci {

namespace json = pika::json;
using pika::ErrorKind;
using pika::fail;
using pika::SystemError;
using pika::UniqueFd;

namespace {

bool is_content(std::string_view name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

pika::Status check_content(const std::string& content) {
  if (is_content(content)) return {};
  return fail(ErrorKind::invalid, fmt::format("{} is no name of a prepared output", pika::quote_name(content)),
              "it is 64 hex digits: see the list");
}

json::Value record_to_json(const PreparedOutput& o) {
  json::Object out{
      {"schema_version", 1},       {"content", o.content}, {"id", o.id},       {"role", bytes_to_json(o.role)},
      {"trust", o.trust},          {"run_id", o.run_id},   {"bytes", o.bytes}, {"files", o.files},
      {"created_at", o.created_at}};
  if (!o.built_path.empty()) out["built_path"] = o.built_path;
  return out;
}

pika::Result<PreparedOutput> record_from_json(const json::Value& v, const std::string& content) {
  auto what = fmt::format("outputs/{}/output.json", content);
  PIKA_TRY(check_fields(v, what, {"content", "id", "role", "trust", "run_id", "bytes", "files", "created_at"},
                        {"built_path"}));
  PreparedOutput o;
  o.content = PIKA_TRY(strict_string(v, "content", what));
  if (o.content != content) return fail(ErrorKind::invalid, fmt::format("{} is the record of another output", what));
  o.id = PIKA_TRY(strict_string(v, "id", what));
  o.role = PIKA_TRY(strict_string(v, "role", what));
  o.trust = PIKA_TRY(strict_string(v, "trust", what));
  o.run_id = PIKA_TRY(strict_string(v, "run_id", what));
  o.bytes = static_cast<std::uint64_t>(PIKA_TRY(json::get_int(v, "bytes")));
  o.files = static_cast<std::uint64_t>(PIKA_TRY(json::get_int(v, "files")));
  o.created_at = PIKA_TRY(json::get_int(v, "created_at"));
  if (json::find(v, "built_path")) o.built_path = PIKA_TRY(strict_string(v, "built_path", what));
  return o;
}

// Everything of the file system that holds `folder` is on the disk: one call instead of one for each file.
void sync_file_system(const fs::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::syncfs(fd.get()) != 0) throw SystemError(fmt::format("sync '{}'", folder.string()));
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

HeldOutput::HeldOutput(std::string content, const fs::path& folder, std::string built_path)
    : content_(std::move(content)), built_path_(std::move(built_path)), payload_(folder) {
  if (!built_path_.empty()) {
    if (!is_store_path(built_path_)) throw SystemError(EIO, "the path that nix built is no path of its store");
    closure_ = folder / "store";
    payload_ = *closure_ / fs::path(built_path_).filename();
  }
  exposed = payload_;
  auto manifest = read_manifest(payload_);
  if (!manifest) throw SystemError(EIO, manifest.error().what);
  manifest_ = std::move(*manifest);
}

HeldOutput::~HeldOutput() {
  if (user_) ::unlink(user_file_.c_str());
}

struct OutputStore::Lock {
  explicit Lock(const fs::path& root) {
    auto path = root / ".lock";
    fd = UniqueFd(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
    int got = -1;
    while (fd && (got = ::flock(fd.get(), LOCK_EX)) != 0 && errno == EINTR) {
    }
    if (got != 0) throw SystemError(fmt::format("lock '{}'", path.string()));
  }
  UniqueFd fd;
};

OutputStore::OutputStore(const fs::path& state_root, FaultHook fault)
    : root_(state_root / "outputs"), fault_(std::move(fault)) {
  pika::make_dirs(root_, 0700);
  for (const auto& name : names_in(root_))
    if (name.starts_with(".gone-")) pika::remove_tree(root_ / name);
  remove_stale_output_locks(root_);
}

pika::Result<PreparedOutput> OutputStore::read(const std::string& content, bool users) {
  auto file = root_ / content / "output.json";
  auto text = PIKA_TRY(pika::read_file(file));
  auto value = PIKA_TRY(json::parse(text, fmt::format("outputs/{}/output.json", content)));
  auto out = PIKA_TRY(record_from_json(value, content));
  struct stat st{};
  if (::stat(file.c_str(), &st) == 0) out.used_at = st.st_mtim.tv_sec * pika::kSecond + st.st_mtim.tv_nsec / 1000;
  if (users) out.used_by = users_of(content);
  out.pinned_by = names_in(root_ / content / "pins");
  return out;
}

std::vector<std::string> OutputStore::users_of(const std::string& content) {
  std::vector<std::string> out;
  for (const auto& name : names_in(root_ / content / "users")) {
    auto path = root_ / content / "users" / name;
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) continue;
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
      ::unlink(path.c_str());  // of a run whose engine is dead
    } else {
      out.push_back(name.substr(0, name.rfind('.')));
    }
  }
  return out;
}

// With the lock held.
std::shared_ptr<HeldOutput> OutputStore::use(const std::string& content, const std::string& run_id) {
  auto folder = root_ / content;
  auto record = read(content, false);
  if (!record) throw SystemError(EIO, record.error().what);
  auto held = std::make_shared<HeldOutput>(content, folder / "payload", record->built_path);
  held->bytes = record->bytes;
  auto file = folder / "users" / fmt::format("{}.{}", run_id, pika::random_hex(6));
  held->user_ = UniqueFd(::open(file.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!held->user_ || ::flock(held->user_.get(), LOCK_SH | LOCK_NB) != 0)
    throw SystemError(fmt::format("lock '{}'", file.string()));
  held->user_file_ = std::move(file);
  for (const auto& path : {folder / "output.json", folder}) ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
  return held;
}

std::shared_ptr<HeldOutput> OutputStore::hold(const std::string& content, const std::string& run_id) {
  fs::path broken;
  {
    Lock lock(root_);
    std::error_code error;
    if (!fs::exists(root_ / content, error)) return nullptr;
    try {
      return use(content, run_id);
    } catch (const SystemError& trouble) {
      if (trouble.code().value() != EIO) throw;
      pika::log_warning("jerichoci", "the prepared output {} is made again: {}", content, trouble.what());
      broken = take_away(content);
    }
  }
  pika::remove_tree(broken);
  return nullptr;
}

std::shared_ptr<HeldOutput> OutputStore::publish(const fs::path& aside, const PreparedOutput& output) {
  pika::make_dirs(aside / "users", 0700);
  pika::make_dirs(aside / "pins", 0700);
  pika::write_file_atomic(aside / "output.json", json::print_pretty(record_to_json(output)));
  sync_file_system(aside);
  reach(fault_, FaultPoint::output_built);
  std::shared_ptr<HeldOutput> held;
  {
    Lock lock(root_);
    if (::rename(aside.c_str(), (root_ / output.content).c_str()) != 0 && errno != EEXIST && errno != ENOTEMPTY)
      throw SystemError(fmt::format("rename '{}'", aside.string()));
    pika::sync_dir(root_);
    reach(fault_, FaultPoint::output_published);
    held = use(output.content, output.run_id);
  }
  pika::remove_tree(aside);
  return held;
}

std::set<std::string> OutputStore::contents() {
  std::set<std::string> out;
  for (auto& name : names_in(root_))
    if (is_content(name)) out.insert(std::move(name));
  return out;
}

std::vector<PreparedOutput> OutputStore::list(std::vector<std::string>* warnings) {
  std::vector<PreparedOutput> out;
  Lock lock(root_);
  for (const auto& name : names_in(root_)) {
    if (!is_content(name)) continue;
    auto output = read(name, true);
    if (output) {
      out.push_back(std::move(*output));
    } else if (warnings) {
      warnings->push_back(fmt::format("prepared output {} is left out: {}", name, output.error().what));
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::tie(b.used_at, a.content) < std::tie(a.used_at, b.content);
  });
  return out;
}

pika::Status OutputStore::pin(const std::string& content, const std::string& name) {
  PIKA_TRY(check_content(content));
  if (!valid_run_id(name))
    return fail(ErrorKind::invalid, fmt::format("{} cannot name a pin", pika::quote_name(name)),
                "use letters, digits, - and _, at most 64 characters");
  Lock lock(root_);
  UniqueFd fd(::open((root_ / content / "pins" / name).c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd) return {};
  if (errno == ENOENT) return fail(ErrorKind::not_found, fmt::format("there is no prepared output {}", content));
  throw SystemError(fmt::format("pin '{}'", content));
}

pika::Status OutputStore::unpin(const std::string& content, const std::string& name) {
  PIKA_TRY(check_content(content));
  if (!valid_run_id(name) || ::unlink((root_ / content / "pins" / name).c_str()) != 0)
    return fail(ErrorKind::not_found, fmt::format("{} does not pin {}", pika::quote_name(name), content));
  return {};
}

fs::path OutputStore::take_away(const std::string& content) {
  auto gone = root_ / (".gone-" + pika::random_hex(8));
  if (::rename((root_ / content).c_str(), gone.c_str()) != 0)
    throw SystemError(fmt::format("rename '{}'", (root_ / content).string()));
  return gone;
}

std::vector<PreparedOutput> OutputStore::collect(const PreparedQuota& quota, DryRun dry_run) {
  std::vector<PreparedOutput> gone;
  auto all = list(nullptr);
  std::uint64_t bytes = 0;
  auto count = all.size();
  for (const auto& output : all) bytes += output.bytes;
  for (auto it = all.rbegin(); it != all.rend() && (bytes > quota.bytes || count > quota.count); ++it) {
    if (!it->pinned_by.empty() || !it->used_by.empty()) continue;
    if (dry_run == DryRun::no) {
      fs::path away;
      {
        Lock lock(root_);
        // Looked at again: somebody may have taken it into use since.
        auto now = read(it->content, true);
        if (!now || !now->pinned_by.empty() || !now->used_by.empty()) continue;
        away = take_away(it->content);
      }
      pika::remove_tree(away);
    }
    bytes -= it->bytes;
    --count;
    gone.push_back(std::move(*it));
  }
  return gone;
}

}  // namespace jerichoci
