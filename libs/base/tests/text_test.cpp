#include "pika/base/text.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pika/base/clock.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"

using namespace pika;

TEST_CASE("broken UTF-8 becomes replacement characters and good text stays as it is") {
  CHECK(to_utf8("h\xC3\xA9llo") == "h\xC3\xA9llo");
  CHECK(to_utf8("a\xFF"
                "b") ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK_FALSE(is_utf8("\xC0\x80"));
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));
  CHECK(is_utf8(""));
}

TEST_CASE("names with control bytes are quoted, harmless ones are not") {
  CHECK(quote_name("src/a b.cpp") == "src/a b.cpp");
  CHECK(quote_name("a\nb") == "\"a\\nb\"");
  CHECK(quote_name("\xFF") == "\"\\377\"");
}

TEST_CASE("a slip of the pen finds the word that was meant") {
  CHECK(nearest("comand", {"command", "paths", "id"}) == "command");
  CHECK_FALSE(nearest("zebra", {"command", "paths", "id"}));
  CHECK_FALSE(nearest(std::string(1 << 20, 'a'), {std::string(1 << 20, 'b')}));  // at once
  CHECK(nearest("pth", {"a-very-long-word-that-is-no-slip", "path"}) == "path");
}

TEST_CASE("durations and sizes read as people write them") {
  CHECK(format_duration(1022 * kSecond) == "17m 02s");
  CHECK(format_duration(62 * kSecond) == "1m 02s");
  CHECK(format_duration(400'000) == "0.4s");
  CHECK(format_bytes(1'234'567) == "1.2 MB");
  CHECK(format_count(1234567) == "1,234,567");
  CHECK(format_utc(1774571886LL * kSecond) == "2026-03-27 00:38:06");
}

TEST_CASE("shell words survive a shell") {
  CHECK(shell_quote("it's") == "'it'\\''s'");
  CHECK(shell_quote("") == "''");
}

TEST_CASE("ulids are well formed and sort by time") {
  auto id = make_ulid();
  CHECK(is_ulid(id));
  CHECK_FALSE(is_ulid("../../etc/passwd0000000000"));
}

TEST_CASE("base64 comes back as it went") {
  for (std::string s : {"a", "ab", "abc", "user:pass\xFF"}) CHECK(base64_decode(base64_encode(s)) == s);
  CHECK(base64_decode("!!!!").empty());
}

TEST_CASE("an atomic write replaces the whole file and a removed tree is gone, read-only folders too") {
  TempDir dir;
  auto file = dir.path() / "a";
  write_file_atomic(file, "one");
  write_file_atomic(file, "two");
  CHECK(read_file(file).value() == "two");
  CHECK(read_file(dir.path() / "none").error().kind == ErrorKind::not_found);
  auto locked = dir.path() / "x" / "y";
  make_dirs(locked);
  write_file_atomic(locked / "f", "1");
  fs::permissions(locked, fs::perms::none);
  remove_tree(dir.path() / "x");
  CHECK_FALSE(fs::exists(dir.path() / "x"));
}

TEST_CASE("a lock is held by one") {
  TempDir dir;
  auto first = FileLock::try_lock(dir.path() / "lock");
  CHECK(first);
  CHECK_FALSE(FileLock::try_lock(dir.path() / "lock"));
}

TEST_CASE("a tree deeper than there are descriptors is removed, and nothing of it stays beside it") {
  TempDir dir;
  auto top = dir.path() / "deep";
  make_dirs(top);
  auto back = fs::current_path();
  fs::current_path(top);
  for (int i = 0; i < 3000; ++i) {
    REQUIRE(::mkdir("d", 0700) == 0);
    REQUIRE(::chdir("d") == 0);
  }
  fs::current_path(back);
  remove_tree(top);
  CHECK(fs::is_empty(dir.path()));
}
