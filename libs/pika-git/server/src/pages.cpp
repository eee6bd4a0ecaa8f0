// Feed, repository, sign-in, tokens, assets, health.
#include <fmt/format.h>

#include "fill.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/repository.hpp"
#include "pika/web/assets.hpp"
#include "pikaci/catalogue.hpp"
#include "room.hpp"
#include "router.hpp"
#include "sessions.hpp"

namespace pika::server {

namespace {

constexpr int kRows = 50;

std::string few_words(const domain::VerdictResult& v) {
  using S = domain::VerdictState;
  switch (v.state) {
    case S::ready:
      return "ready to land";
    case S::waiting:
      return "lanes are running";
    case S::refused:
      return "a required lane failed";
    case S::conflicts:
      return "conflicts";
    case S::target_moved:
      return "testing the new merge";
    case S::no_isolation:
      return "waits: no isolation on this host";
    case S::catalogue_error:
      return "the catalogue does not parse";
    case S::nothing_ran:
      return "nothing ran";
    case S::landed:
      return "";
    case S::landed_over_red:
      return "merged over red";
    case S::closed:
      return "";
  }
  return "";
}

std::vector<web::FeedRow> feed_rows(Context& site, const std::vector<store::Branch>& branches) {
  std::vector<web::FeedRow> rows;
  std::map<store::RepositoryId, store::Repository> repositories;
  for (const auto& b : branches) {
    auto& r = repositories[b.repository];
    if (r.name.empty()) r = site.store->repository(b.repository).value_or(store::Repository{});
    auto judged = forge::judge(*site.store, site.layout, r, b);
    rows.push_back({branch_head(site, r, b, judged), few_words(judged.verdict)});
  }
  return rows;
}

Micros before_of(const Call& call) {
  return parse_number<Micros>(call.request.query_value("before")).value_or(0);
}

}  // namespace

Result<http::Response> show_feed(Call& call) {
  web::FeedPage page;
  page.chrome = chrome(call);
  auto branches = call.site.store->branches({.before = before_of(call), .limit = kRows});
  page.branches = feed_rows(call.site, branches);
  for (const auto& r : call.site.store->repositories()) page.repositories.push_back(r.full_name());
  if (branches.size() == kRows) page.older_url = fmt::format("/?before={}", branches.back().updated_at);
  return http::html_response(200, web::render(page));
}

Result<http::Response> show_repository(Call& call) {
  auto r = PIKA_TRY(call.repository());
  web::RepositoryPage page;
  page.chrome = chrome(call, &r);
  page.owner = r.owner;
  page.name = r.name;
  page.target = r.target;
  page.clone_url = fmt::format("{}/{}.git", call.site.url, r.full_name());
  page.state = std::string(call.request.query_value("state"));
  auto state = domain::parse_branch_state(page.state);
  if (!state) {
    state = domain::BranchState::open;
    page.state = "open";
  }
  auto counts = call.site.store->branch_counts(r.id);
  page.open = counts.open;
  page.merged = counts.merged;
  page.closed = counts.closed;
  auto branches =
      call.site.store->branches({.repository = r.id, .state = state, .before = before_of(call), .limit = kRows});
  page.branches = feed_rows(call.site, branches);
  if (branches.size() == kRows)
    page.older_url = fmt::format("/{}?state={}&before={}", r.full_name(), page.state, branches.back().updated_at);
  auto repository = PIKA_TRY(git::Repository::open(call.site.layout.repository(r)));
  auto tip = repository.ref(r.target_ref());
  page.empty = !tip;
  if (tip) {
    auto catalogue = pikaci::load_catalogue([&](std::string_view path) -> std::optional<std::string> {
      auto file = repository.file(*tip, path);
      return file ? std::optional(std::move(*file)) : std::nullopt;
    });
    page.has_catalogue = catalogue.catalogue.present || !catalogue.problems.empty();
    if (!catalogue.problems.empty()) page.catalogue_error = catalogue.problems.front().print();
  }
  return http::html_response(200, web::render(page));
}

Result<http::Response> show_sign_in(Call& call) {
  auto secret = std::string(call.request.query_value("link"));
  auto next = std::string(call.request.query_value("next"));
  web::SignInPage page;
  page.chrome = chrome(call);
  page.next = next;
  page.how = "pika-git user login-link admin --data DATA";
  if (secret.empty()) return http::html_response(200, web::render(page));
  // A one-time link signs in by GET: the secret is the proof, and works once.
  auto now = system_clock().now();
  auto user = call.site.store->use_login_link(secret, now);
  if (!user) {
    page.error = "This link was used already, or its day is over.";
    return http::html_response(403, web::render(page));
  }
  return signed_in(call, *user, next);
}

Result<http::Response> show_tokens(Call& call) {
  web::TokensPage page;
  page.chrome = chrome(call);
  for (const auto& t : call.site.store->tokens(call.principal.user->id))
    page.tokens.push_back({std::to_string(t.id), t.name, t.created_at, t.used_at, 0});
  return http::html_response(200, web::render(page));
}

Result<http::Response> show_health(Call& call) {
  if (auto why = call.site.store->poisoned())
    return http::json_response(503, json::print(json::Object{{"status", "read-only"}, {"why", to_utf8(*why)}}));
  if (auto room = check_room(call.site.layout); !room)
    return http::json_response(503, json::print(json::Object{{"status", "disk full"}, {"why", room.error().text()}}));
  json::Array runners;
  for (const auto& r : call.site.gateway->runners())
    runners.push_back(
        json::Object{{"name", r.name}, {"slots", r.slots}, {"running", r.running}, {"sandbox", r.sandbox}});
  return http::json_response(200, json::print(json::Object{{"status", "ok"}, {"runners", runners}}));
}

Result<http::Response> show_asset(Call& call) {
  const auto* asset = web::find_asset(call.arg("name"));
  if (!asset) return fail(ErrorKind::not_found, "there is no such asset");
  http::Response response;
  response.body = std::string(asset->bytes);
  response.set("Content-Type", std::string(asset->type));
  response.set("Cache-Control", "public, max-age=31536000, immutable");
  return response;
}

}  // namespace pika::server
