// What comes over the Unix socket: commands of whoever owns the data folder, and git's hooks.
#include <fmt/format.h>

#include <sys/stat.h>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/git.hpp"
#include "pika/gitx/repository.hpp"
#include "router.hpp"

namespace pika::server {

namespace {

constexpr Micros kLinkLife = 24 * 3600 * kSecond;

http::Response answer(const json::Value& value) {
  return http::json_response(200, json::print(value));
}

Result<json::Value> body_of(const Call& call) {
  return json::parse(call.request.body, "request body");
}

Status fill_repository(Context& site, const store::Repository& r, const fs::path& source) {
  auto path = site.layout.repository(r);
  PIKA_TRY(git::import_from(path, source));
  auto repository = PIKA_TRY(git::Repository::open(path));
  std::vector<git::Ref> refs = repository.refs("refs/heads/");
  if (!repository.ref(r.target_ref()) && !refs.empty())
    return fail(ErrorKind::invalid, fmt::format("'{}' has no branch {}", source.string(), r.target),
                fmt::format("name the one to land on with --target; there are: {}", [&] {
                  std::vector<std::string> names;
                  for (std::size_t i = 0; i < refs.size() && i < 10; ++i)
                    names.push_back(quote_name(refs[i].name.substr(11)));
                  return join(names, ", ");
                }()));
  site.review->repair(r);
  return {};
}

}  // namespace

Result<http::Response> admin_repositories(Call& call) {
  json::Array out;
  for (const auto& r : call.site.store->repositories())
    out.push_back(
        json::Object{{"name", r.full_name()}, {"target", r.target}, {"url", call.site.url + "/" + r.full_name()}});
  return answer(json::Object{{"repositories", out}});
}

Result<http::Response> admin_create_repository(Call& call) {
  auto body = PIKA_TRY(body_of(call));
  auto full = PIKA_TRY(json::get_string(body, "name"));
  auto slash = full.find('/');
  auto owner = full.substr(0, slash), name = slash == std::string::npos ? "" : full.substr(slash + 1);
  if (!domain::valid_name(owner) || !domain::valid_name(name))
    return fail(
        ErrorKind::invalid, fmt::format("'{}' is no repository name", to_utf8(full)),
        "use OWNER/NAME, each up to 64 letters, digits, dots, dashes and underscores, not ending in .git or .lock");
  if (domain::reserved_owner(owner))
    return fail(ErrorKind::invalid, fmt::format("'{}' is a word that addresses need", owner), "choose another owner");
  auto import = json::find_string(body, "import").value_or("");
  auto target = json::find_string(body, "target").value_or("");
  if (!import.empty()) {
    auto source = PIKA_TRY(git::Repository::open(import));
    if (target.empty())
      if (auto head = source.head_branch(); head && head->starts_with("refs/heads/")) target = head->substr(11);
  }
  if (target.empty()) target = "main";
  if (!git::valid_branch_name(target))
    return fail(ErrorKind::invalid, fmt::format("'{}' is no branch name", to_utf8(target)));
  // One at a time: two of one name must not undo each other.
  static std::mutex creating;
  std::lock_guard one_at_a_time(creating);
  if (call.site.store->repository(owner, name))
    return fail(ErrorKind::conflict, fmt::format("there is a repository {} already", full), "choose another name");
  store::Repository wanted{{}, owner, name, target, 0};
  auto path = call.site.layout.repository(wanted);
  if (fs::exists(path))
    return fail(ErrorKind::conflict,
                fmt::format("the folder '{}' is there already, and no repository of the store", path.string()),
                "look what it is, then move it away");
  make_dirs(path.parent_path(), 0700);
  auto undo = [&](Error error) -> Result<http::Response> {
    remove_tree(path);
    return std::unexpected(std::move(error));
  };
  if (auto made = git::init_hosted(path, target); !made) return undo(made.error());
  if (!import.empty())
    if (auto filled = git::import_from(path, import); !filled) return undo(filled.error());
  auto r = call.site.store->create_repository(owner, name, target, system_clock().now());
  if (!r) return undo(r.error());
  if (!import.empty()) PIKA_TRY(fill_repository(call.site, *r, import));
  return answer(json::Object{{"name", full},
                             {"target", target},
                             {"url", call.site.url + "/" + full},
                             {"git", call.site.url + "/" + full + ".git"}});
}

Result<http::Response> admin_create_user(Call& call) {
  auto body = PIKA_TRY(body_of(call));
  auto word = json::find_string(body, "role").value_or("lander");
  auto role = domain::parse_role(word);
  if (!role)
    return fail(ErrorKind::invalid, fmt::format("'{}' is no role", to_utf8(word)),
                "use reader, writer, lander or admin");
  auto name = PIKA_TRY(json::get_string(body, "name"));
  auto user = PIKA_TRY(call.site.store->create_user(name, *role, system_clock().now()));
  return answer(json::Object{{"name", user.name}, {"role", std::string(to_string(user.role))}});
}

Result<http::Response> admin_create_token(Call& call) {
  auto body = PIKA_TRY(body_of(call));
  auto name = PIKA_TRY(json::get_string(body, "user"));
  auto user = call.site.store->user(name);
  if (!user)
    return fail(ErrorKind::not_found, fmt::format("there is no user {}", quote_name(to_utf8(name))),
                "make one with: pika-git user create NAME");
  auto token = call.site.store->create_token(user->id, json::find_string(body, "name").value_or("command line"),
                                             system_clock().now());
  return answer(json::Object{{"token", token}});
}

Result<http::Response> admin_login_link(Call& call) {
  auto body = PIKA_TRY(body_of(call));
  auto name = PIKA_TRY(json::get_string(body, "user"));
  if (!call.site.store->user(name))
    return fail(ErrorKind::not_found, fmt::format("there is no user {}", quote_name(to_utf8(name))),
                "make one with: pika-git user create NAME");
  auto now = system_clock().now();
  auto secret = call.site.store->create_login_link(name, now + kLinkLife, now);
  return answer(json::Object{{"url", fmt::format("{}/login?link={}", call.site.url, secret)}});
}

Result<http::Response> admin_verify(Call& call) {
  json::Array faults;
  int records = 0;
  for (const auto& r : call.site.store->repositories()) {
    records += static_cast<int>(call.site.store->landings(r.id).size());
    for (const auto& fault : forge::verify_landings(*call.site.store, call.site.layout, r))
      faults.emplace_back(to_utf8(fault));
    if (auto checked = git::run(call.site.layout.repository(r),
                                {"fsck", "--connectivity-only", "--no-dangling", "--no-progress"}, 3600 * kSecond);
        !checked)
      faults.emplace_back(r.full_name() + ": " + to_utf8(checked.error().what));
  }
  return answer(json::Object{{"landings", records}, {"faults", faults}});
}

Result<http::Response> admin_hook(Call& call) {
  std::shared_ptr<Push> push;
  {
    auto pushes = call.site.pushes.lock();
    if (auto at = pushes->find(call.arg("push")); at != pushes->end()) push = at->second;
  }
  if (!push) return fail(ErrorKind::not_found, "this push is not known here", "push again");
  auto body = PIKA_TRY(body_of(call));
  std::vector<forge::RefChange> changes;
  if (const auto* list = json::find_array(body, "changes"))
    for (const auto& item : *list) {
      auto ref = PIKA_TRY(json::get_string(item, "ref"));
      changes.push_back({base64_decode(ref), json::find_string(item, "from").value_or(""),
                         json::find_string(item, "to").value_or("")});
    }
  if (const auto* options = json::find_array(body, "options"))
    for (const auto& item : *options) {
      auto text = item.is_string() ? std::string(item.as_string()) : std::string();
      if (text.starts_with("title=")) push->options.title = text.substr(6);
    }
  json::Array lines;
  if (call.arg("hook") == "pre-receive") {
    PIKA_TRY(call.site.review->check_push(push->repository, changes));
    push->accepted = changes;
  } else {
    for (const auto& line : call.site.review->record_push(push->repository, changes, push->options, push->user))
      lines.emplace_back(to_utf8(line));
    push->recorded = true;
  }
  return answer(json::Object{{"lines", lines}});
}

}  // namespace pika::server
