// Turns SQLite's result codes into the exceptions of error.hpp.
#pragma once
#include <string>
#include <string_view>

#include "pika/db/error.hpp"

struct sqlite3;

namespace pika::db {

// Throws the exception for `code` with SQLite's own message and what was being done.
[[noreturn]] void throw_failure(sqlite3* db, int code, std::string_view doing);

// The store is in doubt after this: its file may not hold what SQLite believes it holds.
bool leaves_doubt(const Error& error);
// The file is no SQLite database.
bool is_no_database(const Error& error);

}  // namespace pika::db
