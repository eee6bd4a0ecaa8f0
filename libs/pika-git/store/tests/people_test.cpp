#include <doctest/doctest.h>

#include "scene.hpp"

using namespace pika;
using namespace pika::store;

TEST_CASE("a sign-in link works once, in its time, and for its user") {
  Scene s;
  s.store->create_user("ada", Role::lander, 1).value();
  auto link = s.store->create_login_link("ada", 100, 1);
  CHECK_FALSE(s.store->use_login_link("x" + link, 50));
  auto user = s.store->use_login_link(link, 50);
  REQUIRE(user);
  CHECK(user->name == "ada");
  CHECK(user->role == Role::lander);
  CHECK_FALSE(s.store->use_login_link(link, 51));
  CHECK_FALSE(s.store->use_login_link(s.store->create_login_link("ada", 100, 1), 100));
  CHECK_FALSE(s.store->use_login_link(s.store->create_login_link("nobody", 100, 1), 50));
}

TEST_CASE("sessions and tokens end") {
  Scene s;
  auto ada = s.store->create_user("ada", Role::writer, 1).value();
  auto eve = s.store->create_user("eve", Role::reader, 1).value();
  auto session = s.store->create_session(ada.id, 100, 1);
  CHECK(s.store->session_user(session, 99)->name == "ada");
  CHECK_FALSE(s.store->session_user(session, 100));
  s.store->end_session(session);
  CHECK_FALSE(s.store->session_user(session, 50));
  auto token = s.store->create_token(ada.id, "laptop", 1);
  CHECK(s.store->token_user(token, 50)->name == "ada");
  auto id = s.store->tokens(ada.id).at(0).id;
  CHECK_FALSE(s.store->revoke_token(eve.id, id, 60));
  CHECK(s.store->token_user(token, 60));
  CHECK(s.store->revoke_token(ada.id, id, 60));
  CHECK_FALSE(s.store->revoke_token(ada.id, id, 61));
  CHECK_FALSE(s.store->token_user(token, 70));
  CHECK(s.store->tokens(ada.id).empty());
  CHECK_FALSE(s.store->token_user("", 70));
  CHECK_FALSE(s.store->session_user("", 70));
}

TEST_CASE("no secret is in the bytes on disk") {
  Scene s;
  auto ada = s.store->create_user("ada", Role::writer, 1).value();
  std::vector<std::string> secrets = {s.store->create_session(ada.id, 100, 1),
                                      s.store->create_token(ada.id, "laptop", 1),
                                      s.store->create_login_link("ada", 100, 1)};
  s.store->token_user(secrets[1], 50);
  s.store->use_login_link(secrets[2], 50);
  int files = 0;
  for (bool closed : {false, true}) {
    if (closed) s.store.reset();
    for (const auto& entry : fs::recursive_directory_iterator(s.folder.path())) {
      if (!entry.is_regular_file()) continue;
      ++files;
      auto bytes = read_file(entry.path()).value();
      for (const auto& secret : secrets) {
        CHECK(bytes.find(secret) == std::string::npos);
        CHECK(bytes.find(secret.substr(secret.size() - 20)) == std::string::npos);
      }
    }
  }
  CHECK(files > 1);
}

TEST_CASE("a user's name is taken once and is a plain word") {
  Scene s;
  CHECK(s.store->create_user("ada", Role::admin, 1));
  CHECK(s.store->create_user("ada", Role::reader, 1).error().kind == ErrorKind::conflict);
  for (const char* name : {"", "..", "a b", "<script>", "a/b", "\xff"})
    CHECK(s.store->create_user(name, Role::reader, 1).error().kind == ErrorKind::invalid);
  CHECK(s.store->user("ada")->role == Role::admin);
  CHECK(s.store->user_count() == 1);
}
