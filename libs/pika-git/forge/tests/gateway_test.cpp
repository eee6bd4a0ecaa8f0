// The gateway with a runner of our own at its socket, speaking the real protocol.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>
#include <cstring>
#include <future>

#include "pika/forge/gateway.hpp"
#include "world.hpp"

using namespace pika;
using namespace pika::forge;
namespace fm = pika::forge_model;

namespace {

constexpr int kPatienceMs = 60'000;

class Runner {
 public:
  explicit Runner(const Layout& layout) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, layout.runner_socket().c_str(), sizeof address.sun_path - 1);
    REQUIRE(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  void send(const fm::Message& message) { write_all(fd_.get(), fm::encode_frame(message).value()); }
  // The next message; nothing when the gateway closed.
  std::optional<fm::Message> next() {
    for (;;) {
      auto frame = reader_.next().value();
      if (frame) return fm::decode_message(*frame).value();
      pollfd p{fd_.get(), POLLIN, 0};
      REQUIRE(::poll(&p, 1, kPatienceMs) == 1);
      char buffer[4096];
      auto n = ::read(fd_.get(), buffer, sizeof buffer);
      if (n <= 0) return std::nullopt;
      reader_.feed({buffer, static_cast<std::size_t>(n)});
    }
  }
  template <class T>
  T expect() {
    auto message = next();
    REQUIRE(message);
    auto* wanted = std::get_if<T>(&*message);
    REQUIRE_MESSAGE(wanted, "came: " << std::string(fm::message_type(*message)));
    return *wanted;
  }
  fm::HelloOk hello(const std::vector<fm::ActiveAttempt>& active = {}, const std::string& token = "secret") {
    send(greeting(active, token));
    return expect<fm::HelloOk>();
  }
  static fm::Hello greeting(const std::vector<fm::ActiveAttempt>& active, const std::string& token) {
    fm::Hello hello;
    hello.name = "here";
    hello.token = token;
    hello.slots = 1;
    hello.isolation.sandbox = true;
    hello.active = active;
    return hello;
  }
  static fm::Done done(const fm::AttemptKey& key, std::uint64_t bytes, const std::string& status = "passed") {
    fm::Done done;
    done.key = key;
    done.log_bytes = bytes;
    done.result.status = status;
    return done;
  }

 private:
  UniqueFd fd_;
  fm::FrameReader reader_;
};

struct Scene {
  World world;
  EventHub hub;
  Gateway gateway;
  store::Branch branch;

