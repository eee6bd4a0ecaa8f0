// Every route with everybody who may ask: what the table says is what dispatch() does.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/git.hpp"
#include "principal.hpp"
#include "router.hpp"
#include "sessions.hpp"

using namespace pika;
using namespace pika::server;

namespace {

enum class Way { none, token, session, local };

struct Asker {
  std::string name;
  Way way = Way::none;
  std::optional<domain::Role> role{};
};

// The parts of a server, without its sockets and loops.
struct Forge {
  TempDir folder{"pika-server-", ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ""};
  forge::Layout layout{folder.path()};
  std::unique_ptr<store::Store> store;
  forge::RepositoryLocks locks;
  std::unique_ptr<forge::EventHub> hub;
  std::unique_ptr<forge::ExplainLoop> explain;
  std::unique_ptr<forge::Gateway> gateway;
  std::unique_ptr<forge::Planner> planner;
  std::unique_ptr<forge::Review> review;
  std::unique_ptr<forge::Lander> lander;
  Context context;
  std::map<std::string, std::string> token, session;

  Forge() {
    layout.make();
    store = store::Store::open(folder.path()).value();
    hub = std::make_unique<forge::EventHub>(*store);
    explain = std::make_unique<forge::ExplainLoop>(*store, layout);
    gateway = std::make_unique<forge::Gateway>(*store, layout, *hub, "token");
    planner = std::make_unique<forge::Planner>(*store, layout, locks, [](const auto&, const auto&) {}, [] {});
    review = std::make_unique<forge::Review>(
        *store, layout, locks, *planner, [](const auto&, const auto&) { return std::string("url"); }, [] {});
    lander = std::make_unique<forge::Lander>(*store, layout, locks);
    context.layout = layout;
    context.url = "http://forge";
    context.store = store.get();
    context.locks = &locks;
    context.hub = hub.get();
    context.explain = explain.get();
    context.gateway = gateway.get();
    context.planner = planner.get();
    context.review = review.get();
    context.lander = lander.get();
    context.later = [](const std::function<void()>&) {};
    auto r = store->create_repository("ada", "engine", "main", 1).value();
    make_dirs(layout.repository(r).parent_path());
    if (!git::init_hosted(layout.repository(r), "main")) FAIL("git init");
    auto now = system_clock().now();
    for (auto role : {domain::Role::reader, domain::Role::writer, domain::Role::lander, domain::Role::admin}) {
      std::string name(domain::to_string(role));
      auto user = store->create_user(name, role, 1).value();
      token[name] = store->create_token(user.id, "t", now);
      session[name] = store->create_session(user.id, now + 3600 * kSecond, now);
    }
  }

  static std::vector<Asker> askers() {
    std::vector<Asker> all = {{"anonymous", Way::none, {}}, {"operator", Way::local, domain::Role::admin}};
    for (auto role : {domain::Role::reader, domain::Role::writer, domain::Role::lander, domain::Role::admin})
      for (auto way : {Way::token, Way::session}) all.push_back({std::string(domain::to_string(role)), way, role});
    return all;
  }

  http::Request request(const std::string& method, const std::vector<std::string>& segments, const Asker& by) {
    http::Request r;
    r.method = method;
    r.segments = segments;
    for (const auto& s : segments) r.target += "/" + http::url_encode_segment(s);
    if (by.way == Way::local) r.over_unix = true;
    if (by.way == Way::token) r.headers.emplace_back("Authorization", "Bearer " + token.at(by.name));
    if (by.way == Way::session) r.headers.emplace_back("Cookie", "pika_session=" + session.at(by.name));
    return r;
  }
  http::Response ask(const std::string& method, const std::vector<std::string>& segments, const Asker& by = {},
                     const std::map<std::string, std::string>& query = {}) {
    auto r = request(method, segments, by);
    for (const auto& [name, value] : query) r.query.emplace_back(name, value);
    return dispatch(context, r);
  }
};

// Segments that match a route and name things that are not there, so that no handler changes anything.
std::vector<std::string> segments_of(const Route& route) {
  std::vector<std::string> out;
  if (route.pattern == "/") return out;
  for (auto part : split(route.pattern.substr(1), '/')) {
    if (part == ":git")
      out.emplace_back("absent.git");
    else if (part.starts_with(':'))
      out.emplace_back(part == ":owner" ? "nobody" : "999");
    else
      out.emplace_back(part);
  }
  return out;
}

bool allowed(const Asker& by, Permission permission, bool anonymous_read) {
  using R = domain::Role;
  bool user = by.way == Way::token || by.way == Way::session;
  switch (permission) {
    case Permission::open:
      return true;
    case Permission::read:
      return anonymous_read || by.way != Way::none;
    case Permission::signed_in:
      return user;
    case Permission::write:
      return by.role && *by.role >= R::writer;
    case Permission::land:
      return by.role && *by.role >= R::lander;
    case Permission::admin:
      return by.role && *by.role >= R::admin;
    case Permission::local:
      return by.way == Way::local;
  }
  return false;
}

std::string header(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (lower(key) == name) return value;
  return {};
}

}  // namespace

