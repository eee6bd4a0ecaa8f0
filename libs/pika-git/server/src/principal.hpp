#pragma once
#include "context.hpp"

namespace pika::server {

inline constexpr const char* kSessionCookie = "pika_session";

// Session cookie, `Authorization: Bearer TOKEN`, Basic with the token as password, or the Unix socket.
Principal identify(Context& site, const http::Request& request);
// A request with a cookie that changes something must prove that it comes from our own page: the form's `csrf` field,
// or a Sec-Fetch-Site of same-origin together with a matching Origin.
Status check_csrf(const Call& call);
http::Response with_session(const Context& site, http::Response response, const std::string& secret);
http::Response without_session(http::Response response);

}  // namespace pika::server
