#include "router.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fill.hpp"
#include "flash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/forge_model/api.hpp"
#include "pika/store/error.hpp"
#include "pika/web/assets.hpp"
#include "principal.hpp"

namespace pika::server {

namespace {

constexpr Route kRoutes[] = {
    {"GET", "/", Permission::read, show_feed},
    {"GET", "/health", Permission::open, show_health},
    {"GET", "/assets/:name", Permission::open, show_asset},
    {"GET", "/login", Permission::open, show_sign_in},
    {"POST", "/login", Permission::open, do_sign_in},
    {"POST", "/login/out", Permission::signed_in, do_sign_out, true},
    {"GET", "/login/tokens", Permission::signed_in, show_tokens},
    {"POST", "/login/tokens", Permission::signed_in, do_make_token, true},
    {"POST", "/login/tokens/:id/revoke", Permission::signed_in, do_revoke_token, true},

    {"GET", "/api/v1/whoami", Permission::signed_in, api_whoami},
    {"GET", "/api/v1/events", Permission::read, api_events},
    {"GET", "/api/v1/models/sent", Permission::admin, api_sent_words},
    {"GET", "/api/v1/repos/:owner/:name/events", Permission::read, api_repository_events},
    {"GET", "/api/v1/repos/:owner/:name/branches", Permission::read, api_branches},
    {"GET", "/api/v1/repos/:owner/:name/branches/:number", Permission::read, api_branch},
    {"GET", "/api/v1/repos/:owner/:name/branches/:number/tutorial", Permission::read, api_tutorial},
    {"POST", "/api/v1/repos/:owner/:name/branches/:number/tutorial", Permission::write, api_tell_again, true},
    {"POST", "/api/v1/repos/:owner/:name/branches/:number/merge", Permission::land, api_merge, true},
    {"GET", "/api/v1/repos/:owner/:name/ci/:suite", Permission::read, api_suite},
    {"GET", "/api/v1/repos/:owner/:name/ci/:suite/:lane/:attempt/log", Permission::read, api_log},
    {"POST", "/api/v1/repos/:owner/:name/ci/:suite/:lane/rerun", Permission::write, api_rerun, true},

    {"GET", "/admin/models", Permission::admin, show_models},
    {"POST", "/admin/models/probe", Permission::admin, do_probe_model, true},
    {"GET", "/admin/repositories", Permission::local, admin_repositories},
    {"POST", "/admin/repositories", Permission::local, admin_create_repository},
    {"POST", "/admin/users", Permission::local, admin_create_user},
    {"POST", "/admin/tokens", Permission::local, admin_create_token},
    {"POST", "/admin/login-links", Permission::local, admin_login_link},
    {"GET", "/admin/verify", Permission::local, admin_verify},
    {"POST", "/admin/hooks/:hook/:push", Permission::local, admin_hook},

    {"GET", "/:owner/:git/info/refs", Permission::open, git_refs},
    {"POST", "/:owner/:git/git-upload-pack", Permission::read, git_upload_pack},
    {"POST", "/:owner/:git/git-receive-pack", Permission::write, git_receive_pack, true},  // git sends no cookie

    {"GET", "/:owner/:name", Permission::read, show_repository},
    {"GET", "/:owner/:name/branches/:number", Permission::read, show_branch},
    {"GET", "/:owner/:name/branches/:number/diff", Permission::read, show_diff},
    {"GET", "/:owner/:name/branches/:number/commits", Permission::read, show_commits},
    {"GET", "/:owner/:name/branches/:number/ci", Permission::read, show_branch_ci},
    {"POST", "/:owner/:name/branches/:number/merge", Permission::land, do_merge, true},
    {"POST", "/:owner/:name/branches/:number/tutorial", Permission::write, do_tell_again, true},
    {"POST", "/:owner/:name/branches/:number/parts", Permission::write, do_choose_parts, true},
    {"POST", "/:owner/:name/branches/:number/close", Permission::write, do_close, true},
    {"POST", "/:owner/:name/branches/:number/reopen", Permission::write, do_reopen, true},
    {"GET", "/:owner/:name/ci/:suite/:lane/:attempt", Permission::read, show_attempt},
    {"POST", "/:owner/:name/ci/:suite/rerun", Permission::write, do_rerun, true},
    {"POST", "/:owner/:name/ci/:suite/cancel", Permission::write, do_cancel, true},
};

bool matches(const Route& route, const http::Request& request, std::map<std::string, std::string>& args) {
  args.clear();
  auto parts = split(route.pattern.substr(1), '/');
  if (route.pattern == "/") parts.clear();
  if (parts.size() != request.segments.size()) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].starts_with(':'))
      args[std::string(parts[i].substr(1))] = request.segments[i];
    else if (parts[i] != request.segments[i])
      return false;
  }
  if (auto git = args.find("git"); git != args.end() && !git->second.ends_with(".git")) return false;
  if (auto owner = args.find("owner"); owner != args.end() && domain::reserved_owner(owner->second)) return false;
  return true;
}

