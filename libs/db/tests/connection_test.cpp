#include <doctest/doctest.h>
#include <sys/stat.h>

#include "db_support.hpp"
#include "pika/base/strong_id.hpp"

using namespace pika;
using namespace pika::db;
using namespace pika::db::test;

namespace {

using NoteId = StrongId<struct NoteIdTag, std::int64_t>;

Connection scratch(const TempDir& dir) {
  Connection connection = Connection::open(dir.path() / "a.sqlite");
  connection.script("CREATE TABLE t(i INTEGER, r REAL, s TEXT, b BLOB) STRICT");
  return connection;
}

}  // namespace

TEST_CASE("SQL is a literal by type") {
  static_assert(std::is_constructible_v<Sql, const char(&)[9]>);
  static_assert(!std::is_constructible_v<Sql, std::string>);
  static_assert(!std::is_constructible_v<Sql, std::string_view>);
  static_assert(!std::is_constructible_v<Sql, const char*>);
  CHECK(Sql("SELECT 1").text() == "SELECT 1");
}

TEST_CASE("every kind of value comes back as it went in, hostile bytes among them") {
  TempDir dir;
  Connection c = scratch(dir);
  const std::string text("a\0b'\"\n<script>é", 17);
  const std::string bytes("\xff\x00\xfe", 3);
  CHECK(c.run("INSERT INTO t VALUES (?, ?, ?, ?)", std::int64_t{-1} << 62, 1.5, text, Blob{bytes}) == 1);
  CHECK(c.run("INSERT INTO t VALUES (?, ?, ?, ?)", std::nullopt, nullptr, std::string_view{}, Blob{{}}) == 1);
  CHECK(c.run("INSERT INTO t VALUES (?, ?, ?, ?)", true, std::optional<double>{}, std::optional<std::string>("x"),
              nullptr) == 1);
  CHECK(c.run("INSERT INTO t(i) VALUES (?)", NoteId(7)) == 1);

  auto rows = c.query("SELECT i, r, s, b FROM t ORDER BY rowid");
  REQUIRE(rows.next());
  CHECK(rows.get<std::int64_t>(0) == std::int64_t{-1} << 62);
  CHECK(rows.get<double>(1) == 1.5);
  CHECK(rows.text(2) == text);
  CHECK(rows.get<std::string>(2) == text);
  CHECK(rows.blob(3) == bytes);
  CHECK_THROWS_AS((void)rows.get<int>(0), db::Error);
  REQUIRE(rows.next());
  CHECK(!rows.get<std::optional<std::int64_t>>(0));
  CHECK(!rows.get<std::optional<double>>(1));
  CHECK(!rows.is_null(2));
  CHECK(rows.text(2).empty());
  CHECK(!rows.is_null(3));
  CHECK_THROWS_AS((void)rows.int64(0), db::Error);
  REQUIRE(rows.next());
  CHECK(rows.get<bool>(0));
  CHECK(rows.get<std::optional<std::string>>(2) == "x");
  CHECK(rows.is_null(3));
  REQUIRE(rows.next());
  CHECK(rows.get<NoteId>(0) == NoteId(7));
  CHECK(!rows.next());
}

TEST_CASE("a statement is reset at the end of its scope, and may be in use twice") {
  TempDir dir;
  Connection c = scratch(dir);
  for (int i = 0; i < 3; ++i) c.run("INSERT INTO t(i) VALUES (?)", i);
  int pairs = 0;
  auto query = [&c] { return c.query("SELECT i FROM t"); };
  for (auto outer = query(); outer.next();)
    for (auto inner = query(); inner.next();) ++pairs;
  CHECK(pairs == 9);
  {
    auto half_read = query();
    CHECK(half_read.next());
  }
  c.run("DROP TABLE t");  // a statement left open would hold the table
}

TEST_CASE("run gives the rows it changed, and none for what changes none") {
  TempDir dir;
  Connection c = scratch(dir);
  c.run("INSERT INTO t(i) VALUES (1), (2), (3)");
  CHECK(c.run("UPDATE t SET i = 0 WHERE i > ?", 1) == 2);
  CHECK(c.run("UPDATE t SET i = 0 WHERE i > ?", 100) == 0);
  c.run("INSERT INTO t(i) VALUES (1)");
  CHECK(c.run("CREATE TABLE u(x INTEGER) STRICT") == 0);
  CHECK(c.value<int>("SELECT i FROM t WHERE i = ?", 100) == std::nullopt);
}

TEST_CASE("the connection is durable, strict about foreign keys, and private") {
  TempDir dir;
  Connection c = scratch(dir);
  CHECK(c.value<std::string>("PRAGMA journal_mode") == "wal");
  CHECK(c.value<int>("PRAGMA synchronous") == 2);
  CHECK(c.value<int>("PRAGMA foreign_keys") == 1);
  CHECK(c.value<int>("PRAGMA trusted_schema") == 0);
  struct stat status{};
  REQUIRE(::stat((dir.path() / "a.sqlite").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("what the database refuses has its own type") {
  TempDir dir;
  Connection c = scratch(dir);
  c.run("CREATE TABLE p(id INTEGER PRIMARY KEY, k TEXT UNIQUE, parent INTEGER REFERENCES p(id)) STRICT");
  c.run("INSERT INTO p(k) VALUES ('a')");
  try {
    c.run("INSERT INTO p(k) VALUES (?)", "a");
    FAIL("a second 'a'");
  } catch (const Constraint& e) {
    CHECK(e.unique());
    CHECK(!e.foreign_key());
  }
  try {
    c.run("INSERT INTO p(parent) VALUES (?)", 99);
    FAIL("no parent 99");
  } catch (const Constraint& e) {
    CHECK(e.foreign_key());
  }
  CHECK_THROWS_AS(c.run("SELECT * FROM nowhere"), db::Error);
  CHECK_THROWS_AS(c.run("INSERT INTO p(k) VALUES (\"a\")"), db::Error);  // no double-quoted texts

  Connection other = Connection::open(dir.path() / "a.sqlite", Connection::Mode::read_write, 0);
  c.run("BEGIN IMMEDIATE");
  CHECK_THROWS_AS(other.run("BEGIN IMMEDIATE"), Busy);
  c.run("ROLLBACK");
  Connection reader = Connection::open(dir.path() / "a.sqlite", Connection::Mode::read_only);
  CHECK_THROWS_AS(reader.run("DELETE FROM p"), db::Error);
}

TEST_CASE("a savepoint is undone unless released") {
  TempDir dir;
  Connection c = scratch(dir);
  {
    Savepoint kept(c);
    c.run("INSERT INTO t(i) VALUES (1)");
    {
      Savepoint lost(c);
      c.run("INSERT INTO t(i) VALUES (2)");
    }
    kept.release();
  }
  CHECK(!c.in_transaction());
  CHECK(c.value<int>("SELECT sum(i) FROM t") == 1);
}
