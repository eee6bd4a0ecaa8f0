// Any bytes: a diff whose views lie inside them and whose counts are true, or a problem with words.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pika/gitx/diff.hpp"

namespace {

using namespace pika::git;

void check(bool good) {
  if (!good) std::abort();
}

void check_hunk(const Hunk& hunk, const std::string& bytes) {
  int before = 0, after = 0, old_line = hunk.old_start, new_line = hunk.new_start;
  for (const auto& line : hunk.lines) {
    check(line.kind == ' ' || line.kind == '+' || line.kind == '-');
    check(line.text.data() >= bytes.data() && line.text.data() + line.text.size() <= bytes.data() + bytes.size());
    if (line.kind != '+') check(line.old_line == old_line++), ++before;
    if (line.kind != '-') check(line.new_line == new_line++), ++after;
  }
  check(before == hunk.old_lines && after == hunk.new_lines);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto diff = parse_diff(std::string(reinterpret_cast<const char*>(data), size), Oid(), Oid());
  if (!diff) {
    check(!diff.error().what.empty());
    return 0;
  }
  check(diff->bytes && diff->bytes->size() == size);
  int added = 0, removed = 0;
  std::size_t hunks = 0;
  for (const auto& file : diff->files) {
    check(file.hunks.empty() != file.pseudo_id.empty());
    for (const auto& hunk : file.hunks) check_hunk(hunk, *diff->bytes);
    hunks += file.hunks.size();
    added += file.added;
    removed += file.removed;
  }
  check(diff->added == added && diff->removed == removed && diff->hunk_count() >= hunks);
  return 0;
}
