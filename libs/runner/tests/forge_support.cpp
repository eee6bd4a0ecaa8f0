#include "forge_support.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace pika::runner::test {

void Peer::send(const wire::Message& message) {
  send_bytes(*wire::encode_frame(message));
}

void Peer::send_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto wrote = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (wrote < 0) throw SystemError("send");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

wire::Message Peer::next() {
  while (true) {
    auto frame = reader_.next();
    if (!frame) throw std::runtime_error(frame.error().what);
    if (*frame) {
      auto message = wire::decode_message(**frame);
      if (!message) throw std::runtime_error(message.error().what);
      return std::move(*message);
    }
    pollfd fd{fd_.get(), POLLIN, 0};
    if (::poll(&fd, 1, 60'000) <= 0) throw std::runtime_error("the runner said nothing for a minute");
    char buffer[64 << 10];
    const auto got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) throw std::runtime_error("the runner closed the connection");
    reader_.feed({buffer, static_cast<std::size_t>(got)});
  }
}

wire::Hello Peer::greet(std::vector<wire::Ack> acks) {
  auto hello = next_of<wire::Hello>();
  send(wire::HelloOk{hello.version, std::move(acks)});
  return hello;
}

std::string Peer::log_until(const wire::AttemptKey& key, std::uint64_t offset, std::string_view ending) {
  std::string log;
  while (!log.ends_with(ending)) {
    auto piece = next_of<wire::Log>();
    if (piece.key != key) continue;
    if (piece.offset != offset + log.size()) throw std::runtime_error("a gap in the log");
    log += piece.bytes;
  }
  return log;
}

Result<UniqueFd> Switchboard::connect() {
  auto state = state_.lock();
  if (!state->open) return fail(ErrorKind::unavailable, "the forge is not there");
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw SystemError("socketpair");
  state->waiting.emplace_back(ends[1]);
  changed_.notify_all();
  UniqueFd mine(ends[0]);
  set_nonblocking(mine.get());
  return mine;
}

Peer Switchboard::accept() {
  auto state = state_.lock();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (state->waiting.empty()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no runner connected within a minute");
    state.wait_for(changed_, std::chrono::seconds(1));
  }
  UniqueFd fd = std::move(state->waiting.front());
  state->waiting.pop_front();
  return Peer(std::move(fd));
}

void Switchboard::close() {
  state_.lock()->open = false;
}
void Switchboard::open() {
  state_.lock()->open = true;
}

}  // namespace pika::runner::test
