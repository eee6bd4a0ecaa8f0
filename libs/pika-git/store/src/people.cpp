#include <fmt/format.h>

#include "pika/base/hash.hpp"
#include "pika/store/store.hpp"
#include "rows.hpp"

namespace pika::store {

namespace {
User read_user(const db::Rows& rows) {
  return {rows.get<UserId>(0), rows.text(1), parse_role(rows.text_view(2)).value_or(Role::reader)};
}
// How exactly a token's last use is known; a write for each request would be a waste.
constexpr Micros kUseGranularity = 60 * kSecond;
}  // namespace

Result<User> Store::create_user(const std::string& name, Role role, Micros at) {
  if (!valid_name(name))
    return fail(ErrorKind::invalid, fmt::format("'{}' is no user name", name),
                "use up to 64 letters, digits, dots, dashes and underscores");
  return db_->write([&](db::Connection& c) -> Result<User> {
    if (c.value<UserId>("SELECT id FROM auth_user WHERE name = ?", name))
      return fail(ErrorKind::conflict, fmt::format("there is a user {} already", name));
    c.run("INSERT INTO auth_user (name, role, created_at) VALUES (?, ?, ?)", name, to_string(role), at);
    return User{UserId(c.last_insert_id()), name, role};
  });
}

std::optional<User> Store::user(const std::string& name) {
  return db_->read([&](db::Connection& c) -> std::optional<User> {
    auto rows = c.query("SELECT id, name, role FROM auth_user WHERE name = ?", name);
    if (!rows.next()) return std::nullopt;
    return read_user(rows);
  });
}

int Store::user_count() {
  return db_->read([&](db::Connection& c) { return c.value<int>("SELECT count(*) FROM auth_user").value_or(0); });
}

std::string Store::create_login_link(const std::string& name, Micros expires, Micros at) {
  auto secret = random_hex(24);
  db_->write([&](db::Connection& c) {
    c.run(
        "INSERT INTO auth_login_link (hash, user, created_at, expires_at) SELECT ?, id, ?, ? FROM auth_user WHERE name "
        "= ?",
        sha256_hex(secret), at, expires, name);
  });
  return secret;
}

std::optional<User> Store::use_login_link(const std::string& secret, Micros at) {
  return db_->write([&](db::Connection& c) -> std::optional<User> {
    auto hash = sha256_hex(secret);
    if (c.run("UPDATE auth_login_link SET used_at = ?1 WHERE hash = ?2 AND used_at = 0 AND expires_at > ?1", at,
              hash) == 0)
      return std::nullopt;
    auto rows = c.query(
        "SELECT u.id, u.name, u.role FROM auth_login_link k JOIN auth_user u ON u.id = k.user WHERE k.hash = ?", hash);
    if (!rows.next()) return std::nullopt;
    return read_user(rows);
  });
}

std::string Store::create_session(UserId user, Micros expires, Micros at) {
  auto secret = random_hex(32);
  db_->write([&](db::Connection& c) {
    c.run("DELETE FROM auth_session WHERE expires_at < ?", at);
    c.run("INSERT INTO auth_session (hash, user, created_at, expires_at) VALUES (?, ?, ?, ?)", sha256_hex(secret), user,
          at, expires);
  });
  return secret;
}

std::optional<User> Store::session_user(const std::string& secret, Micros at) {
  return db_->read([&](db::Connection& c) -> std::optional<User> {
    auto rows = c.query(
        "SELECT u.id, u.name, u.role FROM auth_session s JOIN auth_user u ON u.id = s.user WHERE s.hash = ? AND "
        "s.expires_at > ?",
        sha256_hex(secret), at);
    if (!rows.next()) return std::nullopt;
    return read_user(rows);
  });
}

void Store::end_session(const std::string& secret) {
  db_->write([&](db::Connection& c) { c.run("DELETE FROM auth_session WHERE hash = ?", sha256_hex(secret)); });
}

std::string Store::create_token(UserId user, const std::string& name, Micros at) {
  auto secret = "pika_" + random_hex(20);
  db_->write([&](db::Connection& c) {
    c.run("INSERT INTO auth_token (hash, user, name, created_at) VALUES (?, ?, ?, ?)", sha256_hex(secret), user, name,
          at);
  });
  return secret;
}

std::optional<User> Store::token_user(const std::string& secret, Micros at) {
  auto hash = sha256_hex(secret);
  Micros used_at = 0;
  auto found = db_->read([&](db::Connection& c) -> std::optional<User> {
    auto rows = c.query(
        "SELECT u.id, u.name, u.role, t.used_at FROM auth_token t JOIN auth_user u ON u.id = t.user "
        "WHERE t.hash = ? AND t.revoked_at = 0",
        hash);
    if (!rows.next()) return std::nullopt;
    used_at = rows.int64(3);
    return read_user(rows);
  });
  if (found && at - used_at > kUseGranularity)
    db_->write([&](db::Connection& c) { c.run("UPDATE auth_token SET used_at = ? WHERE hash = ?", at, hash); });
  return found;
}

std::vector<TokenRow> Store::tokens(UserId user) {
  return db_->read([&](db::Connection& c) {
    std::vector<TokenRow> out;
    auto rows = c.query(
        "SELECT t.id, t.name, u.name, t.created_at, t.used_at, t.revoked_at FROM auth_token t JOIN auth_user u ON u.id "
        "= t.user "
        "WHERE t.user = ? AND t.revoked_at = 0 ORDER BY t.id",
        user);
    while (rows.next())
      out.push_back({rows.int64(0), rows.text(1), rows.text(2), rows.int64(3), rows.int64(4), rows.int64(5)});
    return out;
  });
}

bool Store::revoke_token(UserId user, std::int64_t id, Micros at) {
  return db_->write([&](db::Connection& c) {
    return c.run("UPDATE auth_token SET revoked_at = ? WHERE id = ? AND user = ? AND revoked_at = 0", at, id, user) > 0;
  });
}

}  // namespace pika::store
