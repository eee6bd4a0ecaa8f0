// A forge that answers the API from what the test put into it, over real HTTP.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pika/base/sync.hpp"
#include "pika/forge_model/api.hpp"
#include "pika/http/server.hpp"
#include "pika/ph/commands.hpp"

namespace pika::ph::test {

namespace model = forge_model;

class FakeForge : public http::App {
 public:
  FakeForge();
  ~FakeForge() override { server_.stop(0); }
  std::string address() const;

  // What is served: branches by number, logs by "suite/lane/attempt", the answer to a merge.
  struct Facts {
    std::map<std::int64_t, model::Branch> branches;
    std::map<std::string, std::string> logs;
    bool log_complete = true;
    http::Response merge_answer;
    // What was asked.
    std::vector<std::string> tokens;
    std::string merge_body;
    int looks = 0;                            // GETs of a branch
    std::function<void(Facts&)> before_look;  // called with each, so that a test moves the world on
  };
  Sync<Facts> facts;

  http::Response handle(http::Request& request) override;

 private:
  http::Response branch_answer(Facts& facts, const http::Request& request);
  http::Response log_answer(const Facts& facts, const http::Request& request) const;

  http::Server server_;
};

// A session whose output is kept, in a clone whose origin is the forge's acme/rocket, checked out at `branch`.
struct Person {
  explicit Person(const FakeForge& forge, const std::string& branch = "feature");
  Session session;
  std::string out, err;
  std::string head;  // of the clone
  void git(std::vector<std::string> args);
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  std::shared_ptr<void> keep_;
};

}  // namespace pika::ph::test
