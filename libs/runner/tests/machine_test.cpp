#include "pika/runner/machine.hpp"

#include <doctest/doctest.h>

using namespace pika;
using namespace pika::runner;

namespace {

wire::AttemptKey key(int attempt, int fence = 1) {
  return {wire::AttemptId(attempt), wire::Fence(fence)};
}

wire::Assign assign(const wire::AttemptKey& k) {
  wire::Assign a;
  a.key = k;
  a.repository = "acme/rocket";
  return a;
}

// A machine and what it decided since the last look.
struct Bench {
  Machine machine;
  std::vector<Action> actions;
  Micros now = 1000 * kSecond;

  explicit Bench(int slots = 2) : machine(config(slots)) {}
  static MachineConfig config(int slots) {
    MachineConfig c;
    c.name = "host-1";
    c.slots = slots;
    return c;
  }
  void look() { actions = machine.take_actions(); }
  void say(const wire::Message& message) {
    machine.received(message, now);
    look();
  }
  void greet(std::vector<wire::Ack> acks = {}) {
    machine.connected(now);
    look();
    say(wire::HelloOk{1, std::move(acks)});
  }
  template <class T>
  std::vector<T> all() const {
    std::vector<T> out;
    for (const auto& action : actions)
      if (const auto* a = std::get_if<T>(&action)) out.push_back(*a);
    return out;
  }
  template <class M>
  std::vector<M> sent() const {
    std::vector<M> out;
    for (const auto& s : all<SendMessage>())
      if (const auto* m = std::get_if<M>(&s.message)) out.push_back(*m);
    return out;
  }
  void end(const wire::AttemptKey& k, std::uint64_t size, std::string status = "passed") {
    machine.ended(k, {.status = std::move(status)}, size);
    look();
  }
};

}  // namespace

TEST_CASE("nothing is sent before the forge has answered hello") {
  Bench b;
  b.machine.connected(b.now);
  b.look();
  CHECK(b.sent<wire::Hello>().size() == 1);
  b.machine.log_grew(key(1), 10);
  b.look();
  CHECK(b.actions.empty());
  b.say(assign(key(1)));  // out of turn
  CHECK(b.all<Disconnect>().size() == 1);
  CHECK(b.all<AcceptAttempt>().empty());
}

TEST_CASE("an assignment is spooled before it starts, and one sent twice runs once") {
  Bench b;
  b.greet();
  b.say(assign(key(1)));
  REQUIRE(b.actions.size() == 2);
  CHECK(std::holds_alternative<AcceptAttempt>(b.actions[0]));
  CHECK(std::get<StartAttempt>(b.actions[1]).key == key(1));
  b.say(assign(key(1)));
  CHECK(b.actions.empty());
}

TEST_CASE("more lanes than slots wait in their order of arrival") {
  Bench b(1);
  b.greet();
  b.say(assign(key(9)));
  b.say(assign(key(5)));
  CHECK(b.all<StartAttempt>().empty());
  b.say(assign(key(3)));
  b.end(key(9), 0);
  REQUIRE(b.all<StartAttempt>().size() == 1);
  CHECK(b.all<StartAttempt>()[0].key == key(5));
}

TEST_CASE("log, events and end go out in the order that lets the forge record a whole log") {
  Bench b;
  b.greet();
  b.say(assign(key(1)));
  b.machine.log_grew(key(1), 100);
  b.machine.event_added(key(1), json::Object{{"event", "job_started"}});
  b.machine.ended(key(1), {.status = "passed"}, 150);
  b.look();
  auto logs = b.all<SendLog>();
  REQUIRE(logs.size() == 2);
  CHECK(logs[1].offset == 100);
  CHECK(logs[1].size == 50);
  REQUIRE(b.sent<wire::Done>().size() == 1);
  CHECK(b.sent<wire::Done>()[0].log_bytes == 150);
  CHECK(b.sent<wire::Done>()[0].event_seq == 1);
  CHECK(std::holds_alternative<wire::Done>(std::get<SendMessage>(b.actions.back()).message));
}

