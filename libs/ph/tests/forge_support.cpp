#include "forge_support.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/git.hpp"

namespace pika::ph::test {

namespace {
constexpr std::string_view kToken = "Bearer good-token";

http::Response error(int status, const model::ApiError& what) {
  return http::json_response(status, json::print(model::to_json(what)));
}
}  // namespace

FakeForge::FakeForge() : server_({.workers = 2}, *this) {
  REQUIRE(server_.start());
}

std::string FakeForge::address() const {
  return fmt::format("http://127.0.0.1:{}", server_.port());
}

http::Response FakeForge::handle(http::Request& request) {
  auto facts_now = facts.lock();
  const auto token = std::string(request.header("Authorization"));
  facts_now->tokens.push_back(token);
  if (token != kToken) return error(401, {"unauthorised", "nobody is signed in", "", {}});
  const auto& s = request.segments;
  const std::vector<std::string> here{"api", "v1", "repos", "acme", "rocket"};
  if (s == std::vector<std::string>{"api", "v1", "whoami"})
    return http::json_response(200, json::print(model::to_json(model::WhoAmI{"ann", {"lander"}})));
  if (s.size() < 6 || !std::equal(here.begin(), here.end(), s.begin()))
    return error(404, {"not_found", "no such repository", "", {}});
  if (s[5] == "ci") return log_answer(*facts_now, request);
  if (s.back() == "merge" && request.method == "POST") {
    facts_now->merge_body = request.body;
    return facts_now->merge_answer;
  }
  return branch_answer(*facts_now, request);
}

http::Response FakeForge::branch_answer(Facts& f, const http::Request& request) {
  if (request.segments.size() == 6) {
    std::vector<model::Branch> found;
    for (const auto& [number, branch] : f.branches)
      if (branch.name == request.query_value("name")) found.push_back(branch);
    return http::json_response(200, json::print(model::branches_to_json(found)));
  }
  ++f.looks;
  if (f.before_look) f.before_look(f);
  const auto number = parse_number<std::int64_t>(request.segments[6]);
  const auto found = f.branches.find(number.value_or(0));
  if (found == f.branches.end()) return error(404, {"not_found", "there is no branch " + request.segments[6], "", {}});
  auto value = model::to_json(found->second);
  value.get_object()["later_field"] = "kept";
  return http::json_response(200, json::print(value));
}

http::Response FakeForge::log_answer(const Facts& f, const http::Request& request) const {
  const auto& s = request.segments;  // ... ci 168 LANE ATTEMPT log
  const auto found = s.size() == 10 ? f.logs.find(s[6] + "/" + s[7] + "/" + s[8]) : f.logs.end();
  if (found == f.logs.end()) return error(404, {"not_found", "there is no such log", "", {}});
  const auto offset = parse_number<std::size_t>(request.query_value("offset")).value_or(0);
  http::Response response;
  response.body = found->second.substr(std::min(offset, found->second.size()), 3);  // small pieces
  const auto next = std::min(offset, found->second.size()) + response.body.size();
  response.set("Content-Type", "application/octet-stream");
  response.set("X-Log-Next-Offset", std::to_string(next));
  response.set("X-Log-Complete", f.log_complete && next == found->second.size() ? "true" : "false");
  return response;
}

void Person::git(std::vector<std::string> args) {
  auto done = git::run(folder_, std::move(args));
  REQUIRE_MESSAGE(done, (done ? "" : done.error().what));
}

Person::Person(const FakeForge& forge, const std::string& branch) {
  auto dir = std::make_shared<TempDir>();
  folder_ = dir->path() / "clone";
  keep_ = dir;
  make_dirs(folder_);
  git({"init", "--quiet", "-b", "main"});
  git({"-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--allow-empty", "-m", "first"});
  git({"checkout", "--quiet", "-b", branch});
  git({"remote", "add", "origin", forge.address() + "/acme/rocket.git"});
  head = trim(git::run(folder_, {"rev-parse", "HEAD"}).value());
  session.folder = folder_;
  session.login_file = dir->path() / "config" / "ph.json";
  session.out = [this](std::string_view text) { out += text; };
  session.err = [this](std::string_view text) { err += text; };
  session.pause = [](Micros) {};
  REQUIRE(login(session, forge.address(), "good-token") == 0);
  out.clear();
}

}  // namespace pika::ph::test
