// What a network and a hostile server do to a retelling. Real sockets; deadlines are short where nothing else ends it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>

#include "misbehaving.hpp"
#include "pika/provider/retell.hpp"
#include "subject.hpp"

using namespace pika;
using namespace pika::model;
using namespace pika::model::test;

namespace {

constexpr Micros kShort = kSecond / 5;

struct Told {
  Retelling r;
  std::size_t requests = 0;
};

Told told(Protocol protocol, std::vector<Act> acts, const std::function<void(ProviderConfig&)>& change = {}) {
  const auto s = sample();
  Misbehaving server(std::move(acts));
  auto config = config_for(protocol, server.url());
  if (change) change(config);
  OwnTime time;
  auto r = retell(config, s.subject(), time.patience());
  return {std::move(r), server.seen().size()};
}

void short_and_once(ProviderConfig& config) {
  config.call_deadline = kShort, config.attempts = 1;
}

void once(ProviderConfig& config) {
  config.attempts = 1;
}

// The derived page, with a sentence.
void check_derived(const Retelling& r, std::string_view why) {
  CAPTURE(r.note);
  CHECK(!r.told.uses_model());
  CHECK(json::print(explain::to_json(r.told.tutorial)) == json::print(explain::to_json(sample().tutorial)));
  CHECK(r.note.contains(why));
  CHECK(r.note.ends_with("; this is the derived page."));
  REQUIRE(!r.sent.empty());
  CHECK(r.sent.back().outcome != "answered");
}

std::string head(const std::string& more) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + more + "\r\n";
}

}  // namespace

TEST_CASE("a server that never answers is given up at the deadline of the call") {
  for (auto protocol : kProtocols) {
    const auto t = told(protocol, {[](Peer& peer, const Seen&) { peer.until_gone(); }}, short_and_once);
    check_derived(t.r, "did not answer within 1 second");
    CHECK(t.r.try_later);
    CHECK(t.r.sent.back().status == 0);
  }
}

TEST_CASE("an answer that trickles is given up at the deadline of the call") {
  for (auto protocol : kProtocols) {
    const auto t = told(protocol, {[](Peer& peer, const Seen&) {
                          if (peer.write(head("Content-Length: 1000000\r\n")))
                            while (!peer.gone(5) && peer.write(" ")) {
                            }
                        }},
                        short_and_once);
    check_derived(t.r, "did not answer within 1 second");
    CHECK(t.r.try_later);
  }
}

TEST_CASE("an answer in many small pieces is an answer") {
  for (auto protocol : kProtocols) {
    const auto body = spoken(protocol, json::print(true_answer()));
    const auto t = told(protocol, {[&](Peer& peer, const Seen&) {
                          if (!peer.write("HTTP/1.1 100 Continue\r\n\r\n" + head("Transfer-Encoding: chunked\r\n")))
                            return;
                          for (std::size_t i = 0; i < body.size(); i += 7) {
                            const auto piece = body.substr(i, 7);
                            if (!peer.write(fmt::format("{:x}\r\n{}\r\n", piece.size(), piece))) return;
                          }
                          peer.write("0\r\n\r\n");
                        }});
    CHECK(t.r.told.uses_model());
    CHECK(t.r.note == "");
    CHECK(t.requests == 1);
  }
}

TEST_CASE("an answer that is cut off is asked for again") {
  for (auto protocol : kProtocols) {
    const auto whole = spoken(protocol, json::print(true_answer()));
    const auto length = fmt::format("Content-Length: {}\r\n", whole.size());
    for (const auto& bytes :
         {std::string(), std::string("HTTP/1.1 200"), head(length), head(length) + whole.substr(0, 99),
          head("Transfer-Encoding: chunked\r\n") + "64\r\n" + whole.substr(0, 99)}) {
      auto t = told(protocol, {raw(bytes)});
      check_derived(t.r, "could not be reached, or broke off");
      CHECK(t.r.try_later);
      CHECK(t.requests == 3);
      t = told(protocol, {raw(bytes), tells(protocol, json::print(true_answer()))});
      CHECK(t.r.told.uses_model());
      CHECK(t.r.note == "");
    }
  }
}

TEST_CASE("an answer without end is not collected") {
  for (auto protocol : kProtocols) {
    std::atomic<std::size_t> written = 0;
    const std::string piece(1 << 20, 'x');
    const auto t = told(protocol, {[&](Peer& peer, const Seen&) {
                          if (!peer.write(head("Content-Length: 600000000\r\n"))) return;
                          for (int i = 0; i < 600 && peer.write(piece); ++i) written += piece.size();
                        }});
    check_derived(t.r, "gave an answer without end");
    CHECK(!t.r.try_later);
    CHECK(t.requests == 1);
    CHECK(written < 40u << 20);  // with what the sockets hold
  }
}

TEST_CASE("a head without end is not collected") {
  for (auto protocol : kProtocols) {
    const std::string line = "X-More: " + std::string(8000, 'x') + "\r\n";
    const auto t = told(protocol, {[&](Peer& peer, const Seen&) {
                          if (!peer.write("HTTP/1.1 200 OK\r\n")) return;
                          while (peer.write(line)) {
                          }
                        }},
                        once);
    check_derived(t.r, "");
    CHECK(t.requests == 1);
  }
}

