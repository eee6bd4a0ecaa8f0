// Reading a table strictly. Every key that is asked for becomes a known one; finish() complains about the others.
// Wrong types and unknown keys are added to `problems` and read as absent, so that one pass finds them all.
//
//   TableReader table(value, "server.toml", problems);
//   auto port = table.integer("port");
//   table.finish();                              // "server.toml:3:1: unknown key 'prot'; did you mean 'port'?"
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pika/toml/toml.hpp"

namespace pika::toml {

struct Word {
  std::string text;
  Position at;
};

class TableReader {
 public:
  // Keeps references to all three.
  TableReader(const Value& table, const std::string& file, std::vector<Problem>& problems);

  std::optional<Word> string(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key);
  std::optional<double> number(std::string_view key);  // whole numbers too
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::vector<Word>> strings(std::string_view key);
  const Value* table(std::string_view key);                // nullptr: absent or wrong
  std::vector<const Value*> tables(std::string_view key);  // [[key]]; absent: empty
  const Value* any(std::string_view key);                  // whatever its type

  bool has(std::string_view key) const;         // does not make it known
  Position at(std::string_view key) const;      // of the key's value; of the table when it is absent
  Position at_key(std::string_view key) const;  // of the key itself
  Position at() const { return table_.at; }
  // A key that may be here but is read elsewhere, or is refused with a sentence of its own.
  void known(std::string_view key);
  void complain(Position at, std::string text);
  const std::string& file() const { return file_; }
  std::vector<Problem>& problems() { return problems_; }
  void finish();

 private:
  const Value* find(std::string_view key, Kind kind);
  const Value& table_;
  const std::string& file_;
  std::vector<Problem>& problems_;
  std::vector<std::string> known_;
};

// "; did you mean 'x'?" or nothing; never slow, however long the word is.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);
// A word of a file as it may stand in a sentence: printable, at most 60 bytes.
std::string show(std::string_view word);

}  // namespace pika::toml
