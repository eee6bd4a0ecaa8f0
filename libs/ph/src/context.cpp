#include "context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "pika/base/text.hpp"

namespace pika::ph {

Result<Context> find_context(const Session& session) {
  const auto logins = PIKA_TRY(read_logins(session.login_file));
  Remote remote;
  if (session.server.empty() || session.repository.empty()) {
    auto found = find_remote(session.folder, logins);
    if (found) remote = *found;
    // One login and a repository by name are enough outside of a clone.
    if (!found && !session.repository.empty() && logins.size() == 1) remote.server = logins.begin()->first;
    if (!found && remote.server.empty() && session.server.empty()) return std::unexpected(found.error());
  }
  if (!session.server.empty()) remote.server = PIKA_TRY(server_of(session.server));
  if (!session.repository.empty()) remote.repository = session.repository;
  if (split(remote.repository, '/').size() != 2)
    return fail(ErrorKind::invalid,
                remote.repository.empty() ? "no repository is named, and this folder's remotes name none"
                                          : fmt::format("{} is no repository", quote_name(remote.repository)),
                "give one as --repo OWNER/NAME");
  const auto login = logins.find(remote.server);
  return Context{Client(remote.server, login == logins.end() ? "" : login->second.token), remote.repository};
}

Result<model::BranchNumber> find_number(Context& context, const Session& session, const BranchWord& word) {
  std::string_view digits = word;
  if (digits.starts_with('#')) digits.remove_prefix(1);
  if (const auto number = parse_number<std::int64_t>(digits); number && *number > 0)
    return model::BranchNumber(*number);
  if (!word.empty()) return context.client.find_branch(context.repository, word);
  const auto checkout = PIKA_TRY(find_checkout(session.folder));
  if (checkout.branch.empty())
    return fail(ErrorKind::invalid, "no branch is checked out here (HEAD is detached)",
                "name one: 'ph status NAME' or 'ph status 133'");
  return context.client.find_branch(context.repository, checkout.branch);
}

int finish(const Session& session, const Result<int>& result) {
  if (result) return *result;
  const auto& error = result.error();
  // The forge's words may hold anything; lines are kept, control characters are not.
  for (const auto line : split("ph: " + error.text(), '\n')) session.err(plain(line) + "\n");
  return exit_code(error.kind);
}

std::string plain(std::string_view text) {
  auto clean = to_utf8(text);
  std::string out;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto byte = static_cast<unsigned char>(clean[i]);
    const bool c1 = byte == 0xc2 && i + 1 < clean.size() && static_cast<unsigned char>(clean[i + 1]) < 0xa0;
    if (c1) {
      out += "\xef\xbf\xbd";
      ++i;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += byte == '\t' || byte == '\n' ? " " : "\xef\xbf\xbd";
    } else {
      out += clean[i];
    }
  }
  return out;
}

std::string absolute_url(const Client& client, const std::string& url) {
  return url.starts_with("/") ? client.server() + url : url;
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
    case ErrorKind::not_found:
    case ErrorKind::too_large:
      return 2;
    case ErrorKind::unauthorised:
    case ErrorKind::forbidden:
      return 9;
    case ErrorKind::conflict:
      return 8;
    case ErrorKind::unavailable:
    case ErrorKind::internal:
      return 4;
  }
  return 4;
}

int exit_code(std::string_view status, std::string_view failure) {
  if (status == "passed") return 0;
  if (status == "cancelled") return 6;
  if (status == "skipped" || status == "nothing_ran") return 3;
  if (failure == "catalogue_error") return 7;
  if (failure == "timed_out") return 5;
  if (failure == "test_failed" || failure == "out_of_memory") return 1;
  if (failure.empty() && status == "failed") return 1;
  return 4;
}

int worse_exit_code(int a, int b) {
  static constexpr std::array<int, 8> kWorstFirst{7, 2, 4, 1, 5, 6, 3, 0};
  return std::find(kWorstFirst.begin(), kWorstFirst.end(), a) < std::find(kWorstFirst.begin(), kWorstFirst.end(), b)
             ? a
             : b;
}

}  // namespace pika::ph
