// Streamed answers and server-sent events.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "event_queue.hpp"
#include "http_support.hpp"
#include "stream_bridge.hpp"

using namespace pika;
using namespace pika::http;
using namespace pika::http::test;

namespace {

struct Running {
  explicit Running(ServerOptions options = {}) : server(std::move(options), app) {}
  void start() {
    const auto started = server.start();
    if (!started) throw std::runtime_error(started.error().text());
  }
  RawPeer ask(std::string_view target, std::string_view version = "1.1", int receive_buffer = 0) {
    auto peer = RawPeer::tcp(server.port(), receive_buffer);
    peer.send("GET " + std::string(target) + " HTTP/" + std::string(version) + "\r\nHost: x\r\n\r\n");
    return peer;
  }
  RoutedApp app;
  Server server;
};

Response stream_of(std::function<void(BodyWriter&)> produce) {
  Response response;
  response.stream = std::move(produce);
  return response;
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  return bytes;
}

}  // namespace

TEST_CASE("a stream arrives whole and in order, and the connection goes on") {
  Running s;
  const std::string bytes = pattern(3'000'000);
  s.app.routes["stream"] = [&](Request&) {
    return stream_of([&](BodyWriter& out) {
      for (std::size_t at = 0; at < bytes.size(); at += 70'001) out.write(std::string_view(bytes).substr(at, 70'001));
    });
  };
  s.app.routes["empty"] = [&](Request&) { return stream_of([](BodyWriter&) {}); };
  s.start();
  auto answer = fetch({.url = url_of(s.server, "/stream")});
  REQUIRE(answer);
  CHECK(answer->header("Transfer-Encoding") == "chunked");
  CHECK(answer->body == bytes);
  CHECK(fetch({.url = url_of(s.server, "/empty")})->body.empty());

  auto peer = s.ask("/empty");
  CHECK(peer.read_until("0\r\n\r\n").find("200") != std::string::npos);
  peer.send("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(peer.read_until("\r\n\r\n").find("chunked") != std::string::npos);
  CHECK(peer.read_answer().status() == 404);

  CHECK(s.ask("/stream", "1.0").read_to_end().ends_with(bytes));  // no chunks: the end is the end
}

TEST_CASE("a request pipelined behind a stream is answered after it") {
  Running s;
  Flag second_sent;
  s.app.routes["stream"] = [&](Request&) {
    return stream_of([&](BodyWriter& out) {
      out.write("one");
      second_sent.wait();
      out.write("two");
    });
  };
  s.start();
  auto peer = s.ask("/stream");
  peer.read_until("one\r\n");
  peer.send("GET /none HTTP/1.1\r\nHost: x\r\n\r\n");
  second_sent.set();
  peer.read_until("two\r\n0\r\n\r\n");
  CHECK(peer.read_answer().status() == 404);
}

TEST_CASE("a stream that knows its length says so, and a wrong one is not passed for whole") {
  Running s;
  s.app.routes["file"] = [](Request& r) {
    auto response = stream_of([](BodyWriter& out) { out.write("12345"); });
    response.add("Content-Length", std::string(r.segments[1]));
    return response;
  };
  s.start();
  auto answer = fetch({.url = url_of(s.server, "/file/5")});
  REQUIRE(answer);
  CHECK(answer->header("Content-Length") == "5");
  CHECK(answer->body == "12345");
  CHECK(!fetch({.url = url_of(s.server, "/file/6")}));
  CHECK(!fetch({.url = url_of(s.server, "/file/4")}));
}

TEST_CASE("a producer is never further ahead of its reader than the buffers between them") {
  constexpr std::size_t kMuch = 96 << 20, kBuffers = 24 << 20;  // the kernel's two socket buffers grow to some MiB
  Running s;
  std::atomic<std::size_t> produced = 0;
  s.app.routes["stream"] = [&](Request&) {
    return stream_of([&](BodyWriter& out) {
      const std::string piece(64 << 10, 'x');
      while (produced < kMuch && out.write(piece)) produced += piece.size();
    });
  };
  s.start();
  auto peer = s.ask("/stream", "1.0", 16 << 10);
  peer.read_until("\r\n\r\n");
  std::size_t furthest = 0;
  for (std::size_t received = 0; received < kMuch; received += 1 << 20) {
    CHECK(peer.read_exactly(1 << 20).size() == 1 << 20);
    furthest = std::max(furthest, produced - std::min<std::size_t>(produced, received));
  }
  CHECK(furthest < kBuffers);
  CHECK(peer.read_to_end().empty());
}

