// Reading a table by its keys (keys.hpp): what is not among them is complained of, numbers out of their range and words
// that are none too.
#pragma once
#include "catalogue/keys.hpp"
#include "pika/toml/reader.hpp"

namespace pikaci {

class TableReader : public pika::toml::TableReader {
 public:
  // Keeps references to all. `keys`: of this table; nullptr for a map, whose keys are its reader's own.
  TableReader(const KeyTable* keys, const pika::toml::Value& table, const std::string& file,
              std::vector<pika::toml::Problem>& problems);

  // As those of libs/toml; a key that the table does not have, or not in this shape, throws std::logic_error.
  std::optional<pika::toml::Word> string(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key);
  std::optional<double> number(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::vector<pika::toml::Word>> strings(std::string_view key);
  const pika::toml::Value* table(std::string_view key);
  std::vector<const pika::toml::Value*> tables(std::string_view key);
  const pika::toml::Value* any(std::string_view key);

  const KeyTable* keys() const { return keys_; }
  void finish();  // of a table with other keys than the named ones: nothing

 private:
  const Key& key_of(std::string_view key) const;
  const Shape& expect(std::string_view key, Shape::Kind kind) const;
  template <class Number>
  std::optional<Number> in_range(std::string_view key, std::optional<Number> value, const Shape& shape);
  const KeyTable* keys_;
};

}  // namespace pikaci
