#include "pika/db/database.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

#include "db_support.hpp"

using namespace pika;
using namespace pika::db;
using namespace pika::db::test;

namespace {

// Keeps the writer busy with one unit until release(), so that what is submitted meanwhile forms one group with it.
class HeldWriter {
 public:
  explicit HeldWriter(Database& database) {
    auto entered = entered_.get_future();
    thread_ = std::thread([this, &database] {
      try {
        database.write([this](Connection&) {
          entered_.set_value();
          released_.get_future().wait();
        });
      } catch (const Unavailable&) {
        failed_ = true;
      }
    });
    entered.wait();
  }
  void release() { released_.set_value(); }
  bool wait_failed() {
    thread_.join();
    return failed_;
  }

 private:
  std::promise<void> entered_;
  std::promise<void> released_;
  bool failed_ = false;
  std::thread thread_;
};

Options one_group(const fs::path& path) {
  return {.path = path, .migrations = first_schema(), .group_time = 3600 * kSecond};
}

}  // namespace

TEST_CASE("write gives the unit's value, and the row is there afterwards") {
  TempDir dir;
  auto database = open_notes(dir.path() / "a.sqlite");
  const auto id = database->write([](Connection& c) { return add_note(c, "one"); });
  CHECK(database->read([&](Connection& c) { return c.value<std::string>("SELECT text FROM note WHERE id = ?", id); }) ==
        "one");
  CHECK(database->counters().units == 1);
}

TEST_CASE("a unit that fails is undone alone, in a group with others") {
  TempDir dir;
  auto opened = Database::open(one_group(dir.path() / "a.sqlite"));
  REQUIRE(opened);
  Database& database = **opened;
  HeldWriter held(database);
  auto throwing = std::async(std::launch::async, [&] {
    database.write([](Connection& c) {
      add_note(c, "thrown away");
      throw std::logic_error("as the test wants");
    });
  });
  auto refusing = std::async(std::launch::async, [&] {
    return database.write([](Connection& c) -> Result<int> {
      add_note(c, "refused");
      return fail(ErrorKind::conflict, "the state moved");
    });
  });
  auto duplicate = std::async(std::launch::async, [&] {
    database.write([](Connection& c) {
      add_note(c, "half of a unit");
      c.run("INSERT INTO note(id, text) VALUES (1, 'x'), (1, 'y')");
    });
  });
  auto good = std::async(std::launch::async, [&] {
    return database.write([](Connection& c) -> Result<std::int64_t> { return add_note(c, "kept"); });
  });
  held.release();
  CHECK_FALSE(held.wait_failed());
  CHECK_THROWS_WITH_AS(throwing.get(), "as the test wants", std::logic_error);
  CHECK(refusing.get().error().what == "the state moved");
  CHECK_THROWS_AS(duplicate.get(), Constraint);
  CHECK(good.get().has_value());
  CHECK(database.read(count_notes) == 1);
  CHECK(database.read([](Connection& c) { return c.value<std::string>("SELECT text FROM note"); }) == "kept");
}

TEST_CASE("urgent units go first, the others in the order of their coming") {
  TempDir dir;
  auto opened = Database::open(one_group(dir.path() / "a.sqlite"));
  REQUIRE(opened);
  Database& database = **opened;
  HeldWriter held(database);
  std::string order;
  std::vector<std::thread> threads;
  auto submit = [&](const char* name, bool urgent) {
    const auto before = database.waiting();
    threads.emplace_back([&, name, urgent] {
      auto unit = [&](Connection&) { order += name; };
      if (urgent)
        database.write_urgent(unit);
      else
        database.write(unit);
    });
    while (database.waiting() == before) std::this_thread::yield();  // queued: now the next may come
  };
  submit("n1 ", false);
  submit("u1 ", true);
  submit("n2 ", false);
  submit("u2 ", true);
  held.release();
  CHECK_FALSE(held.wait_failed());
  for (auto& thread : threads) thread.join();
  CHECK(order == "u1 u2 n1 n2 ");
}

TEST_CASE("a group shares one commit, and nothing is acknowledged before it") {
  TempDir dir;
  std::atomic<int> acknowledged = 0;
  std::atomic<int> seen_at_commit = -1;
  auto options = one_group(dir.path() / "a.sqlite");
  options.on_fault_point = [&](FaultPoint point) {
    if (point == FaultPoint::before_commit) seen_at_commit = acknowledged.load();
  };
  auto opened = Database::open(options);
  REQUIRE(opened);
  Database& database = **opened;
  HeldWriter held(database);
  std::vector<std::thread> threads;
  for (int i = 0; i < 10; ++i)
    threads.emplace_back([&, i] {
      database.write([&](Connection& c) { return add_note(c, std::to_string(i)); });
      ++acknowledged;
    });
  while (database.waiting() < 10) std::this_thread::yield();
  CHECK(database.read(count_notes) == 0);
  held.release();
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(held.wait_failed());
  CHECK(seen_at_commit == 0);
  CHECK(database.counters().groups == 1);
  CHECK(database.counters().units == 11);
  CHECK(database.read(count_notes) == 10);
}

