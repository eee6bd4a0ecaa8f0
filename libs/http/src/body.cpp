#include "body.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include "headers.hpp"
#include "inflate.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"

namespace pika::http {

namespace {

// A file without a name: it is gone when the last descriptor is closed, however the program ends.
UniqueFd open_unlinked(const std::filesystem::path& dir) {
  UniqueFd fd(::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return fd;
  std::string name = (dir / "pika-body-XXXXXX").string();  // file systems without O_TMPFILE
  UniqueFd named(::mkostemp(name.data(), O_CLOEXEC));
  if (!named) throw SystemError(fmt::format("create a temporary file in '{}'", dir.string()));
  ::unlink(name.c_str());
  return named;
}

}  // namespace

Body::Body(Coding coding, std::uint64_t limit, std::filesystem::path spool_dir)
    : limit_(limit),
      spool_dir_(std::move(spool_dir)),
      inflater_(coding == Coding::gzip ? std::make_unique<Inflater>() : nullptr) {}

Body::~Body() = default;

Status Body::add(std::string_view piece) {
  if (!inflater_) return keep(piece);
  raw_size_ += piece.size();
  if (raw_size_ > limit_) return keep(piece);  // says too_large
  return inflater_->add(piece, [this](std::string_view bytes) { return keep(bytes); });
}

Status Body::keep(std::string_view bytes) {
  if (bytes.size() > limit_ - size_ || raw_size_ > limit_)
    return fail(ErrorKind::too_large, fmt::format("The request's body is larger than {}, the most that is taken here.",
                                                  format_bytes(limit_)));
  size_ += bytes.size();
  if (!file_ && size_ <= kInMemory) {
    memory_ += bytes;
    return {};
  }
  try {
    spool(bytes);
  } catch (const SystemError& error) {
    log_error("http", "a request's body cannot be kept: {}", error.what());
    return fail(ErrorKind::unavailable, "The server has no room for the request's body just now.", "Try again later.");
  }
  return {};
}

void Body::spool(std::string_view bytes) {
  if (!file_) {
    file_ = open_unlinked(spool_dir_.empty() ? std::filesystem::temp_directory_path() : spool_dir_);
    write_all(file_.get(), memory_);
    memory_ = {};
  }
  write_all(file_.get(), bytes);
}

Status Body::finish(Request& request) {
  if (inflater_) {
    if (raw_size_ > 0 && !inflater_->at_end()) return fail(ErrorKind::invalid, "The gzip body is cut off.");
    erase_header(request.headers, "Content-Encoding");
    if (has_header(request.headers, "Content-Length")) {
      erase_header(request.headers, "Content-Length");
      request.headers.emplace_back("Content-Length", std::to_string(size_));
    }
  }
  if (file_ && ::lseek(file_.get(), 0, SEEK_SET) != 0) throw SystemError("lseek of a request's body");
  request.body = std::move(memory_);
  request.body_file = std::move(file_);
  request.body_size = size_;
  return {};
}

}  // namespace pika::http
