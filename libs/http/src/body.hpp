// The body of a request while it arrives: inflated, held to its limit, kept in memory or spooled to a file.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "pika/base/fd.hpp"
#include "pika/http/message.hpp"

namespace pika::http {

class Inflater;

class Body {
 public:
  enum class Coding { identity, gzip };
  static constexpr std::uint64_t kInMemory = 1u << 20;

  Body(Coding coding, std::uint64_t limit, std::filesystem::path spool_dir);
  ~Body();
  // The next piece as it came. Errors: too_large above the limit; invalid when it is no gzip; unavailable when it
  // cannot be spooled.
  Status add(std::string_view piece);
  // After the last piece: puts it into the request. invalid when the gzip stream is cut off.
  Status finish(Request& request);

 private:
  Status keep(std::string_view bytes);
  void spool(std::string_view bytes);

  const std::uint64_t limit_;
  const std::filesystem::path spool_dir_;
  std::unique_ptr<Inflater> inflater_;
  std::uint64_t raw_size_ = 0;
  std::uint64_t size_ = 0;
  std::string memory_;
  UniqueFd file_;
};

}  // namespace pika::http
