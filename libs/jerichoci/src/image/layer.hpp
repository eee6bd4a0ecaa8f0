// Puts a layer of an OCI image (image-spec, layer.md) onto a folder: entries, whiteouts (.wh.<name>) and opaque
// folders (.wh..wh..opq).
//
// Layers are hostile: every path is opened below the folder (openat2, RESOLVE_IN_ROOT: a link to / ends at the
// folder), never by name alone. A path that is absolute or holds "..", and a device or pipe, is an error. Files belong
// to us, without setuid bits.
#pragma once
#include <cstdint>

#include "image/byte_source.hpp"
#include "pika/base/fd.hpp"

namespace jerichoci {

struct LayerLimits {
  std::uint64_t bytes = 64ull << 30;  // of all files
  std::uint64_t entries = 4'000'000;
};

// Throws SystemError for the disk's trouble.
pika::Status apply_layer(ByteSource& source, int root, const LayerLimits& limits = {});

}  // namespace jerichoci
