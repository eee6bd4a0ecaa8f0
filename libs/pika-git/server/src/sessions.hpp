#pragma once
#include "context.hpp"

namespace pika::server {
// Redirects to `next` (a path of this server, else the feed) with a fresh session.
http::Response signed_in(Call& call, const store::User& user, const std::string& next);
// `address` when it is a path of this server, else "/".
std::string own_path(const std::string& address);
}  // namespace pika::server
