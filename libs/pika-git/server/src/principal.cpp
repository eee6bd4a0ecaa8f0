#include "principal.hpp"

#include <fmt/format.h>

#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"

namespace pika::server {

namespace {
std::string token_of(const http::Request& request) {
  auto value = std::string(request.header("authorization"));
  auto space = value.find(' ');
  if (space == std::string::npos) return {};
  auto scheme = lower(value.substr(0, space));
  auto rest = std::string(trim(std::string_view(value).substr(space)));
  if (scheme == "bearer") return rest;
  if (scheme != "basic") return {};
  auto pair = base64_decode(rest);
  auto colon = pair.find(':');
  return colon == std::string::npos ? std::string() : pair.substr(colon + 1);
}
}  // namespace

std::string Principal::csrf() const {
  return session.empty() ? std::string() : sha256_hex("csrf " + session).substr(0, 32);
}

Principal identify(Context& site, const http::Request& request) {
  Principal p;
  auto now = system_clock().now();
  if (request.over_unix) {
    p.local = true;
    return p;
  }
  if (!request.header("authorization").empty()) {  // who shows a token is judged by it, also by a broken one
    p.user = site.store->token_user(token_of(request), now);
    return p;
  }
  if (auto secret = std::string(request.cookie(kSessionCookie)); !secret.empty()) {
    p.user = site.store->session_user(secret, now);
    if (p.user) p.session = secret;
  }
  return p;
}

Status check_csrf(const Call& call) {
  if (call.principal.session.empty()) {
    // No cookie did this; but a browser also sends a Basic password that it was told once, and says for whom.
    auto from = call.request.header("sec-fetch-site");
    if (from.empty() || from == "same-origin" || from == "none") return {};
    return fail(ErrorKind::forbidden, "this was sent from a page of another site", "do it on this server's own page");
  }
  auto at = call.form.find("csrf");
  if (at != call.form.end() && equal_constant_time(at->second, call.principal.csrf())) return {};
  if (equal_constant_time(call.request.header("x-csrf-token"), call.principal.csrf())) return {};
  return fail(ErrorKind::forbidden,
              "this form did not come from a page of this server, or the page is from another session",
              "load the page again and repeat");
}

http::Response with_session(const Context& site, http::Response response, const std::string& secret) {
  // Behind https the cookie stays on https.
  auto secure = site.url.starts_with("https://") ? "; Secure" : "";
  response.add("Set-Cookie",
               fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000{}", kSessionCookie, secret, secure));
  return response;
}

http::Response without_session(http::Response response) {
  response.add("Set-Cookie", fmt::format("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", kSessionCookie));
  return response;
}

}  // namespace pika::server
