// A forge at the other end of a socketpair, for tests of the runner's loop: it speaks the protocol and nothing else.
#pragma once
#include <condition_variable>
#include <deque>
#include <string>

#include "pika/base/fd.hpp"
#include "pika/base/sync.hpp"
#include "pika/forge_model/runner_protocol.hpp"

namespace pika::runner::test {

namespace wire = forge_model;

// One connection, seen from the forge. Every wait has a deadline of a minute and fails the test by throwing.
class Peer {
 public:
  explicit Peer(UniqueFd fd) : fd_(std::move(fd)) {}
  void send(const wire::Message& message);
  void send_bytes(std::string_view bytes);
  wire::Message next();
  // The next message of a type; others are thrown away.
  template <class M>
  M next_of() {
    while (true) {
      auto message = next();
      if (auto* m = std::get_if<M>(&message)) return std::move(*m);
    }
  }
  // Greets: takes hello, answers hello_ok.
  wire::Hello greet(std::vector<wire::Ack> acks = {});
  // Log bytes of one attempt until `enough` says so; pieces must follow each other from `offset`.
  std::string log_until(const wire::AttemptKey& key, std::uint64_t offset, std::string_view ending);

 private:
  UniqueFd fd_;
  wire::FrameReader reader_;
};

// Gives out connections: the runner's connect() and the forge's accept().
class Switchboard {
 public:
  Result<UniqueFd> connect();  // for LoopOptions::connect; unavailable while closed
  Peer accept();               // waits for the next connection
  void close();                // no connections from now on
  void open();

 private:
  struct State {
    bool open = true;
    std::deque<UniqueFd> waiting;
  };
  Sync<State> state_;
  std::condition_variable changed_;
};

}  // namespace pika::runner::test
