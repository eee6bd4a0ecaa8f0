// Whether the disk still has room for what a push or a lane writes.
#pragma once
#include "context.hpp"

namespace pika::server {

// Below this much free space pushes are refused, so that the store can still write what was acknowledged.
inline constexpr std::uint64_t kLeastRoom = 32u << 20;

// unavailable, with what is left and what to do, when the data folder's disk has less than kLeastRoom.
Status check_room(const forge::Layout& layout);

}  // namespace pika::server
