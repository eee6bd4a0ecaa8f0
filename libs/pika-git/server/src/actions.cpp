// What the forms of the pages do. Each answers with a redirect to the page it came from.
#include <fmt/format.h>

#include "fill.hpp"
#include "flash.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/git.hpp"
#include "principal.hpp"
#include "rerun.hpp"
#include "router.hpp"
#include "sessions.hpp"

namespace pika::server {

namespace {

constexpr Micros kSessionLength = 30 * 24 * 3600 * kSecond;

std::string field(const Call& call, const std::string& name) {
  auto at = call.form.find(name);
  return at == call.form.end() ? std::string() : at->second;
}

http::Response back(const std::string& path, const std::string& done) {
  return with_flash(http::redirect(path), {done, false});
}
http::Response back_with_trouble(const std::string& path, const Error& error) {
  return with_flash(http::redirect(path), {error.text(), true});
}

}  // namespace

std::string own_path(const std::string& address) {
  bool ours = address.starts_with('/') && !address.starts_with("//") && !address.starts_with("/\\");
  for (unsigned char c : address)
    if (c < 0x20 || c == 0x7f) ours = false;
  return ours ? address : "/";
}

http::Response signed_in(Call& call, const store::User& user, const std::string& next) {
  auto now = system_clock().now();
  auto secret = call.site.store->create_session(user.id, now + kSessionLength, now);
  return with_session(call.site, http::redirect(own_path(next)), secret);
}

Result<http::Response> do_sign_in(Call& call) {
  // Signing in proves itself by the token; a foreign page could only sign its victim in as its own user, which the
  // Origin tells.
  auto origin = std::string(call.request.header("sec-fetch-site"));
  if (!origin.empty() && origin != "same-origin" && origin != "none")
    return fail(ErrorKind::forbidden, "this form was sent from another site", "sign in on this server's own page");
  auto form = call.request.form();
  auto token = std::string(trim(form["token"]));
  // A pasted one-time link works as well as a token.
  if (auto at = token.find("link="); at != std::string::npos) {
    if (auto user = call.site.store->use_login_link(token.substr(at + 5), system_clock().now()))
      return signed_in(call, *user, form["next"]);
  } else if (auto user = call.site.store->token_user(token, system_clock().now())) {
    return signed_in(call, *user, form["next"]);
  }
  web::SignInPage page;
  page.chrome = chrome(call);
  page.next = form["next"];
  page.error = "This token is not known here, or it was revoked.";
  page.how = "pika-git user login-link admin --data DATA";
  return http::html_response(403, web::render(page));
}

Result<http::Response> do_sign_out(Call& call) {
  call.site.store->end_session(call.principal.session);
  return without_session(http::redirect("/"));
}

Result<http::Response> do_make_token(Call& call) {
  auto name = std::string(trim(field(call, "name")));
  web::TokensPage page;
  page.made = call.site.store->create_token(call.principal.user->id,
                                            to_utf8(name.empty() ? "token" : name.substr(0, 64)), system_clock().now());
  page.chrome = chrome(call);
  for (const auto& t : call.site.store->tokens(call.principal.user->id))
    page.tokens.push_back({std::to_string(t.id), t.name, t.created_at, t.used_at, 0});
  return http::html_response(200, web::render(page));
}

Result<http::Response> do_revoke_token(Call& call) {
  auto id = parse_number<std::int64_t>(call.arg("id")).value_or(0);
  if (!call.site.store->revoke_token(call.principal.user->id, id, system_clock().now()))
    return fail(ErrorKind::not_found, "there is no such token of yours");
  return back("/login/tokens", "The token is revoked.");
}

Result<http::Response> do_merge(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto b = PIKA_TRY(call.branch(r));
  auto merged = call.site.lander->merge(r, b,
                                        {.expected_head = field(call, "expected_head"),
                                         .by = call.principal.name(),
                                         .role = call.principal.role(),
                                         .override_reason = std::string(trim(field(call, "override_reason")))});
  if (!merged) return std::unexpected(merged.error());
  call.site.target_moved(r, fmt::format("{} moved: branch #{} landed", r.target, b.number));
  return back(call.site.branch_path(r, b), "");
}

Result<http::Response> do_close(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto b = PIKA_TRY(call.branch(r));
  auto path = call.site.branch_path(r, b);
  if (auto closed = call.site.review->close(r, b, call.principal.name()); !closed)
    return back_with_trouble(path, closed.error());
  return back(path, "");
}

Result<http::Response> do_reopen(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto b = PIKA_TRY(call.branch(r));
  if (b.state != store::BranchState::closed)
    return fail(ErrorKind::conflict, fmt::format("branch #{} is {}", b.number, to_string(b.state)));
  // Its head was kept, so the ref can be made again; that is a push like any other, and a branch with a new id.
  auto head = git::Oid::parse(b.head).value_or(git::Oid());
  PIKA_TRY(git::update_refs(call.site.layout.repository(r), {{b.ref(), {}, head}}, "reopen"));
  call.site.review->record_push(r, {{b.ref(), std::string(40, '0'), b.head}}, {.title = b.title},
                                call.principal.name());
  auto open = call.site.store->open_branch(r.id, b.name);
  return back(call.site.branch_path(r, open.value_or(b)), "");
}

Result<http::Response> do_rerun(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto suite = PIKA_TRY(call.suite(r));
  auto b = call.site.store->branch(suite.branch);
  if (!b) return fail(ErrorKind::not_found, "the branch of this run is gone");
  auto count = PIKA_TRY(rerun(call.site, suite, field(call, "what"), field(call, "lane"), call.principal.name()));
  return back(call.site.branch_path(r, *b) + "/ci",
              count == 0 ? "There was nothing to run again." : plural(count, "lane") + " queued again.");
}

Result<http::Response> do_cancel(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto suite = PIKA_TRY(call.suite(r));
  auto b = call.site.store->branch(suite.branch);
  auto why = fmt::format("cancelled by {}", call.principal.name());
  auto running = call.site.store->cancel_suite(suite.id, why, system_clock().now());
  call.site.gateway->cancel(running, why);
  return back(b ? call.site.branch_path(r, *b) + "/ci" : "/", "");
}

}  // namespace pika::server
