#include "runstore/sweep.hpp"

#include <unistd.h>

#include <string>
#include <vector>

#include "pika/base/files.hpp"
#include "pika/base/log.hpp"

namespace jerichoci {

namespace fs = std::filesystem;

namespace {

// Listed first: what is removed while a folder is read may hide its neighbours.
std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    out.push_back(it->path());
  return out;
}

void remove_starting(const fs::path& folder, std::string_view prefix) {
  for (const auto& path : entries(folder))
    if (path.filename().string().starts_with(prefix)) remove_left(path);
}

}  // namespace

void remove_left(const fs::path& path) {
  try {
    pika::remove_tree(path);
  } catch (const pika::SystemError& error) {
    pika::log_warning("jerichoci", "what a dead engine left stays: {}", error.what());
  }
}

void sweep_temporary_files(const fs::path& folder) {
  for (const auto& path : entries(folder)) {
    auto name = path.filename().string();
    if (name.starts_with('.') && name.ends_with(".tmp")) ::unlink(path.c_str());
  }
}

void sweep_aside(const fs::path& state_root) {
  remove_starting(state_root / "checkouts", ".new-");
  remove_starting(state_root / "artifacts", ".new-");
  remove_starting(state_root, ".objects-");
  remove_starting(state_root / "runs", ".gc-");
  for (const auto& path : entries(state_root / "tmp")) remove_left(path);
  for (const auto* folder : {"objects.git/refs/jerichoci/runs", "objects.git/jerichoci-sources"})
    sweep_temporary_files(state_root / folder);
  remove_starting(state_root / "objects.git/objects/pack", "tmp_");
  remove_starting(state_root / "objects.git/objects/pack", ".tmp-");
}

}  // namespace jerichoci
