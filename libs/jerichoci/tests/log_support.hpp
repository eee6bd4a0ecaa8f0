// What the tests of logs share.
#pragma once
#include <fstream>
#include <string>
#include <string_view>

#include "pika/base/files.hpp"
#include "runstore/log_reader.hpp"
#include "runstore/log_writer.hpp"

namespace jerichoci::test {

// Text of many numbered lines, at least `bytes` long.
inline std::string numbered_lines(std::size_t bytes) {
  std::string text;
  for (int i = 1; text.size() < bytes; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

// Replaces a file without waiting for a disk, for tests that do it a thousand times: no syncs, and removed before, as
// ext4 writes out at close what was truncated.
inline void put_file(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline std::string whole_log(const std::filesystem::path& folder) {
  auto reader = LogReader::open(folder);
  return reader ? reader->read(0, UINT64_MAX).value_or("damaged") : "no log";
}

}  // namespace jerichoci::test
