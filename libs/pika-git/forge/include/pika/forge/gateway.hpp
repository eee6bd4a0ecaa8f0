// The gateway: where runners connect (docs/runner-protocol.md), and the loop that gives them work. Decisions are
// domain::schedule's; what came of them is in the store before a runner hears of it.
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pika/base/fd.hpp"
#include "pika/forge/event_hub.hpp"
#include "pika/forge/layout.hpp"
#include "pika/forge_model/runner_protocol.hpp"
#include "pika/store/store.hpp"

namespace pika::forge {

struct GatewayTimes {
  Micros lease = 30 * kSecond;
  Micros tick = kSecond;  // how often leases and back-offs are looked at
  int lost_attempts = 3;  // how often a lane is tried again when its runner was lost
  Micros lost_backoff = 2 * kSecond;
};

struct RunnerInfo {
  std::string name;
  int slots = 0, running = 0;
  bool sandbox = false;
  std::string why_no_sandbox{}, remedy{};
};

class Gateway {
 public:
  // `token`: what a runner of this data folder must show, so that one left over from another folder at the same path
  // takes no work.
  Gateway(store::Store& store, Layout layout, EventHub& hub, std::string token, GatewayTimes times = {});
  ~Gateway();
  Status start();  // listens on DATA/run/runner.sock (0600)
  void stop();     // closes; lanes go on in their runners
  void kick();     // something was queued
  void cancel(const std::vector<store::RunningLease>& leases, const std::string& why);
  std::vector<RunnerInfo> runners();

 private:
  struct Connection;
  struct Served {
    std::thread thread;
    std::shared_ptr<Connection> connection;
  };
  void accept_loop();
  void schedule_loop();
  void schedule_once();
  void settle_expired();
  void serve(std::shared_ptr<Connection> connection);
  void serve_until_end(const std::shared_ptr<Connection>& connection);
  void reap_ended();
  void send_cancels(Connection& connection);
  std::shared_ptr<Connection> connection_of(const std::string& runner);
  bool greet(Connection& connection, const forge_model::Hello& hello);
  void handle(Connection& connection, const forge_model::Message& message);
  void handle_log(Connection& connection, const forge_model::Log& log);
  void handle_done(Connection& connection, const forge_model::Done& done);
  void end(const store::AttemptEnd& end);
  forge_model::Ack ack_of(const forge_model::AttemptKey& key);
  bool current(const forge_model::AttemptKey& key);
  bool give(const store::Assignment& assignment);

  store::Store& store_;
  Layout layout_;
  EventHub& hub_;
  std::string token_;
  GatewayTimes times_;
  UniqueFd listener_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false, queued_ = true;
  std::map<std::string, std::shared_ptr<Connection>> connections_;  // by runner name
  std::vector<Served> threads_;
  std::thread accept_thread_, schedule_thread_;
};

}  // namespace pika::forge
