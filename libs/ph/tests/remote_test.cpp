#include "pika/ph/remote.hpp"

#include <doctest/doctest.h>

#include "pika/base/files.hpp"
#include "pika/gitx/git.hpp"

using namespace pika;
using namespace pika::ph;

TEST_CASE("a server is scheme, host and port, whatever is around them") {
  CHECK(server_of("http://127.0.0.1:8787/a/b.git").value() == "http://127.0.0.1:8787");
  CHECK(server_of("HTTPS://ann:pw@Forge.Example:443/").value() == "https://forge.example");
  CHECK(server_of("http://forge:80").value() == "http://forge");
  for (const char* wrong :
       {"", "forge:8787", "ssh://git@forge/a/b", "http://", "http:///x", "http://a b/", "http://a\n/"})
    CHECK_FALSE(server_of(wrong));
}

TEST_CASE("a remote of another kind or shape is not taken for a forge's") {
  CHECK(parse_remote("http://h:1/acme/rocket.git")->repository == "acme/rocket");
  CHECK(parse_remote("http://h:1/acme/rocket/")->repository == "acme/rocket");
  for (const char* wrong : {"git@h:acme/rocket.git", "/srv/x.git", "http://h/rocket.git", "http://h/a/b/c.git",
                            "http://h", "http://h//b.git", "http://h/a/b?x"})
    CHECK_FALSE(parse_remote(wrong));
}

TEST_CASE("the branch's own remote goes before one with a login, and that before origin") {
  TempDir dir;
  const auto git = [&](std::vector<std::string> args) { git::run(dir.path(), std::move(args)).value(); };
  git({"init", "--quiet", "-b", "main"});
  CHECK(find_remote(dir.path(), {}).error().kind == ErrorKind::not_found);
  git({"remote", "add", "upstream", "http://up/acme/rocket.git"});
  CHECK(find_remote(dir.path(), {})->server == "http://up");
  git({"remote", "add", "origin", "http://origin/acme/rocket.git"});
  git({"remote", "add", "third", "http://third/acme/rocket.git"});
  CHECK(find_remote(dir.path(), {})->server == "http://origin");
  CHECK(find_remote(dir.path(), {{"http://third", {"t", "n"}}})->server == "http://third");
  git({"config", "branch.main.remote", "upstream"});
  CHECK(find_remote(dir.path(), {{"http://third", {"t", "n"}}})->server == "http://up");
}
