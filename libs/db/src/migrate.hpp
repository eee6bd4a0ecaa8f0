// Brings a database's schema to the newest version this program knows.
#pragma once
#include "pika/db/database.hpp"

namespace pika::db {

// `connection` is open and nobody else writes. See Database::open for the errors.
Status migrate(Connection& connection, const Options& options);

}  // namespace pika::db
