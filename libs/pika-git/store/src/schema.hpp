#pragma once
#include <vector>

#include "pika/db/database.hpp"

namespace pika::store {
std::vector<db::Migration> migrations();
}