TEST_CASE("the bridge alone: write blocks at its limit, and gives false once the peer is gone") {
  std::mutex mutex;
  std::condition_variable woken;
  bool awake = false;
  StreamBridge bridge([&] {
    std::lock_guard lock(mutex);
    awake = true;
    woken.notify_one();
  });
  bool wrote = false, wrote_late = true;
  std::thread producer([&] {
    wrote = bridge.write(std::string(5 * StreamBridge::kBuffered + 1, 'x'));
    wrote_late = bridge.write(std::string(2 * StreamBridge::kBuffered, 'y'));
    bridge.finish(StreamBridge::End::complete);
  });
  std::string all;
  while (!all.contains('y')) {
    {
      std::unique_lock lock(mutex);
      woken.wait(lock, [&] { return awake; });
      awake = false;
    }
    const auto batch = bridge.take();
    CHECK(batch.bytes.size() <= StreamBridge::kBuffered);
    all += batch.bytes;
  }
  bridge.peer_gone();
  producer.join();
  CHECK(wrote);
  CHECK(!wrote_late);
}

TEST_CASE("a reader that goes away stops the producer: by FIN, by RST, or by taking nothing") {
  Running s({.write_timeout = kSecond / 4});
  Flag stopped;
  auto endless = [&](std::size_t piece) {
    return [&stopped, piece](Request&) {
      return stream_of([&stopped, piece](BodyWriter& out) {
        const std::string bytes(piece, 'x');
        while (out.write(bytes)) {
        }
        stopped.set();
      });
    };
  };
  s.app.routes["fast"] = endless(64 << 10);
  s.start();
  SUBCASE("FIN") {
    auto peer = s.ask("/fast");
    peer.read_until("\r\n\r\n");
    peer.close();
    CHECK(stopped.wait());
  }
  SUBCASE("RST") {
    auto peer = s.ask("/fast");
    peer.read_until("\r\n\r\n");
    peer.reset();
    CHECK(stopped.wait());
  }
  SUBCASE("takes nothing") {
    auto peer = s.ask("/fast");
    CHECK(stopped.wait());
  }
}

TEST_CASE("a producer that waits for something learns from a write of nothing that its reader is gone") {
  Running s;
  Flag gone;
  s.app.routes["tail"] = [&](Request&) {
    return stream_of([&](BodyWriter& out) {
      out.write("first");
      while (out.write("")) std::this_thread::yield();
      gone.set();
    });
  };
  s.start();
  auto peer = s.ask("/tail");
  peer.read_until("first");
  peer.close();
  CHECK(gone.wait());
}

TEST_CASE("a producer that throws breaks the answer off, visibly") {
  Running s;
  s.app.routes["broken"] = [](Request&) {
    return stream_of([](BodyWriter& out) {
      out.write("half");
      throw std::runtime_error("as the test wants");
    });
  };
  s.start();
  CHECK(!fetch({.url = url_of(s.server, "/broken")}));
  CHECK(s.ask("/broken").read_to_end().find("0\r\n\r\n") == std::string::npos);
}

TEST_CASE("more streams than threads get 503") {
  Running s({.max_streams = 1});
  Flag release;
  s.app.routes["hold"] = [&](Request&) {
    return stream_of([&](BodyWriter& out) {
      out.write("x");
      release.wait();
    });
  };
  s.start();
  auto first = s.ask("/hold");
  first.read_until("x\r\n");
  auto second = s.ask("/hold");
  const auto answer = second.read_answer();
  CHECK(answer.status() == 503);
  CHECK(answer.head.find("Retry-After") != std::string::npos);
  release.set();
  first.read_until("0\r\n\r\n");
}

