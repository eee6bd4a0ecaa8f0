// Bytes of a layer as they are read, whatever packed them: plain, gzip (RFC 1952, also several members), zstd
// (RFC 8878, also several frames). What it is, its first bytes say.
#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

#include "pika/base/result.hpp"

namespace jerichoci {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // At least one byte, or 0 at the end; an error when the packing is broken.
  virtual pika::Result<std::size_t> read(char* out, std::size_t size) = 0;
};

// `bytes` must outlive it.
std::unique_ptr<ByteSource> unpack_bytes(std::string_view bytes);

}  // namespace jerichoci