  explicit Scene(GatewayTimes times = {.lease = 600 * kSecond, .tick = 10'000, .lost_attempts = 3, .lost_backoff = 0})
      : world({{"a.txt", "1\n"},
               {"ci/pikaci.toml", catalogue({{"unit", {"make test", ""}}})},
               {"ci/policy.toml", policy("\"unit\"")}}),
        hub(*world.store),
        gateway(*world.store, world.layout, hub, "secret", times) {
    std::signal(SIGPIPE, SIG_IGN);
    auto files = world.files;
    files["b.txt"] = "2\n";
    branch = world.pushed("topic", world.commit(files, {world.base}));
    REQUIRE(gateway.start());
  }
  store::Attempt attempt() { return world.lanes(branch).at(0).newest(); }
  // Waits until the lane's newest attempt is this far; the test's own deadline ends a wait in vain.
  void until(int number, Ran status) {
    while (attempt().number != number || attempt().status != status) std::this_thread::yield();
  }
  static store::AttemptId id(const fm::AttemptKey& key) { return store::AttemptId(key.attempt.value()); }
};

}  // namespace

TEST_CASE("a runner with the right token gets the lane, on exactly the candidate") {
  Scene s;
  Runner runner(s.world.layout);
  runner.hello();
  auto assign = runner.expect<fm::Assign>();
  auto suite = s.world.suite(s.branch);
  CHECK(assign.commit == suite.commit);
  CHECK(assign.tree == suite.tree);
  CHECK(assign.lane == "unit");
  REQUIRE(assign.jobs.size() == 1);
  CHECK(s.attempt().status == Ran::running);
  CHECK(s.attempt().fence == assign.key.fence.value());
  runner.send(fm::Log{assign.key, 0, "hello\n"});
  CHECK(runner.expect<fm::Ack>().log_offset == 6);
  runner.send(Runner::done(assign.key, 6));
  auto ack = runner.expect<fm::Ack>();
  CHECK(ack.done);
  CHECK_FALSE(ack.stale);
  CHECK(s.attempt().status == Ran::passed);
  CHECK(s.attempt().log_size == 6);
}

TEST_CASE("another token, name or first message is turned away and gets nothing") {
  Scene s;
  for (const char* token : {"", "secre", "secret2", "wrong!"}) {
    Runner runner(s.world.layout);
    runner.send(Runner::greeting({}, token));
    CHECK(runner.expect<fm::HelloRefused>().code == "token");
    CHECK_FALSE(runner.next());
  }
  auto hello = Runner::greeting({}, "secret");
  hello.name = "<script>";
  Runner named(s.world.layout);
  named.send(hello);
  CHECK(named.expect<fm::HelloRefused>().code == "name");
  Runner rude(s.world.layout);
  rude.send(fm::Heartbeat{});
  CHECK_FALSE(rude.next());
  CHECK(s.attempt().status == Ran::queued);
  CHECK(s.gateway.runners().empty());
}

TEST_CASE("a log that comes again is kept once; a gap closes the connection") {
  Scene s;
  fm::AttemptKey key;
  {
    Runner runner(s.world.layout);
    runner.hello();
    key = runner.expect<fm::Assign>().key;
    runner.send(fm::Log{key, 0, "one\n"});
    CHECK(runner.expect<fm::Ack>().log_offset == 4);
    runner.send(fm::Log{key, 0, "one\n"});
    CHECK(runner.expect<fm::Ack>().log_offset == 4);
    runner.send(fm::Log{key, 2, "e\ntwo\xff\n"});
    CHECK(runner.expect<fm::Ack>().log_offset == 9);
    runner.send(fm::Log{key, 12, "lost"});
    CHECK_FALSE(runner.next());
  }
  CHECK(read_file(s.world.layout.log_raw(Scene::id(key))).value() == "one\ntwo\xff\n");
  CHECK(s.attempt().status == Ran::running);
  Runner again(s.world.layout);
  auto ok = again.hello({{.key = key, .log_offset = 16}});
  REQUIRE(ok.acks.size() == 1);
  CHECK(ok.acks[0].log_offset == 9);
  CHECK_FALSE(ok.acks[0].stale);
}

TEST_CASE("an end before all of the log is not taken") {
  Scene s;
  Runner runner(s.world.layout);
  runner.hello();
  auto key = runner.expect<fm::Assign>().key;
  runner.send(fm::Log{key, 0, "part"});
  runner.expect<fm::Ack>();
  runner.send(Runner::done(key, 100));
  CHECK_FALSE(runner.next());
  CHECK(s.attempt().status == Ran::running);
}

TEST_CASE("whoever speaks for another claim is told that it is stale") {
  Scene s;
  Runner runner(s.world.layout);
  runner.hello();
  auto key = runner.expect<fm::Assign>().key;
  auto wrong = key;
  wrong.fence = fm::Fence(key.fence.value() + 1);
  runner.send(fm::Log{wrong, 0, "forged"});
  CHECK(runner.expect<fm::Ack>().stale);
  runner.send(Runner::done(wrong, 0));
  CHECK(runner.expect<fm::Ack>().stale);
  runner.send(Runner::done({fm::AttemptId(9999), fm::Fence(1)}, 0));
  CHECK(runner.expect<fm::Ack>().stale);
  CHECK(s.attempt().status == Ran::running);
  CHECK_FALSE(fs::exists(s.world.layout.log_raw(Scene::id(key))));
}

TEST_CASE("a claim that its runner does not know is lost, and tried again, three times") {
  Scene s;
  for (int i = 1; i <= 3; ++i) {
    Runner runner(s.world.layout);
    runner.hello();
    auto assign = runner.expect<fm::Assign>();
    CHECK(s.attempt().number == i);
  }
  Runner last(s.world.layout);
  last.hello();
  s.until(3, Ran::failed);
  CHECK(s.attempt().failure == jerichoci::FailureKind::lost);
  CHECK(s.world.lanes(s.branch)[0].attempts.size() == 3);
}

TEST_CASE("a lease that ends is a lost attempt, and its late result is not taken") {
  Scene s({.lease = 1, .tick = 1'000, .lost_attempts = 2, .lost_backoff = 3600 * kSecond});
  Runner runner(s.world.layout);
  runner.hello();
  auto key = runner.expect<fm::Assign>().key;
  s.until(2, Ran::queued);
  auto first = s.world.lanes(s.branch)[0].attempts.at(0);
  CHECK(first.failure == jerichoci::FailureKind::lost);
  runner.send(Runner::done(key, 0));
  CHECK(runner.expect<fm::Ack>().done);
  CHECK(s.world.lanes(s.branch)[0].attempts.at(0).status == Ran::failed);
}

TEST_CASE("a cancelled lane's runner is told") {
  Scene s;
  Runner runner(s.world.layout);
  runner.hello();
  auto key = runner.expect<fm::Assign>().key;
  s.gateway.cancel(s.world.store->cancel_suite(s.world.suite(s.branch).id, "cancelled", 5), "cancelled by ada");
  auto cancel = runner.expect<fm::Cancel>();
  CHECK(cancel.key == key);
  CHECK(cancel.reason == "cancelled by ada");
}

TEST_CASE("a runner that drains gets nothing new") {
  Scene s;
  Runner runner(s.world.layout);
  runner.hello();
  auto key = runner.expect<fm::Assign>().key;
  runner.send(fm::Heartbeat{.running = {key}, .draining = true});
  runner.expect<fm::Heartbeat>();
  runner.send(Runner::done(key, 0, "failed"));
  CHECK(runner.expect<fm::Ack>().done);
  auto lane = s.world.lanes(s.branch)[0].lane.id;
  REQUIRE(s.world.store->add_attempt(lane, "rerun", 0, 9));
  s.gateway.kick();
  while (s.attempt().waiting_reason.empty()) std::this_thread::yield();
  CHECK(s.attempt().status == Ran::queued);
  CHECK(s.attempt().waiting_reason == "capacity");
}

TEST_CASE("the gateway stops also while somebody is connected who says nothing") {
  Scene s;
  Runner silent(s.world.layout);
  Runner refused(s.world.layout);
  refused.send(Runner::greeting({}, "wrong"));
  refused.expect<fm::HelloRefused>();  // accepted after the silent one, so both are known
  auto stopped = std::async(std::launch::async, [&] { s.gateway.stop(); });
  CHECK(stopped.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  CHECK_FALSE(silent.next());
}