TEST_CASE("every route with every asker: what the table says") {
  Forge f;
  int cells = 0;
  for (bool anonymous_read : {true, false}) {
    f.context.options.anonymous_read = anonymous_read;
    for (const auto& route : routes()) {
      for (const auto& by : Forge::askers()) {
        CAPTURE(std::string(route.method) + " " + std::string(route.pattern));
        CAPTURE(by.name);
        CAPTURE(static_cast<int>(by.way));
        CAPTURE(anonymous_read);
        // Ends the sessions that other cells need.
        if (route.pattern == "/login/out") continue;
        ++cells;
        auto status = f.ask(std::string(route.method), segments_of(route), by).status;
        if (!allowed(by, route.permission, anonymous_read)) {
          bool hidden = route.permission == Permission::local && by.way != Way::local;
          bool nobody = by.way == Way::none || (route.permission == Permission::signed_in && by.way == Way::local);
          CHECK(status == (hidden ? 404 : nobody ? 401 : 403));
        } else if (route.form && by.way == Way::session) {
          CHECK(status == 403);  // no token of the form
        } else if (route.pattern == "/:owner/:git/info/refs") {
          CHECK(status == 400);  // no service named
        } else if (route.pattern == "/login" && route.method == "POST") {
          CHECK(status == 403);  // no token given
        } else {
          CHECK(status != 401);
          CHECK(status != 403);
        }
      }
    }
  }
  CHECK(cells > 600);
}

TEST_CASE("whatever changes something under a cookie asks for the form's proof") {
  for (const auto& route : routes()) {
    if (route.method == "GET") continue;
    CAPTURE(route.pattern);
    bool by_cookie = route.permission == Permission::signed_in || route.permission == Permission::write ||
                     route.permission == Permission::land || route.permission == Permission::admin;
    if (by_cookie) CHECK(route.form);
  }
}

TEST_CASE("a form passes with its own session's proof and no other's") {
  Forge f;
  auto send = [&](const std::string& csrf, const std::string& site = {}) {
    auto r = f.request("POST", {"login", "tokens"}, {"reader", Way::session, domain::Role::reader});
    r.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    if (!site.empty()) r.headers.emplace_back("Sec-Fetch-Site", site);
    r.body = "name=x&csrf=" + csrf;
    return dispatch(f.context, r).status;
  };
  auto proof = [&](const std::string& name) {
    Principal p;
    p.session = f.session.at(name);
    return p.csrf();
  };
  CHECK(send("") == 403);
  CHECK(send(std::string(32, '0')) == 403);
  CHECK(send(proof("admin")) == 403);
  CHECK(send(proof("reader")) == 200);
}

TEST_CASE("a browser's remembered Basic password does not act for another site") {
  Forge f;
  auto send = [&](const std::string& site) {
    auto r = f.request("POST", {"login", "tokens"}, {"reader", Way::token, domain::Role::reader});
    if (!site.empty()) r.headers.emplace_back("Sec-Fetch-Site", site);
    return dispatch(f.context, r).status;
  };
  CHECK(send("cross-site") == 403);
  CHECK(send("same-site") == 403);
  CHECK(send("same-origin") == 200);
  CHECK(send("") == 200);  // no browser
}

TEST_CASE("signing in leads nowhere but to this server") {
  for (const char* bad : {"//evil.example", "https://evil.example/", "/\\evil.example", "evil", "", "/\t/evil.example",
                          "/x\r\nSet-Cookie: a=b", "javascript:alert(1)"})
    CHECK(own_path(bad) == "/");
  CHECK(own_path("/ada/engine?x=1") == "/ada/engine?x=1");
  Forge f;
  auto link = [&] { return f.store->create_login_link("reader", INT64_MAX, system_clock().now()); };
  auto first = link();
  auto response = f.ask("GET", {"login"}, {}, {{"link", first}, {"next", "//evil.example"}});
  CHECK(response.status == 303);
  CHECK(header(response, "location") == "/");
  CHECK(header(response, "set-cookie").find("HttpOnly") != std::string::npos);
  CHECK(f.ask("GET", {"login"}, {}, {{"link", first}}).status == 403);
  CHECK(header(f.ask("GET", {"login"}, {}, {{"link", link()}, {"next", "/ada/engine"}}), "location") == "/ada/engine");
}