TEST_CASE("after a cut the log goes on from what the forge says it has") {
  Bench b;
  b.greet();
  b.say(assign(key(1)));
  b.machine.log_grew(key(1), 1000);
  b.machine.event_added(key(1), json::Object{{"event", "a"}});
  b.machine.event_added(key(1), json::Object{{"event", "b"}});
  b.look();
  b.machine.disconnected();
  b.machine.log_grew(key(1), 1200);  // the lane goes on meanwhile
  b.look();
  CHECK(b.actions.empty());
  b.machine.connected(b.now);
  b.look();
  auto hello = b.sent<wire::Hello>();
  REQUIRE(hello.size() == 1);
  REQUIRE(hello[0].active.size() == 1);
  CHECK(hello[0].active[0].log_offset == 1200);
  CHECK(hello[0].active[0].event_seq == 2);
  b.say(wire::HelloOk{1, {wire::Ack{key(1), 1, 700, false, false}}});
  REQUIRE(b.all<SendLog>().size() == 1);
  CHECK(b.all<SendLog>()[0].offset == 700);
  CHECK(b.all<SendLog>()[0].size == 500);
  REQUIRE(b.sent<wire::Event>().size() == 1);
  CHECK(b.sent<wire::Event>()[0].seq == 2);
}

TEST_CASE("what the forge does not name after a cut is sent from its first byte") {
  Bench b;
  b.greet();
  b.say(assign(key(1)));
  b.machine.log_grew(key(1), 10);
  b.machine.disconnected();
  b.look();
  b.greet();
  REQUIRE(b.all<SendLog>().size() == 1);
  CHECK(b.all<SendLog>()[0].offset == 0);
}

TEST_CASE("a forge that has more of the log than the spool is believed") {
  Bench b;
  b.machine.restore({key(1), {}, 100, wire::AttemptResult{.status = "failed", .failure = "lost"}});
  b.greet({wire::Ack{key(1), 0, 400, false, false}});
  CHECK(b.all<SendLog>().empty());
  REQUIRE(b.sent<wire::Done>().size() == 1);
  CHECK(b.sent<wire::Done>()[0].log_bytes == 400);
}

TEST_CASE("an end is sent once a connection, again on the next, and its spool goes only when it is acknowledged") {
  Bench b;
  b.greet();
  b.say(assign(key(1)));
  b.end(key(1), 0);
  CHECK(b.sent<wire::Done>().size() == 1);
  b.say(wire::Ack{key(1), 0, 0, false, false});
  CHECK(b.sent<wire::Done>().empty());
  CHECK(b.all<ForgetAttempt>().empty());
  b.machine.disconnected();
  b.greet({wire::Ack{key(1), 0, 0, false, false}});
  CHECK(b.sent<wire::Done>().size() == 1);
  b.say(wire::Ack{key(1), 0, 0, true, false});
  REQUIRE(b.all<ForgetAttempt>().size() == 1);
  CHECK(b.machine.empty());
  b.say(wire::Ack{key(1), 0, 0, true, false});  // a repeat
  CHECK(b.actions.empty());
}

TEST_CASE("repeated and older acks change nothing") {
  Bench b;
  b.greet();
  b.say(assign(key(1)));
  b.machine.log_grew(key(1), 100);
  b.look();
  b.say(wire::Ack{key(1), 0, 100, false, false});
  b.say(wire::Ack{key(1), 0, 100, false, false});
  b.say(wire::Ack{key(1), 0, 40, false, false});
  CHECK(b.actions.empty());
  b.machine.log_grew(key(1), 120);
  b.look();
  REQUIRE(b.all<SendLog>().size() == 1);
  CHECK(b.all<SendLog>()[0].offset == 100);
}

TEST_CASE("an ack of bytes that were never sent does not skip them") {
  Bench b;
  b.greet();
  b.say(assign(key(1)));
  b.say(wire::Ack{key(1), 0, 1u << 30, false, false});
  b.machine.log_grew(key(1), 10);
  b.look();
  REQUIRE(b.all<SendLog>().size() == 1);
  CHECK(b.all<SendLog>()[0].offset == 0);
}

