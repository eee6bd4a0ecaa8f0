// TOML 1.0 (toml++, the only place that includes it): text to a value tree whose keys and values know where they are.
//
//   auto file = toml::parse(text, "ci/pikaci.toml");
//   if (!file) return file.error().print();      // "ci/pikaci.toml:3:9: ..."
//
// Text is UTF-8, at most 1 MiB, nested at most 32 deep. Entries keep the order of the file. reader.hpp reads tables.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace pika::toml {

inline constexpr std::size_t kMaxBytes = 1u << 20;
inline constexpr int kMaxDepth = 32;  // of one key ("a.b.c" is 3), and of nested values

// One complaint about a place in a file: "server.toml:3:1: unknown key 'prot'; did you mean 'port'?"
struct Problem {
  std::string file;
  int line = 0, column = 0;  // from 1; 0: the file as a whole
  std::string text;
  std::string print() const;
};

// Lines and columns count from 1, columns in code points.
struct Position {
  int line = 0, column = 0;
};

enum class Kind { string, integer, number, boolean, date, array, table };
// "a string", "a whole number", ...
std::string_view words_for(Kind kind);

struct Entry;

struct Value {
  Kind kind = Kind::table;
  Position at;
  std::string text;  // of a string; of a date as it is written in TOML
  std::int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  std::vector<Value> items;    // of an array
  std::vector<Entry> entries;  // of a table, in the order of the file
  const Entry* find(std::string_view key) const;
};

struct Entry {
  std::string key;
  Position at;  // of the key
  Value value;
};

// A table, or the first thing that is wrong with the text. `file` is the name that problems carry.
std::expected<Value, Problem> parse(std::string_view text, std::string_view file);

}  // namespace pika::toml
