#include "pika/http/client.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "http_support.hpp"

using namespace pika;
using namespace pika::http;
using namespace pika::http::test;

namespace {

struct Running {
  Running() : server({}, app) {
    app.otherwise = [](Request& r) {
      auto response = text_response(201, r.method + "|" + std::string(r.header("X-Test")) + "|" +
                                             std::string(r.header("Content-Type")) + "|" + r.body);
      response.add("X-Answer", "a").add("x-answer", "b");
      return response;
    };
    if (!server.start()) throw std::runtime_error("no port");
  }
  RoutedApp app;
  Server server;
};

}  // namespace

TEST_CASE("method, headers and body go out as given; status, headers and body come back") {
  Running s;
  for (const char* method : {"GET", "POST", "PUT", "DELETE", "PATCH"}) {
    auto answer = fetch({.method = method, .url = url_of(s.server, "/x"), .headers = {{"X-Test", "é"}}});
    REQUIRE(answer);
    CHECK(answer->status == 201);
    CHECK(answer->body == std::string(method) + "|é||");
    CHECK(answer->header("X-ANSWER") == "a");
  }
  const std::string bytes("\0\xff\r\n", 4);
  auto posted = fetch({.method = "POST", .url = url_of(s.server, "/x"), .body = bytes});
  REQUIRE(posted);
  CHECK(posted->body == "POST|||" + bytes);
  auto head = fetch({.method = "HEAD", .url = url_of(s.server, "/x")});
  REQUIRE(head);
  CHECK(head->body.empty());
  CHECK(head->status == 201);
}

TEST_CASE("a body larger than libcurl sends without asking goes through 100-continue") {
  Running s;
  s.app.limit = 8 << 20;
  s.app.otherwise = [](Request& r) { return text_response(200, std::to_string(r.body_size)); };
  auto answer = fetch({.method = "POST", .url = url_of(s.server, "/x"), .body = std::string(5 << 20, 'x')});
  REQUIRE(answer);
  CHECK(answer->body == "5242880");
  CHECK(answer->header("Content-Length") == "7");  // of the last answer, not of "100 Continue"
}

TEST_CASE("nobody there, no address, no scheme: errors with sentences") {
  std::uint16_t closed_port = 0;
  {
    Running s;
    closed_port = s.server.port();
  }
  auto nobody = fetch({.url = "http://127.0.0.1:" + std::to_string(closed_port) + "/"});
  REQUIRE(!nobody);
  CHECK(nobody.error().kind == ErrorKind::unavailable);
  CHECK(nobody.error().what.find("127.0.0.1") != std::string::npos);
  CHECK(!nobody.error().advice.empty());
  CHECK(fetch({.url = "file:///etc/passwd"}).error().kind == ErrorKind::invalid);
  CHECK(fetch({.url = "not an address"}).error().kind == ErrorKind::invalid);
  CHECK(fetch({.url = "http://x/", .unix_socket = "/nowhere/at.sock"}).error().kind == ErrorKind::unavailable);
  CHECK(fetch({.url = "http://127.0.0.1:1/", .headers = {{"A", "b\r\nC: d"}}}).error().kind == ErrorKind::invalid);
}

TEST_CASE("redirects are not followed") {
  Running s;
  s.app.otherwise = [](Request&) { return redirect("/elsewhere"); };
  auto answer = fetch({.url = url_of(s.server, "/")});
  REQUIRE(answer);
  CHECK(answer->status == 303);
  CHECK(answer->header("Location") == "/elsewhere");
}

TEST_CASE("a body may be taken in pieces, stopped, or be too large to collect") {
  Running s;
  s.app.otherwise = [](Request&) {
    Response response;
    response.stream = [](BodyWriter& out) {
      while (out.write("0123456789")) {
      }
    };
    return response;
  };
  std::size_t taken = 0;
  auto stopped = fetch({.url = url_of(s.server, "/"), .timeout = std::nullopt, .on_body = [&](std::string_view piece) {
                          taken += piece.size();
                          return taken < 100'000;
                        }});
  REQUIRE(stopped);
  CHECK(stopped->status == 200);
  CHECK(taken >= 100'000);
  CHECK(fetch({.url = url_of(s.server, "/"), .max_body = 1000}).error().kind == ErrorKind::too_large);
  CHECK_THROWS_AS((void)fetch({.url = url_of(s.server, "/"),
                               .on_body = [](std::string_view) -> bool { throw std::logic_error("mine"); }}),
                  std::logic_error);
}

TEST_CASE("an answer with a head without end is not collected") {
  Running s;
  s.app.otherwise = [](Request&) {
    Response response;
    for (int i = 0; i < 60; ++i) response.add("X-More-" + std::to_string(i), std::string(8000, 'x'));
    return response;
  };
  auto answer = fetch({.url = url_of(s.server, "/")});
  REQUIRE(!answer);
  CHECK(answer.error().kind != ErrorKind::invalid);
}

TEST_CASE("a wait for an answer may be given up") {
  Running s;
  std::atomic<bool> on = true;
  s.app.otherwise = [&](Request&) {
    on = false;
    Response response;
    response.stream = [](BodyWriter& out) {
      while (out.write("x")) {
      }
    };
    return response;
  };
  auto answer = fetch({.url = url_of(s.server, "/"),
                       .timeout = std::nullopt,
                       .on_body = [](std::string_view) { return true; },
                       .go_on = [&] { return on.load(); }});
  REQUIRE(!answer);
  CHECK(answer.error().kind == ErrorKind::unavailable);
  CHECK_THROWS_AS(
      (void)fetch({.url = url_of(s.server, "/"), .go_on = []() -> bool { throw std::logic_error("mine"); }}),
      std::logic_error);
}

TEST_CASE("a write to a peer that has gone does not end the program, also not one by a TLS library") {
  Running s;
  s.app.otherwise = [](Request&) { return text_response(200, "x"); };
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd in(ends[1]);
  ::close(ends[0]);
  struct sigaction before{}, plain{};
  plain.sa_handler = SIG_DFL;  // it would end this test
  REQUIRE(::sigaction(SIGPIPE, &plain, &before) == 0);
  int why = 0;
  auto answer = fetch({.url = url_of(s.server, "/"), .on_body = [&](std::string_view) {
                         if (::write(in.get(), "x", 1) < 0) why = errno;
                         return true;
                       }});
  CHECK(answer.has_value());
  CHECK(why == EPIPE);
  sigset_t pending, mask;
  ::sigpending(&pending);
  CHECK(::sigismember(&pending, SIGPIPE) == 0);
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  CHECK(::sigismember(&mask, SIGPIPE) == 0);
  ::sigaction(SIGPIPE, &before, nullptr);
}
