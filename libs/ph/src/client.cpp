#include "pika/ph/client.hpp"

#include <fmt/format.h>

#include "pika/base/text.hpp"
#include "pika/http/client.hpp"

namespace pika::ph {

namespace {

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
      return ErrorKind::unauthorised;
    case 403:
      return ErrorKind::forbidden;
    case 404:
      return ErrorKind::not_found;
    case 409:
      return ErrorKind::conflict;
    case 413:
      return ErrorKind::too_large;
    case 429:
    case 502:
    case 503:
    case 504:
      return ErrorKind::unavailable;
    default:
      return status >= 500 ? ErrorKind::internal : ErrorKind::invalid;
  }
}

std::string repository_path(const std::string& repository) {
  std::string path = "/api/v1/repos";
  for (const auto part : split(repository, '/')) path += "/" + http::url_encode_segment(part);
  return path;
}

Error refusal(const std::string& server, int status, std::string_view body) {
  model::ApiError told;
  if (const auto value = json::parse(body, "answer")) told = model::api_error_from_json(*value);
  if (told.message.empty())
    return {status < 500 && status != 401 && status != 403 ? ErrorKind::internal : kind_of(status),
            fmt::format("{} answered {}, and not as a forge does", server, status),
            "check that the address is a forge's: ph --server URL"};
  Error error{kind_of(status), told.message, told.advice};
  for (const auto& reason : told.reasons) error.what += "\n  - " + reason.message;
  // The forge advises people in browsers too; here this is what there is to do.
  if (error.kind == ErrorKind::unauthorised) error.advice = "sign in with: ph login " + server;
  return error;
}

}  // namespace

struct Client::Reply {
  http::ClientResponse response;
};

Result<Client::Reply> Client::exchange(std::string_view method, const std::string& path, std::string body) {
  http::ClientRequest request;
  request.method = method;
  request.url = server_ + path;
  request.headers.emplace_back("Accept", "application/json");
  if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_);
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(body);
  auto response = PIKA_TRY(http::fetch(request));
  if (response.status < 200 || response.status > 299)
    return std::unexpected(refusal(server_, response.status, response.body));
  return Reply{std::move(response)};
}

Result<json::Value> Client::json_of(std::string_view method, const std::string& path, std::string body) {
  const auto reply = PIKA_TRY(exchange(method, path, std::move(body)));
  auto value = json::parse(reply.response.body, "the answer of " + server_);
  if (!value) return fail(ErrorKind::internal, value.error().what, "check that the address is a forge's");
  return value;
}

Result<model::WhoAmI> Client::whoami() {
  const auto value = PIKA_TRY(json_of("GET", "/api/v1/whoami"));
  return model::whoami_from_json(value);
}

Result<Answer<model::Branch>> Client::branch(const std::string& repository, model::BranchNumber number) {
  auto raw = PIKA_TRY(json_of("GET", fmt::format("{}/branches/{}", repository_path(repository), number.value())));
  auto value = PIKA_TRY(model::branch_from_json(raw));
  return Answer<model::Branch>{std::move(raw), std::move(value)};
}

Result<model::BranchNumber> Client::find_branch(const std::string& repository, const std::string& name) {
  const auto raw = PIKA_TRY(
      json_of("GET", fmt::format("{}/branches?name={}", repository_path(repository), http::url_encode_query(name))));
  const auto branches = PIKA_TRY(model::branches_from_json(raw));
  const model::Branch* found = nullptr;
  for (const auto& branch : branches) {
    if (branch.name != name) continue;
    if (branch.state == "open") return branch.number;
    if (!found || branch.number > found->number) found = &branch;
  }
  if (found) return found->number;
  return fail(ErrorKind::not_found, fmt::format("{} knows no branch {} of {}", server_, quote_name(name), repository),
              "push it first: git push origin HEAD");
}

Result<LogPart> Client::log(const std::string& repository, model::SuiteNumber suite, const std::string& lane,
                            int attempt, std::uint64_t offset, std::uint64_t size) {
  auto reply = PIKA_TRY(exchange("GET",
                                 fmt::format("{}/ci/{}/{}/{}/log?offset={}&size={}", repository_path(repository),
                                             suite.value(), http::url_encode_segment(lane), attempt, offset, size),
                                 {}));
  LogPart part;
  part.complete = reply.response.header("X-Log-Complete") == "true";
  part.next_offset = parse_number<std::uint64_t>(reply.response.header("X-Log-Next-Offset"))
                         .value_or(offset + reply.response.body.size());
  part.bytes = std::move(reply.response.body);
  return part;
}

Result<Answer<model::MergeAnswer>> Client::merge(const std::string& repository, model::BranchNumber number,
                                                 const model::MergeRequest& request) {
  auto raw = PIKA_TRY(json_of("POST", fmt::format("{}/branches/{}/merge", repository_path(repository), number.value()),
                              json::print(model::to_json(request))));
  auto value = PIKA_TRY(model::merge_answer_from_json(raw));
  return Answer<model::MergeAnswer>{std::move(raw), std::move(value)};
}

}  // namespace pika::ph