TEST_CASE("a COMMIT that fails fails every unit of the group, and later writes work again") {
  TempDir dir;
  bool full = true;
  auto options = one_group(dir.path() / "a.sqlite");
  options.on_fault_point = [&](FaultPoint point) {
    if (point == FaultPoint::before_commit && full) throw DiskFull(13, "no space left");
  };
  auto opened = Database::open(options);
  REQUIRE(opened);
  Database& database = **opened;
  HeldWriter held(database);
  auto write_one = [&](std::string text) {
    return std::async(std::launch::async,
                      [&database, text] { return database.write([&](Connection& c) { return add_note(c, text); }); });
  };
  auto a = write_one("a");
  auto b = write_one("b");
  while (database.waiting() < 2) std::this_thread::yield();
  held.release();
  CHECK(held.wait_failed());
  CHECK_THROWS_AS(a.get(), DiskFull);
  CHECK_THROWS_AS(b.get(), Unavailable);
  CHECK(database.read(count_notes) == 0);
  CHECK(database.counters().failed_commits == 1);
  CHECK(!database.poisoned());
  full = false;
  CHECK(write_one("c").get() == 1);
}

TEST_CASE("a database that can grow no more says so, and writes again when there is room") {
  TempDir dir;
  auto database = open_notes(dir.path() / "a.sqlite");
  database->write([](Connection& c) { c.script("PRAGMA max_page_count = 8"); });
  const std::string big(64 << 10, 'x');
  try {
    database->write([&](Connection& c) { return add_note(c, big); });
    FAIL("64 KiB do not fit in 8 pages");
  } catch (const DiskFull& e) {
    CHECK(std::string(e.what()).find("full") != std::string::npos);
  }
  CHECK(!database->poisoned());
  CHECK(database->write([](Connection& c) { return add_note(c, "small"); }) == 1);
  database->write([](Connection& c) { c.script("PRAGMA max_page_count = 100000"); });
  CHECK(database->write([&](Connection& c) { return add_note(c, big); }) == 2);
}

TEST_CASE("after an error that leaves doubt the database is read-only and says why") {
  TempDir dir;
  auto database = open_notes(dir.path() / "a.sqlite");
  database->write([](Connection& c) { return add_note(c, "old"); });
  constexpr int kIoErrorFsync = 10 | (4 << 8);
  CHECK_THROWS_AS(database->write([](Connection& c) {
    add_note(c, "new");
    throw Unavailable(kIoErrorFsync, "fsync failed");
  }),
                  Unavailable);
  CHECK(database->poisoned() == "fsync failed");
  try {
    database->write([](Connection& c) { return add_note(c, "later"); });
    FAIL("it is poisoned");
  } catch (const ReadOnly& e) {
    CHECK(std::string(e.what()).find("fsync failed") != std::string::npos);
  }
  CHECK(database->read(count_notes) == 1);
}

TEST_CASE("a read sees one snapshot, also the read inside it; a read inside a unit sees the unit") {
  TempDir dir;
  auto database = open_notes(dir.path() / "a.sqlite");
  database->read([&](Connection& c) {
    CHECK(count_notes(c) == 0);
    std::thread([&] { database->write([](Connection& w) { return add_note(w, "x"); }); }).join();
    CHECK(count_notes(c) == 0);
    CHECK(database->read(count_notes) == 0);
  });
  CHECK(database->read(count_notes) == 1);
  database->write([&](Connection& c) {
    add_note(c, "y");
    CHECK(database->read(count_notes) == 2);
  });
}

TEST_CASE("more readers than connections wait for one") {
  TempDir dir;
  auto opened = Database::open({.path = dir.path() / "a.sqlite", .migrations = first_schema(), .readers = 2});
  REQUIRE(opened);
  std::vector<std::thread> threads;
  std::atomic<int> done = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) done += (*opened)->read(count_notes) == 0;
    });
  for (auto& thread : threads) thread.join();
  CHECK(done == 400);
}

TEST_CASE("32 writers at once: all are there") {
  TempDir dir;
  auto database = open_notes(dir.path() / "a.sqlite");
  constexpr int kWriters = 32, kEach = 50;
  std::atomic<Micros> worst = 0;
  const Micros start = monotonic_now();
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w)
    threads.emplace_back([&, w] {
      for (int i = 0; i < kEach; ++i) {
        const Micros before = monotonic_now();
        database->write([&](Connection& c) { return add_note(c, std::to_string(w) + "/" + std::to_string(i)); });
        const Micros took = monotonic_now() - before;
        for (Micros seen = worst; took > seen && !worst.compare_exchange_weak(seen, took);) {
        }
      }
    });
  for (auto& thread : threads) thread.join();
  const double seconds = static_cast<double>(monotonic_now() - start) / kSecond;
  const auto counters = database->counters();
  CHECK(database->read(count_notes) == kWriters * kEach);
  MESSAGE("32 writers: ", kWriters * kEach / seconds, " units/s, ", counters.groups, " commits, worst ",
          format_duration(worst));
}
