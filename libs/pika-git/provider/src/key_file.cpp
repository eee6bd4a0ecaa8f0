#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pika/base/fd.hpp"
#include "pika/base/text.hpp"
#include "pika/provider/provider.hpp"

namespace pika::model {

Result<std::string> read_key_file(const std::filesystem::path& path) {
  const auto refuse = [&](const char* why, std::string advice = "put the key alone into a file of your own") {
    return fail(ErrorKind::invalid, fmt::format("the model's key file {} {}", quote_name(path.string()), why),
                std::move(advice));
  };
  // Looked at and read by one descriptor: what was checked is what is read.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about{};
  if (!fd || ::fstat(fd.get(), &about) != 0) return refuse("can't be read");
  if (!S_ISREG(about.st_mode)) return refuse("is no plain file");
  if ((about.st_mode & 077) != 0)
    return refuse("can be read by others", "take that from them: chmod 600 " + shell_quote(path.string()));
  std::string bytes(8192, '\0');
  const auto n = ::read(fd.get(), bytes.data(), bytes.size());
  if (n < 0) return refuse("can't be read");
  bytes.resize(static_cast<std::size_t>(n));
  std::string key(trim(bytes));
  if (key.empty()) return refuse("is empty");
  return key;
}

}  // namespace pika::model
