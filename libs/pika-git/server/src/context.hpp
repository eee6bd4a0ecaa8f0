// What handlers see: the parts of the forge, and the call at hand.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "pika/forge/event_hub.hpp"
#include "pika/forge/explain_loop.hpp"
#include "pika/forge/gateway.hpp"
#include "pika/forge/lander.hpp"
#include "pika/forge/model_loop.hpp"
#include "pika/forge/planner.hpp"
#include "pika/forge/review.hpp"
#include "pika/http/message.hpp"
#include "pika/server/site.hpp"
#include "pika/store/store.hpp"
#include "pika/web/pages.hpp"

namespace pika::server {

// A push under way, known to its hooks by a random id.
struct Push {
  store::Repository repository;
  std::string user;
  std::vector<forge::RefChange> accepted;
  forge::PushOptions options;
  bool recorded = false;
};

// A queue of work that need not be waited for (testing open branches after the target moved), on one thread.
class Background;

struct Context {
  SiteOptions options;
  std::string url;
  forge::Layout layout;
  store::Store* store = nullptr;
  forge::RepositoryLocks* locks = nullptr;
  forge::EventHub* hub = nullptr;
  forge::ExplainLoop* explain = nullptr;
  forge::ModelLoop* words = nullptr;  // none: no model is configured
  forge::Gateway* gateway = nullptr;
  forge::Planner* planner = nullptr;
  forge::Review* review = nullptr;
  forge::Lander* lander = nullptr;
  std::function<void(std::function<void()>)> later;  // runs it on the background thread
  Sync<std::map<std::string, std::shared_ptr<Push>>> pushes;

  std::string branch_path(const store::Repository& r, const store::Branch& b) const {
    return "/" + r.full_name() + "/branches/" + std::to_string(b.number);
  }
  // After the target of `r` moved: every open branch gets a new candidate.
  void target_moved(const store::Repository& r, const std::string& why) {
    later([this, r, why] { planner->plan_open_branches(r, why); });
  }
};

enum class Permission { open, read, signed_in, write, land, admin, local };

struct Principal {
  std::optional<store::User> user;
  std::string session;       // the cookie's secret, when that is how they came
  bool local = false;        // over the Unix socket: whoever owns the data folder
  std::string csrf() const;  // empty without a session
  domain::Role role() const { return local ? domain::Role::admin : user ? user->role : domain::Role::reader; }
  std::string name() const { return user ? user->name : local ? "operator" : "anonymous"; }
};

struct Call {
  Context& site;
  http::Request& request;
  Principal principal;
  std::map<std::string, std::string> args;  // from the route's pattern
  std::map<std::string, std::string> form;  // of a posted form

  const std::string& arg(const std::string& name) const { return args.at(name); }
  Result<store::Repository> repository() const;
  Result<store::Branch> branch(const store::Repository& r) const;  // by arg "number"
  Result<store::Suite> suite(const store::Repository& r) const;    // by arg "suite"
  bool may(Permission permission) const;
};

using Handler = Result<http::Response> (*)(Call&);

}  // namespace pika::server