TEST_CASE("what is no HTTP is no answer") {
  for (auto protocol : kProtocols)
    for (const auto& bytes :
         {std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string("\x15\x03\x03\x00\x02\x02\x28", 7),
          std::string("HTTP/9.9 xxx\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
          std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
      CAPTURE(bytes);
      check_derived(told(protocol, {raw(bytes)}, once).r, "The model at 127.0.0.1:");
    }
}

TEST_CASE("the type that an answer claims decides nothing, and nothing is unpacked") {
  for (auto protocol : kProtocols) {
    const auto body = spoken(protocol, json::print(true_answer()));
    const auto with = [&](const std::string& headers) {
      return raw(fmt::format("HTTP/1.1 200 OK\r\n{}Content-Length: {}\r\n\r\n{}", headers, body.size(), body));
    };
    CHECK(told(protocol, {with("Content-Type: text/html\r\n")}).r.told.uses_model());
    CHECK(told(protocol, {with("")}).r.told.uses_model());
    check_derived(
        told(protocol, {raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08!")}).r,
        "did not answer as a model does");
    const auto page = raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>");
    check_derived(told(protocol, {page}).r, "did not answer as a model does");
  }
}

TEST_CASE("code and key do not follow a redirect") {
  for (auto protocol : kProtocols)
    for (int status : {301, 302, 303, 307, 308}) {
      Misbehaving elsewhere({tells(protocol, json::print(true_answer()))});
      const auto t = told(protocol, {says(status, "", "Location: " + elsewhere.url() + "/v1/messages\r\n")});
      check_derived(t.r, "sends on to another place, which is not followed");
      CHECK(elsewhere.seen().empty());
      CHECK(t.requests == 1);
    }
}

TEST_CASE("nobody there, and no TLS where TLS was asked for") {
  for (auto protocol : kProtocols) {
    std::string url;
    {
      Misbehaving server({raw("")});
      url = server.url();
    }
    OwnTime time;
    auto r = retell(config_for(protocol, url), sample().subject(), time.patience());
    check_derived(r, "could not be reached");
    CHECK(r.try_later);
    CHECK(r.sent.size() == 3);
    Misbehaving plain({raw("")});
    r = retell(config_for(protocol, "https" + plain.url().substr(4)), sample().subject(),
               Patience{.clock = &time, .wait = [](Micros) { return false; }, .stopped = {}});
    check_derived(r, "was not asked to the end");
    CHECK(plain.seen().empty());
  }
}

TEST_CASE("the time for a version covers attempts and waits") {
  for (auto protocol : kProtocols) {
    const auto s = sample();
    Misbehaving server({says(503, "{}", "Retry-After: 100\r\n")});
    auto config = config_for(protocol, server.url());
    config.deadline = 250 * kSecond, config.attempts = 10;
    OwnTime time;
    const auto r = retell(config, s.subject(), time.patience());
    check_derived(r, "was too busy");
    CHECK(r.try_later);
    CHECK(server.seen().size() == 3);
    CHECK(time.waits == std::vector<Micros>{100 * kSecond, 100 * kSecond});
  }
}

TEST_CASE("told to stop, it stops: before, between attempts, and while it waits for an answer") {
  for (auto protocol : kProtocols) {
    const auto s = sample();
    OwnTime time;
    time.stop = true;
    Misbehaving server({says(503, "{}")});
    auto r = retell(config_for(protocol, server.url()), s.subject(), time.patience());
    CHECK(r.note.contains("was not asked to the end"));
    CHECK(r.try_later);
    CHECK(server.seen().empty());
    auto patience = time.patience();
    patience.stopped = {};
    r = retell(config_for(protocol, server.url()), s.subject(), patience);
    check_derived(r, "was not asked to the end");
    CHECK(server.seen().size() == 1);
  }
  std::atomic<bool> stop = false;
  Misbehaving silent({[&](Peer& peer, const Seen&) {
    stop = true;
    peer.until_gone();
  }});
  const auto s = sample();
  auto config = config_for(Protocol::openai, silent.url());
  config.call_deadline = 600 * kSecond;
  const auto r = retell(config, s.subject(), {.clock = nullptr, .wait = {}, .stopped = [&] { return stop.load(); }});
  check_derived(r, "was not asked to the end");
  CHECK(r.sent.size() == 1);
}

TEST_CASE("a probe says what a provider is and takes") {
  const std::string ok = R"({"ok": true})";
  for (auto protocol : kProtocols) {
    CAPTURE(to_string(protocol));
    OwnTime time;
    const auto probed = [&](std::vector<Act> acts) {
      Misbehaving server(std::move(acts));
      auto p = probe(config_for(protocol, server.url()), time.patience());
      CHECK(!p.words.contains(kKey));
      CHECK(!p.words.contains('\n'));
      CHECK(p.words.starts_with("127.0.0.1:"));
      for (const auto& seen : server.seen()) CHECK(!seen.body.contains("requeue"));
      return p;
    };
    auto p = probed({tells(protocol, ok)});
    CHECK(p.reachable);
    CHECK(p.knows_model);
    CHECK(p.takes_schema);
    p = probed({says(400, R"({"error":{"message":"what schema?"}})"), tells(protocol, ok)});
    CHECK(p.knows_model);
    CHECK(!p.takes_schema);
    p = probed({tells(protocol, "Yes, I am here.")});
    CHECK(p.knows_model);
    CHECK(!p.takes_schema);
    p = probed({says(404, std::string(R"({"error":{"message":"no model )") + kKey + "\"}}")});
    CHECK(p.reachable);
    CHECK(!p.knows_model);
    CHECK(p.words.contains("404"));
    p = probed({says(401, "{}")});
    CHECK(p.reachable);
    CHECK(!p.knows_model);
    p = probed({raw("")});
    CHECK(!p.reachable);
    CHECK(!p.knows_model);
    CHECK(time.waits.empty());
  }
  CHECK(probe({.url = "http://models.example", .model = "m", .key = kKey}).words.contains("in the clear"));
}
