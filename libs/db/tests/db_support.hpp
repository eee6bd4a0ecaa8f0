// A small schema for the tests.
#pragma once
#include "pika/base/files.hpp"
#include "pika/db/database.hpp"

namespace pika::db::test {

inline std::vector<Migration> first_schema() {
  return {{1, "CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT"}};
}

inline std::unique_ptr<Database> open_notes(const fs::path& path, std::function<void(FaultPoint)> on_fault = {}) {
  auto database = Database::open({.path = path, .migrations = first_schema(), .on_fault_point = std::move(on_fault)});
  if (!database) throw std::runtime_error(database.error().text());
  return std::move(*database);
}

inline std::int64_t add_note(Connection& connection, std::string_view text) {
  connection.run("INSERT INTO note(text) VALUES (?)", text);
  return connection.last_insert_id();
}

inline std::int64_t count_notes(Connection& connection) {
  return connection.value<std::int64_t>("SELECT count(*) FROM note").value();
}

}  // namespace pika::db::test