bool wants_json(const http::Request& request) {
  if (request.segments.empty()) return false;
  bool page = request.segments.size() > 1 && request.segments[1] == "models";  // the one that people look at
  return request.segments[0] == "api" || (request.segments[0] == "admin" && !page);
}
bool is_git(const http::Request& request) {
  return request.segments.size() >= 2 && request.segments[1].ends_with(".git");
}

http::Response error_response(const Call& call, const Error& error) {
  auto status = http::status_of(error.kind);
  http::Response response;
  if (is_git(call.request)) {
    response = http::text_response(status, error.text() + "\n");
  } else if (wants_json(call.request)) {
    response = http::json_response(status, json::print(forge_model::to_json(forge_model::api_error(error))));
  } else {
    web::ErrorPage page;
    page.chrome = chrome(call);
    page.status = status;
    page.what = error.what;
    page.advice = error.advice;
    page.link = "/";
    page.link_text = "Back to feed";
    if (error.kind == ErrorKind::unauthorised) {
      page.link = "/login?next=" + http::url_encode_query(call.request.target);
      page.link_text = "Sign in";
    }
    response = http::html_response(status, web::render(page));
  }
  if (error.kind == ErrorKind::unauthorised && (is_git(call.request) || wants_json(call.request)))
    response.set("WWW-Authenticate", "Basic realm=\"pika\", charset=\"UTF-8\"");
  return response;
}

Status check_permission(const Call& call, Permission permission) {
  if (call.may(permission)) return {};
  if (!call.principal.user && permission != Permission::local)
    return fail(
        ErrorKind::unauthorised, "this needs somebody who is signed in",
        is_git(call.request)
            ? "give a token as the password; make one on the page 'Tokens' or with: pika-git token create --user NAME"
            : "sign in, or send a token");
  if (permission == Permission::local) return fail(ErrorKind::not_found, "there is no such page");
  return fail(ErrorKind::forbidden,
              fmt::format("{} ({}) may not do this", call.principal.name(), to_string(call.principal.role())),
              "ask an administrator for the right");
}

http::Response guarded(Call& call, const Route& route) {
  try {
    if (auto allowed = check_permission(call, route.permission); !allowed) return error_response(call, allowed.error());
    if (route.form) {
      call.form = call.request.form();
      if (auto genuine = check_csrf(call); !genuine) return error_response(call, genuine.error());
    }
    auto response = route.handler(call);
    return response ? std::move(*response) : error_response(call, response.error());
  } catch (const store::StoreError& e) {
    log_error("store", "{} {}: {}", call.request.method, quote_name(call.request.target), e.what());
    return error_response(call, {ErrorKind::unavailable, fmt::format("the store can't do this now: {}", e.what()),
                                 "nothing was changed; try again in a moment"});
  } catch (const SystemError& e) {
    log_error("server", "{} {}: {}", call.request.method, quote_name(call.request.target), e.what());
    return error_response(call, {ErrorKind::unavailable, fmt::format("the server's host refused: {}", e.what()),
                                 "nothing was changed; try again when it is mended"});
  } catch (const std::exception& e) {
    log_error("server", "{} {}: {}", call.request.method, quote_name(call.request.target), e.what());
    return error_response(call,
                          {ErrorKind::internal, "the server made a mistake with this request", "its log says more"});
  }
}

