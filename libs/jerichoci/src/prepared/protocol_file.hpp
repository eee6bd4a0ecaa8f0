// Files of the fulfilment protocol (jerichoci/fulfill.hpp) as they lie there, and the paths in them.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "pika/base/result.hpp"

namespace jerichoci {

// The content of a file of this protocol, which hostile hands may have put there: a regular file of 1 MiB at most.
pika::Result<std::string> read_protocol_file(const std::filesystem::path& path, std::string_view what);
// An absolute path as its own words say it: no "..", no "." and no double slash.
pika::Status check_clean_path(const std::string& path, std::string_view what);

}  // namespace jerichoci
