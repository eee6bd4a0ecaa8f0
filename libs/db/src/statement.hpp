// The prepared statements of one connection.
#pragma once
#include <memory>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace pika::db::detail {

struct StatementSlot {
  ~StatementSlot();
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  bool cached = false;  // owned by the cache; else by the Statement that uses it
  bool busy = false;
};

struct ConnectionState {
  ~ConnectionState();
  sqlite3* db = nullptr;
  std::unordered_map<std::string_view, std::unique_ptr<StatementSlot>> cache;  // keys are literals: they live on
};

}  // namespace pika::db::detail
