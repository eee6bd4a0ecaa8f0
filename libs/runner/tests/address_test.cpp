#include "pika/runner/address.hpp"

#include <doctest/doctest.h>

#include "pika/runner/fetch.hpp"

using namespace pika;
using namespace pika::runner;

TEST_CASE("a token never crosses a network in the clear: only this host is an address") {
  CHECK(parse_address("unix:/run/pika/runner.sock")->unix_path == "/run/pika/runner.sock");
  CHECK(parse_address("tcp:localhost:8790")->host == "127.0.0.1");
  CHECK(parse_address("tcp:127.0.0.1:8790")->port == 8790);
  for (const char* wrong :
       {"", "unix:", "unix:relative", "tcp:127.0.0.1", "tcp:127.0.0.1:0", "tcp:127.0.0.1:70000", "tcp:10.0.0.1:80",
        "tcp:127.evil.example:80", "tcp:127.0.0.1:80x", "tls:forge:443", "http://x"}) {
    INFO(wrong);
    auto address = parse_address(wrong);
    REQUIRE_FALSE(address);
    CHECK(address.error().kind == ErrorKind::invalid);
  }
  CHECK_FALSE(parse_address("unix:/" + std::string(200, 'x')));
}

TEST_CASE("a forge that is not there is named with the reason") {
  auto none = connect_to(parse_address("unix:/nonexistent/runner.sock").value());
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorKind::unavailable);
  CHECK(none.error().what.find("/nonexistent/runner.sock") != std::string::npos);
}

TEST_CASE("a repository's name never leads out of the folder of stores") {
  CHECK(valid_repository("acme/rocket.v2"));
  for (const char* wrong : {"", "a", "a/", "/a", "../a", "a/..", "a/b/c", "a/b.git", "a/b.lock", "a b/c", "a/\xff"})
    CHECK_FALSE(valid_repository(wrong));
}
