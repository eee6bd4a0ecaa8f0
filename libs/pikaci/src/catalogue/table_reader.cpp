#include "catalogue/table_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace pikaci {

using pika::toml::Value;
using pika::toml::Word;

namespace {

// The form of this kind, or nothing.
const Shape* form_of(const Shape& shape, Shape::Kind kind) {
  if (shape.kind == kind) return &shape;
  if (shape.kind != Shape::Kind::any_of) return nullptr;
  auto at = std::find_if(shape.forms.begin(), shape.forms.end(), [&](const Shape& form) { return form.kind == kind; });
  return at == shape.forms.end() ? nullptr : &*at;
}

}  // namespace

TableReader::TableReader(const KeyTable* keys, const Value& table, const std::string& file,
                         std::vector<pika::toml::Problem>& problems)
    : pika::toml::TableReader(table, file, problems), keys_(keys) {
  if (!keys_) return;
  for (const auto& key : keys_->keys) known(key.name);
}

const Key& TableReader::key_of(std::string_view key) const {
  if (const auto* found = keys_ ? keys_->find(key) : nullptr) return *found;
  throw std::logic_error(fmt::format("the key '{}' is read and not in the table '{}' (src/catalogue/keys_*.cpp)", key,
                                     keys_ ? keys_->name : ""));
}

const Shape& TableReader::expect(std::string_view key, Shape::Kind kind) const {
  const auto& shape = key_of(key).shape;
  if (const auto* form = form_of(shape, kind)) return *form;
  throw std::logic_error(fmt::format("the key '{}' is read as what its table does not say", key));
}

std::optional<Word> TableReader::string(std::string_view key) {
  expect(key, Shape::Kind::text);
  return pika::toml::TableReader::string(key);
}

template <class Number>
std::optional<Number> TableReader::in_range(std::string_view key, std::optional<Number> value, const Shape& shape) {
  if (!value) return value;
  auto number = static_cast<double>(*value);
  if (number >= shape.least && number <= shape.most) return value;
  complain(at(key), fmt::format("'{}' must be from {} to {}", key, shape.least, shape.most));
  return std::nullopt;
}

std::optional<std::int64_t> TableReader::integer(std::string_view key) {
  const auto& shape = expect(key, Shape::Kind::whole);
  return in_range(key, pika::toml::TableReader::integer(key), shape);
}

std::optional<double> TableReader::number(std::string_view key) {
  const auto& shape = expect(key, Shape::Kind::number);
  return in_range(key, pika::toml::TableReader::number(key), shape);
}

std::optional<bool> TableReader::boolean(std::string_view key) {
  expect(key, Shape::Kind::yes_no);
  return pika::toml::TableReader::boolean(key);
}

std::optional<std::vector<Word>> TableReader::strings(std::string_view key) {
  if (keys_) expect(key, Shape::Kind::list);
  return pika::toml::TableReader::strings(key);
}

const Value* TableReader::table(std::string_view key) {
  if (!form_of(key_of(key).shape, Shape::Kind::map)) expect(key, Shape::Kind::table);
  return pika::toml::TableReader::table(key);
}

std::vector<const Value*> TableReader::tables(std::string_view key) {
  expect(key, Shape::Kind::list);
  return pika::toml::TableReader::tables(key);
}

const Value* TableReader::any(std::string_view key) {
  key_of(key);
  return pika::toml::TableReader::any(key);
}

void TableReader::finish() {
  if (keys_ && keys_->others.empty()) pika::toml::TableReader::finish();
}

}  // namespace pikaci
