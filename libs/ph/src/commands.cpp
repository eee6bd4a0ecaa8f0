// login, status, url, merge.
#include "pika/ph/commands.hpp"

#include <fmt/format.h>

#include "context.hpp"
#include "pika/base/text.hpp"
#include "show.hpp"

namespace pika::ph {

namespace {

Result<int> do_login(const Session& session, const std::string& url, const std::string& token) {
  const auto server = PIKA_TRY(server_of(url));
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+/=-";
  if (token.empty() || token.find_first_not_of(kAllowed) != std::string::npos)
    return fail(ErrorKind::invalid, "this is no token: it is empty, or holds characters that a token cannot have",
                "copy it whole from the page where it was made");
  Client client(server, token);
  const auto who = PIKA_TRY(client.whoami());
  auto logins = PIKA_TRY(read_logins(session.login_file));
  logins[server] = {token, who.name};
  write_logins(session.login_file, logins);
  if (session.json)
    session.out(json::print_pretty(model::to_json(who)));
  else
    session.out(fmt::format("signed in to {} as {}\n", server, plain(who.name)));
  return 0;
}

Result<int> do_status(const Session& session, const BranchWord& word) {
  auto context = PIKA_TRY(find_context(session));
  const auto number = PIKA_TRY(find_number(context, session, word));
  const auto branch = PIKA_TRY(context.client.branch(context.repository, number));
  if (session.json)
    session.out(json::print_pretty(branch.raw));
  else
    session.out(branch_text(context.repository, branch.value, absolute_url(context.client, branch.value.url)));
  return 0;
}

Result<int> do_url(const Session& session, const BranchWord& word) {
  auto context = PIKA_TRY(find_context(session));
  const auto number = PIKA_TRY(find_number(context, session, word));
  const auto branch = PIKA_TRY(context.client.branch(context.repository, number));
  const auto address = absolute_url(context.client, branch.value.url);
  if (session.json)
    session.out(json::print_pretty(json::Value(json::Object{{"url", to_utf8(address)}})));
  else
    session.out(plain(address) + "\n");
  return 0;
}

// What the person takes to be the head: said by them, or what is checked out, or what the forge has.
Result<std::string> expected_head(const Session& session, const BranchWord& word, const MergeOptions& options,
                                  const model::Branch& branch) {
  if (!options.expected_head.empty()) return options.expected_head;
  if (!word.empty()) return branch.version.head;
  const auto checkout = PIKA_TRY(find_checkout(session.folder));
  if (checkout.head != branch.version.head)
    return fail(ErrorKind::conflict,
                fmt::format("what is checked out here ({}) is not what the forge has of this branch ({})",
                            checkout.head.substr(0, 12), plain(branch.version.head).substr(0, 12)),
                fmt::format("push first; or merge what the forge has: ph merge {}", branch.number.value()));
  return checkout.head;
}

Result<int> do_merge(const Session& session, const BranchWord& word, const MergeOptions& options) {
  auto context = PIKA_TRY(find_context(session));
  const auto number = PIKA_TRY(find_number(context, session, word));
  const auto branch = PIKA_TRY(context.client.branch(context.repository, number));
  model::MergeRequest request{PIKA_TRY(expected_head(session, word, options, branch.value)), options.override_reason};
  const auto answer = PIKA_TRY(context.client.merge(context.repository, number, request));
  if (session.json)
    session.out(json::print_pretty(answer.raw));
  else
    session.out(fmt::format("merged {} into {} as {}\n", plain(quote_name(branch.value.name)),
                            plain(quote_name(branch.value.target)), plain(answer.value.merge_commit)));
  return 0;
}

}  // namespace

int login(const Session& session, const std::string& url, const std::string& token) {
  return finish(session, do_login(session, url, token));
}

int status(const Session& session, const BranchWord& branch) {
  return finish(session, do_status(session, branch));
}

int url(const Session& session, const BranchWord& branch) {
  return finish(session, do_url(session, branch));
}

int merge(const Session& session, const BranchWord& branch, const MergeOptions& options) {
  return finish(session, do_merge(session, branch, options));
}

}  // namespace pika::ph