void harden(const http::Request& request, http::Response& response) {
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "same-origin");
  bool has_policy = std::any_of(response.headers.begin(), response.headers.end(),
                                [](const auto& h) { return lower(h.first) == "content-security-policy"; });
  if (!has_policy && !is_git(request))
    response.set("Content-Security-Policy", std::string(web::content_security_policy()));
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

bool Call::may(Permission permission) const {
  auto at_least = [&](domain::Role role) { return (principal.user || principal.local) && principal.role() >= role; };
  switch (permission) {
    case Permission::open:
      return true;
    case Permission::read:
      return site.options.anonymous_read || principal.user || principal.local;
    case Permission::signed_in:
      return principal.user.has_value();
    case Permission::write:
      return at_least(domain::Role::writer);
    case Permission::land:
      return at_least(domain::Role::lander);
    case Permission::admin:
      return at_least(domain::Role::admin);
    case Permission::local:
      return principal.local;
  }
  return false;
}

Result<store::Repository> Call::repository() const {
  auto owner = args.at("owner");
  auto name = args.contains("name") ? args.at("name") : args.at("git").substr(0, args.at("git").size() - 4);
  if (auto found = site.store->repository(owner, name)) return *found;
  return fail(ErrorKind::not_found,
              fmt::format("there is no repository {}/{} here", quote_name(to_utf8(owner)), quote_name(to_utf8(name))),
              "the feed lists those that are; make one with: pika-git repo create OWNER/NAME");
}

Result<store::Branch> Call::branch(const store::Repository& r) const {
  auto number = parse_number<std::int64_t>(args.at("number"));
  if (number)
    if (auto found = site.store->branch(r.id, *number)) return *found;
  return fail(ErrorKind::not_found,
              fmt::format("{} has no branch #{}", r.full_name(), quote_name(to_utf8(args.at("number")))),
              "the repository's page lists its branches");
}

Result<store::Suite> Call::suite(const store::Repository& r) const {
  auto number = parse_number<std::int64_t>(args.at("suite"));
  if (number)
    if (auto found = site.store->suite(r.id, *number)) return *found;
  return fail(ErrorKind::not_found,
              fmt::format("{} has no run #{}", r.full_name(), quote_name(to_utf8(args.at("suite")))));
}

std::uint64_t body_limit(const http::Request& head) {
  if (is_git(head))
    return head.segments.size() == 3 && head.segments[2] == "git-receive-pack" ? 8ull << 30 : 64ull << 20;
  return 1u << 20;
}

http::Response dispatch(Context& site, http::Request& request) {
  Call call{site, request, {}, {}, {}};
  http::Response response;
  std::string allowed;
  const Route* found = nullptr;
  auto method = request.method == "HEAD" ? std::string("GET") : request.method;
  for (const auto& route : kRoutes) {
    std::map<std::string, std::string> args;
    if (!matches(route, request, args)) continue;
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", route.method);
    if (route.method != method) continue;
    found = &route;
    call.args = std::move(args);
    break;
  }
  try {
    call.principal = identify(site, request);
  } catch (const std::exception& e) {
    log_error("server", "who asks: {}", e.what());
  }
  if (found) {
    response = guarded(call, *found);
  } else if (!allowed.empty()) {
    response =
        http::text_response(405, fmt::format("{} is not for this address; it takes {}\n", request.method, allowed));
    response.set("Allow", allowed);
  } else {
    response = error_response(call, {ErrorKind::not_found, "there is no such page", "start from the feed"});
  }
  harden(request, response);
  drop_flash(request, response);
  return response;
}

}  // namespace pika::server