TEST_CASE("a stale attempt is stopped, then deleted, and never delivered") {
  Bench b;
  b.greet();
  b.say(assign(key(1)));
  b.machine.log_grew(key(1), 10);
  b.look();
  b.say(wire::Ack{key(1), 0, 0, false, true});
  REQUIRE(b.all<StopAttempt>().size() == 1);
  b.say(wire::Ack{key(1), 0, 0, false, true});
  CHECK(b.all<StopAttempt>().empty());
  b.machine.log_grew(key(1), 99);
  b.end(key(1), 99, "cancelled");
  CHECK(b.sent<wire::Done>().empty());
  CHECK(b.all<SendLog>().empty());
  CHECK(b.all<ForgetAttempt>().size() == 1);
  CHECK(b.machine.empty());
}

TEST_CASE("a lane that the forge has settled without this runner is stopped and not delivered") {
  Bench b;
  b.greet();
  b.say(assign(key(1)));
  b.say(wire::Ack{key(1), 0, 0, true, false});
  CHECK(b.all<StopAttempt>().size() == 1);
  b.end(key(1), 10, "cancelled");
  CHECK(b.sent<wire::Done>().empty());
  CHECK(b.machine.empty());
}

TEST_CASE("a newer claim replaces the older one; a stale assignment is passed over") {
  Bench b;
  b.greet();
  b.say(assign(key(1, 2)));
  b.say(assign(key(1, 3)));
  REQUIRE(b.all<StopAttempt>().size() == 1);
  CHECK(b.all<StopAttempt>()[0].key == key(1, 2));
  REQUIRE(b.all<StartAttempt>().size() == 1);
  CHECK(b.all<StartAttempt>()[0].key == key(1, 3));
  b.say(assign(key(1, 1)));
  CHECK(b.all<AcceptAttempt>().empty());
  CHECK(b.all<Note>().size() == 1);
}

TEST_CASE("cancel stops what runs and ends what has not begun") {
  Bench b(1);
  b.greet();
  b.say(assign(key(1)));
  b.say(assign(key(2)));
  b.say(wire::Cancel{key(1), "superseded"});
  REQUIRE(b.all<StopAttempt>().size() == 1);
  CHECK(b.all<StopAttempt>()[0].reason == "superseded");
  b.say(wire::Cancel{key(2), "superseded"});
  REQUIRE(b.all<EndUnstarted>().size() == 1);
  CHECK(b.all<EndUnstarted>()[0].result.status == "cancelled");
  b.end(key(2), 5, "cancelled");
  REQUIRE(b.sent<wire::Done>().size() == 1);
  CHECK(b.sent<wire::Done>()[0].result.status == "cancelled");
  b.say(wire::Cancel{key(77), ""});
  CHECK(b.all<StopAttempt>().empty());
}

TEST_CASE("no more than a window of log is in flight without an ack, shared by the lanes") {
  Bench b;
  b.greet();
  b.say(assign(key(1)));
  b.say(assign(key(2)));
  b.machine.log_grew(key(1), 100u << 20);
  b.machine.log_grew(key(2), 100u << 20);
  b.look();
  auto total = [&] {
    std::uint64_t sum = 0;
    for (const auto& log : b.all<SendLog>()) {
      CHECK(log.size <= wire::kMaxLogPiece);
      sum += log.size;
    }
    return sum;
  };
  CHECK(total() == 4u << 20);
  b.say(wire::Ack{key(1), 0, 1u << 20, false, false});
  CHECK(total() == 1u << 20);
  CHECK(b.all<SendLog>()[1].key == key(2));  // turn and turn about
}

