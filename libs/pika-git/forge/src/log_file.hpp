// The forge's copy of an attempt's raw log: appended at its end only, with one index line a piece.
#pragma once
#include <cstdint>
#include <string_view>

#include "pika/forge/layout.hpp"

namespace pika::forge {

std::uint64_t log_size(const Layout& layout, domain::AttemptId attempt);
// Keeps what of [offset, offset + bytes) is new. Gives the size afterwards; an offset above it leaves it as it is (a
// gap).
std::uint64_t append_log(const Layout& layout, domain::AttemptId attempt, std::uint64_t offset, std::string_view bytes);
void sync_log(const Layout& layout, domain::AttemptId attempt);

}  // namespace pika::forge