TEST_CASE("events arrive as pushed, from any thread, and end when closed") {
  Running s;
  auto events = EventStream::make();
  s.app.routes["events"] = [&](Request&) {
    Response response;
    response.events = events;
    return response;
  };
  s.start();
  events->push("id: 1\n\n");  // before the reader is there
  auto peer = s.ask("/events");
  const auto head = peer.read_until("\r\n\r\n");
  CHECK(head.find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(peer.read_until("\n\n") == "id: 1\n\n");
  std::thread([&] { events->push("id: 2\ndata: {}\n\n"); }).join();
  CHECK(peer.read_until("\n\n") == "id: 2\ndata: {}\n\n");
  CHECK(!events->closed());
  events->push("id: 3\n\n");
  events->close();
  events->push("id: 4\n\n");
  CHECK(peer.read_to_end() == "id: 3\n\n");
}

TEST_CASE("an event stream is closed as soon as its reader goes") {
  Running s;
  std::shared_ptr<EventStream> events;
  s.app.routes["events"] = [&](Request&) {
    Response response;
    response.events = events;
    return response;
  };
  s.start();
  for (const bool hard : {false, true}) {
    events = EventStream::make();
    auto peer = s.ask("/events");
    events->push("x\n\n");
    peer.read_until("x\n\n");
    if (hard)
      peer.reset();
    else
      peer.close();
    while (!events->closed()) std::this_thread::yield();  // the test's own timeout is the limit
    CHECK(events->closed());
  }
}

TEST_CASE("a reader of events that falls behind is disconnected") {
  Running s;
  auto events = EventStream::make(8);
  s.app.routes["events"] = [&](Request&) {
    Response response;
    response.events = events;
    return response;
  };
  s.start();
  auto peer = s.ask("/events", "1.1", 4 << 10);
  events->push("data: " + std::string(64 << 20, 'x') + "\n\n");  // more than the kernel's buffers hold
  peer.read_until("data: x");                                    // now it is being written
  while (!events->closed()) events->push("data: y\n\n");
  // At once, although a write to it is blocked and it reads nothing: its connection lets go of the events.
  const std::weak_ptr<EventStream> held = events;
  events.reset();
  for (const Micros end = monotonic_now() + 20 * kSecond; !held.expired() && monotonic_now() < end;)
    std::this_thread::yield();
  CHECK(held.expired());
}

TEST_CASE("the queue alone: it drops what a slow reader missed, and takes one reader") {
  EventQueue queue(2);
  int woken = 0;
  CHECK(queue.attach([&] { ++woken; }));
  CHECK(!queue.attach([] {}));
  queue.push("a");
  queue.push("b");
  CHECK(woken == 1);  // once until it is taken
  CHECK(queue.take().bytes == "ab");
  queue.push("c");
  queue.push("d");
  CHECK(woken == 2);
  queue.push("e");
  CHECK(queue.overflowed());
  CHECK(queue.closed());
  CHECK(queue.take().ended);
  CHECK(woken == 3);
  queue.detach();
  queue.push("f");
  CHECK(woken == 3);
}

TEST_CASE("a quiet event stream is kept alive by comments") {
  Running s({.event_keep_alive = kSecond / 20});
  auto events = EventStream::make();
  s.app.routes["events"] = [&](Request&) {
    Response response;
    response.events = events;
    return response;
  };
  s.start();
  auto peer = s.ask("/events");
  peer.read_until("\r\n\r\n");
  CHECK(peer.read_until("\n\n") == ": keep-alive\n\n");
  CHECK(peer.read_until("\n\n") == ": keep-alive\n\n");
}

TEST_CASE("stop ends event streams at once, and streams after the drain") {
  Running s;
  auto events = EventStream::make();
  Flag stopped;
  s.app.routes["events"] = [&](Request&) {
    Response response;
    response.events = events;
    return response;
  };
  s.app.routes["tail"] = [&](Request&) {
    return stream_of([&](BodyWriter& out) {
      out.write("x");
      while (out.write("")) std::this_thread::yield();
      stopped.set();
    });
  };
  s.start();
  auto reader = s.ask("/events");
  reader.read_until("\r\n\r\n");
  auto tail = s.ask("/tail");
  tail.read_until("x");
  s.server.stop(kSecond / 10);
  CHECK(reader.read_to_end().empty());
  CHECK(events->closed());
  CHECK(stopped.wait());
}