TEST_CASE("after a restart what had begun is delivered as lost, and what had not begins") {
  Bench b;
  b.machine.restore(
      {key(1), {json::Object{{"event", "a"}}}, 50, wire::AttemptResult{.status = "failed", .failure = "lost"}});
  b.machine.restore({key(2), {}, 0, std::nullopt});
  b.look();
  REQUIRE(b.all<StartAttempt>().size() == 1);
  CHECK(b.all<StartAttempt>()[0].key == key(2));
  b.greet({wire::Ack{key(1), 0, 20, false, false}, wire::Ack{key(2), 0, 0, false, false}});
  REQUIRE(b.all<SendLog>().size() == 1);
  CHECK(b.all<SendLog>()[0].offset == 20);
  CHECK(b.sent<wire::Event>().size() == 1);
  REQUIRE(b.sent<wire::Done>().size() == 1);
  CHECK(b.sent<wire::Done>()[0].result.failure == "lost");
}

TEST_CASE("a draining runner says so, gives back what waits, and takes nothing new") {
  Bench b(1);
  b.greet();
  b.say(assign(key(1)));
  b.say(assign(key(2)));
  b.machine.drain();
  b.look();
  REQUIRE(b.sent<wire::Heartbeat>().size() == 1);
  CHECK(b.sent<wire::Heartbeat>()[0].draining);
  REQUIRE(b.sent<wire::Refuse>().size() == 1);
  CHECK(b.sent<wire::Refuse>()[0].key == key(2));
  CHECK(b.all<ForgetAttempt>().size() == 1);
  b.say(assign(key(3)));
  CHECK(b.sent<wire::Refuse>().size() == 1);
  CHECK(b.all<AcceptAttempt>().empty());
  b.end(key(1), 0);
  CHECK(b.all<StartAttempt>().empty());
  CHECK(b.machine.running() == 0);
}

TEST_CASE("what waits while a runner drains without a forge stays in the spool") {
  Bench b(1);
  b.greet();
  b.say(assign(key(1)));
  b.say(assign(key(2)));
  b.machine.disconnected();
  b.machine.drain();
  b.end(key(1), 0);
  CHECK(b.all<StartAttempt>().empty());
  CHECK(b.all<ForgetAttempt>().empty());
  CHECK_FALSE(b.machine.empty());
}

TEST_CASE("heartbeats name what runs; silence ends the connection") {
  Bench b;
  b.greet();
  b.say(assign(key(1)));
  CHECK(b.machine.next_tick() == b.now + 10 * kSecond);
  b.now += 10 * kSecond;
  b.machine.tick(b.now);
  b.look();
  REQUIRE(b.sent<wire::Heartbeat>().size() == 1);
  CHECK(b.sent<wire::Heartbeat>()[0].running == std::vector<wire::AttemptKey>{key(1)});
  b.say(wire::Heartbeat{});
  b.now += 59 * kSecond;
  b.machine.tick(b.now);
  b.look();
  CHECK(b.all<Disconnect>().empty());
  b.now += kSecond;
  b.machine.tick(b.now);
  b.look();
  CHECK(b.all<Disconnect>().size() == 1);
  CHECK_FALSE(b.machine.ready());
}

TEST_CASE("a refusal and a version that nobody here speaks end the connection with the reason") {
  Bench b;
  b.machine.connected(b.now);
  b.look();
  b.say(wire::HelloRefused{"token", "the token is unknown", "make another"});
  REQUIRE(b.all<Disconnect>().size() == 1);
  CHECK(b.all<Disconnect>()[0].refused);
  CHECK(b.all<Disconnect>()[0].why.find("the token is unknown; make another") != std::string::npos);
  b.machine.connected(b.now);
  b.look();
  b.say(wire::HelloOk{99, {}});
  REQUIRE(b.all<Disconnect>().size() == 1);
  CHECK(b.all<Disconnect>()[0].why.find("version 99") != std::string::npos);
}

TEST_CASE("a message of a newer forge is passed over") {
  Bench b;
  b.greet();
  b.say(wire::UnknownMessage{"weather"});
  CHECK(b.actions.empty());
  CHECK(b.machine.ready());
}