TEST_CASE("git may read without a token and not push") {
  Forge f;
  auto refs = [&](const std::string& service, const Asker& by) {
    return f.ask("GET", {"ada", "engine.git", "info", "refs"}, by, {{"service", service}});
  };
  CHECK(refs("git-upload-pack", {}).status == 200);
  auto refused = refs("git-receive-pack", {});
  CHECK(refused.status == 401);
  CHECK(header(refused, "www-authenticate").starts_with("Basic"));
  CHECK(header(refused, "content-type").starts_with("text/plain"));
  CHECK(refs("git-receive-pack", {"reader", Way::token, domain::Role::reader}).status == 403);
  CHECK(refs("git-receive-pack", {"writer", Way::token, domain::Role::writer}).status == 200);
  CHECK(refs("git-evil", {"writer", Way::token, domain::Role::writer}).status == 400);
  f.context.options.anonymous_read = false;
  CHECK(refs("git-upload-pack", {}).status == 401);
  CHECK(refs("git-upload-pack", {"reader", Way::token, domain::Role::reader}).status == 200);
}

TEST_CASE("trouble is told in the asker's own form") {
  Forge f;
  auto page = f.ask("GET", {"nobody", "nothing"});
  CHECK(page.status == 404);
  CHECK(header(page, "content-type").starts_with("text/html"));
  CHECK_FALSE(header(page, "content-security-policy").empty());
  CHECK(header(page, "x-content-type-options") == "nosniff");
  auto api = f.ask("GET", {"api", "v1", "repos", "nobody", "nothing", "branches"});
  CHECK(api.status == 404);
  CHECK(header(api, "content-type").starts_with("application/json"));
  CHECK(api.body.find("\"error\"") != std::string::npos);
  CHECK(header(f.ask("GET", {"api", "v1", "nowhere"}), "content-type").starts_with("application/json"));
  auto git = f.ask("GET", {"nobody", "nothing.git", "info", "refs"}, {}, {{"service", "git-upload-pack"}});
  CHECK(git.status == 404);
  CHECK(header(git, "content-type").starts_with("text/plain"));
  CHECK(f.ask("POST", {"health"}).status == 405);
  CHECK(f.ask("HEAD", {"health"}).status == 200);
  CHECK(f.ask("HEAD", {"nobody", "nothing"}).status == 404);
}

TEST_CASE("hostile segments name nothing, and are never markup") {
  Forge f;
  for (const std::string& bad :
       {std::string("a/b"), std::string("../../etc/passwd"), std::string("a\0b", 3), std::string("<script>alert(1)"),
        std::string("\xff\xfe"), std::string("' OR 1=1 --"), std::string(5000, 'x'), std::string("a\r\nb: c")}) {
    CAPTURE(bad.substr(0, 30));
    for (const auto& segments :
         std::vector<std::vector<std::string>>{{bad, "engine"},
                                               {"ada", bad},
                                               {"ada", "engine", "branches", bad},
                                               {"ada", "engine", "ci", "1", bad, "1"},
                                               {"assets", bad},
                                               {"ada", bad + ".git", "info", "refs"},
                                               {"api", "v1", "repos", bad, "engine", "branches"},
                                               {"api", "v1", "repos", "ada", "engine", "ci", bad}}) {
      auto response = f.ask("GET", segments, {}, {{"service", "git-upload-pack"}});
      CHECK(response.status == 404);
      if (header(response, "content-type").starts_with("text/html"))
        CHECK(response.body.find("<script>alert") == std::string::npos);
      for (const auto& [name, value] : response.headers) CHECK(value.find_first_of("\r\n") == std::string::npos);
    }
  }
}

TEST_CASE("a token that is wrong or revoked is nobody's") {
  Forge f;
  auto whoami = [&](const std::string& value) {
    http::Request r;
    r.method = "GET";
    r.segments = {"api", "v1", "whoami"};
    r.headers = {{"Authorization", value}, {"Cookie", "pika_session=" + f.session.at("admin")}};
    return dispatch(f.context, r).status;
  };
  CHECK(whoami("Bearer " + f.token.at("reader")) == 200);
  CHECK(whoami("bearer   " + f.token.at("reader")) == 200);
  for (const char* bad : {"Bearer x", "Basic !!!", "Basic eDp4"}) CHECK(whoami(bad) == 401);
  auto user = f.store->user("reader").value();
  f.store->revoke_token(user.id, f.store->tokens(user.id).at(0).id, 5);
  CHECK(whoami("Bearer " + f.token.at("reader")) == 401);
}
