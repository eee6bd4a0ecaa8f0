// What every command begins with: which server, which repository, which branch, and as whom.
#pragma once
#include <string>

#include "pika/ph/client.hpp"
#include "pika/ph/commands.hpp"
#include "pika/ph/remote.hpp"

namespace pika::ph {

struct Context {
  Client client;
  std::string repository;
};
Result<Context> find_context(const Session& session);

// The number of the branch that is meant.
Result<model::BranchNumber> find_number(Context& context, const Session& session, const BranchWord& word);

// Prints the error and gives its exit code, or gives the command's own.
int finish(const Session& session, const Result<int>& result);

// Text from outside, fit for a terminal: UTF-8, one line, no control characters.
std::string plain(std::string_view text);
std::string absolute_url(const Client& client, const std::string& url);

}  // namespace pika::ph
