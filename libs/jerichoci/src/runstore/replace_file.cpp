#include "runstore/replace_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "pika/base/fd.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::SystemError;
using pika::UniqueFd;

void replace_file(const fs::path& path, std::string_view bytes) {
  auto aside = path.parent_path() / fmt::format(".{}.{}.tmp", path.filename().string(), pika::random_hex(6));
  UniqueFd fd(::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd) throw SystemError(fmt::format("create '{}'", aside.string()));
  try {
    pika::write_all(fd.get(), bytes);
    if (::rename(aside.c_str(), path.c_str()) != 0) throw SystemError(fmt::format("rename to '{}'", path.string()));
  } catch (...) {
    ::unlink(aside.c_str());
    throw;
  }
}

}  // namespace jerichoci
