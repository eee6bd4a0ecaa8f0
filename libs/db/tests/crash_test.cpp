// What was acknowledged is there after a kill -9, at any point.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "db_support.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/text.hpp"

using namespace pika;
using namespace pika::db;
using namespace pika::db::test;

namespace {

// Runs `body` in a child process that ends by _exit(0), _exit(9) after an exception, or a signal.
template <class Body>
pid_t in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      body();
    } catch (...) {
      ::_exit(9);
    }
    ::_exit(0);
  }
  REQUIRE(child > 0);
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("kill -9: every acknowledged row is there") {
  TempDir dir;
  const auto path = dir.path() / "a.sqlite";
  Pipe acknowledged = make_pipe();
  const pid_t child = in_child([&] {
    auto database = open_notes(path);
    std::vector<std::thread> threads;
    for (int w = 0; w < 8; ++w)
      threads.emplace_back([&, w] {
        for (int i = 0;; ++i) {
          const std::string name = std::to_string(w) + "." + std::to_string(i);
          database->write([&](Connection& c) { return add_note(c, name); });
          write_all(acknowledged.write.get(), name + "\n");
        }
      });
    threads[0].join();
  });
  acknowledged.write.reset();
  std::string names;
  char buffer[4096];
  bool killed = false;
  while (const auto n = read_some(acknowledged.read.get(), buffer, sizeof buffer)) {
    names.append(buffer, n);
    if (names.size() > 2000 && !killed) killed = ::kill(child, SIGKILL) == 0;
  }
  CHECK(WIFSIGNALED(wait_for(child)));
  auto database = open_notes(path);
  int missing = 0;
  for (auto name : split(trim(names), '\n'))
    missing += !database->read([&](Connection& c) { return c.value<int>("SELECT 1 FROM note WHERE text = ?", name); });
  CHECK(missing == 0);
  CHECK(database->read([](Connection& c) { return c.value<std::string>("PRAGMA integrity_check"); }) == "ok");
}

TEST_CASE("killed before COMMIT the unit never was; killed after COMMIT it is there") {
  for (const FaultPoint point : {FaultPoint::before_commit, FaultPoint::after_commit}) {
    TempDir dir;
    const auto path = dir.path() / "a.sqlite";
    const pid_t child = in_child([&] {
      auto database = open_notes(path, [point](FaultPoint reached) {
        if (reached == point) ::raise(SIGKILL);
      });
      database->write([](Connection& c) { return add_note(c, "x"); });
    });
    CHECK(WIFSIGNALED(wait_for(child)));
    CHECK(open_notes(path)->read(count_notes) == (point == FaultPoint::after_commit ? 1 : 0));
  }
}

TEST_CASE("killed in a migration, the next start does it again from the same version") {
  for (const FaultPoint point :
       {FaultPoint::after_backup, FaultPoint::before_migration_commit, FaultPoint::after_migration_commit}) {
    TempDir dir;
    Options options{.path = dir.path() / "a.sqlite", .migrations = first_schema(), .backup_dir = dir.path()};
    open_notes(options.path)->write([](Connection& c) { return add_note(c, "x"); });
    options.migrations.push_back({2, "ALTER TABLE note ADD COLUMN y TEXT"});
    options.migrations.push_back({3, "ALTER TABLE note ADD COLUMN z TEXT"});
    const pid_t child = in_child([&] {
      auto dying = options;
      dying.on_fault_point = [point](FaultPoint reached) {
        if (reached == point) ::raise(SIGKILL);
      };
      (void)Database::open(dying);
    });
    CHECK(WIFSIGNALED(wait_for(child)));
    auto opened = Database::open(options);
    REQUIRE(opened);
    CHECK((*opened)->read([](Connection& c) { return c.user_version(); }) == 3);
    CHECK((*opened)->read(count_notes) == 1);
  }
}

TEST_CASE(
    "a write error of the system fails the write and poisons the database; after a restart the old rows are there") {
  TempDir dir;
  const auto path = dir.path() / "a.sqlite";
  const pid_t child = in_child([&] {
    auto database = open_notes(path);
    database->write([](Connection& c) { return add_note(c, "kept"); });
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 100 << 10, .rlim_max = 100 << 10};  // EFBIG, which SQLite takes for an I/O error
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      database->write([](Connection& c) { return add_note(c, std::string(300 << 10, 'x')); });
      ::_exit(1);
    } catch (const Unavailable&) {
    }
    if (!database->poisoned()) ::_exit(2);
    try {
      database->write([](Connection& c) { return add_note(c, "late"); });
      ::_exit(3);
    } catch (const ReadOnly&) {
    }
    if (database->read(count_notes) != 1) ::_exit(4);
    ::_exit(0);
  });
  const int status = wait_for(child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(open_notes(path)->read(count_notes) == 1);
}
