#pragma once
#include <span>
#include <string_view>

#include "context.hpp"

namespace pika::server {

// ":name" stands for one segment. The table is all there is: a request that matches no row is a 404.
struct Route {
  std::string_view method, pattern;
  Permission permission;
  Handler handler;
  bool form = false;  // a posted form: CSRF is checked
};
std::span<const Route> routes();

// Finds the route, checks the permission, runs the handler, and renders an error as page or JSON.
http::Response dispatch(Context& site, http::Request& request);
std::uint64_t body_limit(const http::Request& head);

// Handlers, by file.
Result<http::Response> show_feed(Call&);
Result<http::Response> show_repository(Call&);
Result<http::Response> show_branch(Call&);
Result<http::Response> show_diff(Call&);
Result<http::Response> show_commits(Call&);
Result<http::Response> show_branch_ci(Call&);
Result<http::Response> show_attempt(Call&);
Result<http::Response> show_sign_in(Call&);
Result<http::Response> show_tokens(Call&);
Result<http::Response> show_models(Call&);
Result<http::Response> show_health(Call&);
Result<http::Response> show_asset(Call&);
Result<http::Response> do_sign_in(Call&);
Result<http::Response> do_sign_out(Call&);
Result<http::Response> do_merge(Call&);
Result<http::Response> do_tell_again(Call&);
Result<http::Response> do_choose_parts(Call&);
Result<http::Response> do_probe_model(Call&);
Result<http::Response> do_close(Call&);
Result<http::Response> do_reopen(Call&);
Result<http::Response> do_rerun(Call&);
Result<http::Response> do_cancel(Call&);
Result<http::Response> do_make_token(Call&);
Result<http::Response> do_revoke_token(Call&);
Result<http::Response> api_whoami(Call&);
Result<http::Response> api_branches(Call&);
Result<http::Response> api_branch(Call&);
Result<http::Response> api_merge(Call&);
Result<http::Response> api_suite(Call&);
Result<http::Response> api_log(Call&);
Result<http::Response> api_rerun(Call&);
Result<http::Response> api_tutorial(Call&);
Result<http::Response> api_tell_again(Call&);
Result<http::Response> api_sent_words(Call&);
Result<http::Response> api_events(Call&);
Result<http::Response> api_repository_events(Call&);
Result<http::Response> git_refs(Call&);
Result<http::Response> git_upload_pack(Call&);
Result<http::Response> git_receive_pack(Call&);
Result<http::Response> admin_repositories(Call&);
Result<http::Response> admin_create_repository(Call&);
Result<http::Response> admin_create_user(Call&);
Result<http::Response> admin_create_token(Call&);
Result<http::Response> admin_login_link(Call&);
Result<http::Response> admin_verify(Call&);
Result<http::Response> admin_hook(Call&);

}  // namespace pika::server
