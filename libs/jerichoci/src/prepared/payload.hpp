// The folder that a prepare node filled, before it is shared.
#pragma once
#include <cstdint>
#include <filesystem>

#include "pika/base/result.hpp"

namespace jerichoci {

struct PayloadSize {
  std::uint64_t bytes = 0;  // of contents, a file with several names once
  std::uint64_t files = 0;
};

// Makes everything ours and read-only (folders and programs 0555, files 0444), never following a symlink. What many
// jobs cannot share is refused: sockets, pipes, devices. Nobody else may be writing any more. Throws SystemError.
pika::Result<PayloadSize> seal_payload(const std::filesystem::path& payload);

}  // namespace jerichoci
