// The forge's JSON API as calls (docs/api.md). Blocking; one object, one thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "pika/base/result.hpp"
#include "pika/forge_model/api.hpp"

namespace pika::ph {

namespace model = forge_model;

// An answer as it came and as it was understood: the first is what --json prints, unknown fields and all.
template <class T>
struct Answer {
  json::Value raw;
  T value;
};

struct LogPart {
  std::string bytes;
  std::uint64_t next_offset = 0;
  bool complete = false;
};

// Errors of all calls: what the forge said, by the kind of its status, reasons as lines of their own; unavailable when
// it gave no answer, internal when the answer is not its JSON.
class Client {
 public:
  Client(std::string server, std::string token) : server_(std::move(server)), token_(std::move(token)) {}

  Result<model::WhoAmI> whoami();
  Result<Answer<model::Branch>> branch(const std::string& repository, model::BranchNumber number);
  // The newest branch of that name, open ones first; not_found when there never was one.
  Result<model::BranchNumber> find_branch(const std::string& repository, const std::string& name);
  Result<LogPart> log(const std::string& repository, model::SuiteNumber suite, const std::string& lane, int attempt,
                      std::uint64_t offset, std::uint64_t size);
  Result<Answer<model::MergeAnswer>> merge(const std::string& repository, model::BranchNumber number,
                                           const model::MergeRequest& request);
  const std::string& server() const { return server_; }

 private:
  struct Reply;
  Result<Reply> exchange(std::string_view method, const std::string& path, std::string body);
  Result<json::Value> json_of(std::string_view method, const std::string& path, std::string body = {});

  std::string server_, token_;
};

}  // namespace pika::ph
