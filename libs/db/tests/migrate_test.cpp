#include <doctest/doctest.h>

#include <fstream>

#include "db_support.hpp"

using namespace pika;
using namespace pika::db;
using namespace pika::db::test;

namespace {

std::vector<Migration> second_schema() {
  auto all = first_schema();
  all.push_back(
      {2, "ALTER TABLE note ADD COLUMN author TEXT NOT NULL DEFAULT ''; CREATE INDEX by_author ON note(author)"});
  return all;
}

}  // namespace

TEST_CASE("missing migrations are applied in order, after a backup of the old database") {
  TempDir dir;
  const auto path = dir.path() / "pika.sqlite";
  {
    auto database = open_notes(path);
    database->write([](Connection& c) { return add_note(c, "before"); });
  }
  std::vector<FaultPoint> reached;
  auto opened = Database::open({.path = path,
                                .migrations = second_schema(),
                                .backup_dir = dir.path() / "backup",
                                .on_fault_point = [&](FaultPoint p) { reached.push_back(p); }});
  REQUIRE(opened);
  CHECK(reached ==
        std::vector{FaultPoint::after_backup, FaultPoint::before_migration_commit, FaultPoint::after_migration_commit});
  CHECK((*opened)->read([](Connection& c) { return c.user_version(); }) == 2);
  CHECK((*opened)->read([](Connection& c) { return c.value<std::string>("SELECT author FROM note"); }) == "");

  Connection copy = Connection::open(dir.path() / "backup/pika.v1.sqlite", Connection::Mode::read_only);
  CHECK(copy.user_version() == 1);
  CHECK(count_notes(copy) == 1);
}

TEST_CASE("a new database needs no backup, and opening it again migrates nothing") {
  TempDir dir;
  const Options options{
      .path = dir.path() / "pika.sqlite", .migrations = second_schema(), .backup_dir = dir.path() / "backup"};
  REQUIRE(Database::open(options));
  REQUIRE(Database::open(options));
  CHECK(!fs::exists(dir.path() / "backup"));
}

TEST_CASE("a migration that fails leaves the database as it was") {
  TempDir dir;
  const auto path = dir.path() / "pika.sqlite";
  open_notes(path)->write([](Connection& c) { return add_note(c, "kept"); });
  auto broken = first_schema();
  broken.push_back({2, "DELETE FROM note; CREATE TABLE note(x)"});
  auto opened = Database::open({.path = path, .migrations = broken});
  REQUIRE(!opened);
  CHECK(opened.error().kind == ErrorKind::unavailable);
  CHECK(open_notes(path)->read(count_notes) == 1);
}

TEST_CASE("a migration may rebuild a table others point to, and may not leave rows that point nowhere") {
  TempDir dir;
  std::vector<Migration> schema{{1,
                                 "CREATE TABLE a(id INTEGER PRIMARY KEY) STRICT;"
                                 "CREATE TABLE b(a INTEGER REFERENCES a(id) ON DELETE CASCADE) STRICT;"
                                 "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)"}};
  const auto path = dir.path() / "pika.sqlite";
  REQUIRE(Database::open({.path = path, .migrations = schema}));
  schema.push_back({2,
                    "CREATE TABLE n(id INTEGER PRIMARY KEY, x TEXT) STRICT; INSERT INTO n(id) SELECT id FROM a;"
                    "DROP TABLE a; ALTER TABLE n RENAME TO a"});
  auto opened = Database::open({.path = path, .migrations = schema});
  REQUIRE(opened);
  CHECK((*opened)->read([](Connection& c) { return c.value<int>("SELECT count(*) FROM b"); }) == 1);
  opened->reset();
  schema.push_back({3, "DELETE FROM a"});
  auto refused = Database::open({.path = path, .migrations = schema});
  REQUIRE(!refused);
  CHECK(refused.error().what.find("foreign key") != std::string::npos);
}

TEST_CASE("a newer database is refused with a sentence") {
  TempDir dir;
  const auto path = dir.path() / "pika.sqlite";
  REQUIRE(Database::open({.path = path, .migrations = second_schema()}));
  auto refused = Database::open({.path = path, .migrations = first_schema()});
  REQUIRE(!refused);
  CHECK(refused.error().kind == ErrorKind::conflict);
  CHECK(refused.error().what.find("version 2") != std::string::npos);
  CHECK(!refused.error().advice.empty());
}

TEST_CASE("a file of another kind, and another program's database, are refused and left alone") {
  TempDir dir;
  const auto path = dir.path() / "pika.sqlite";
  const std::string content(5000, 'x');
  write_file_atomic(path, content);
  auto refused = Database::open({.path = path, .migrations = first_schema()});
  REQUIRE(!refused);
  CHECK(refused.error().kind == ErrorKind::invalid);
  CHECK(read_file(path).value() == content);

  const auto foreign = dir.path() / "foreign.sqlite";
  Connection::open(foreign).run("CREATE TABLE bookmarks(x)");
  auto other = Database::open({.path = foreign, .migrations = first_schema()});
  REQUIRE(!other);
  CHECK(other.error().kind == ErrorKind::invalid);

  auto nowhere = Database::open({.path = dir.path() / "missing/pika.sqlite", .migrations = first_schema()});
  REQUIRE(!nowhere);
  CHECK(nowhere.error().kind == ErrorKind::unavailable);
}
