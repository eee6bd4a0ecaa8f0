// Path filters, by pikaci's names: the matcher itself is pika/filter/filter.hpp, which the invariants use too.
#pragma once
#include "pika/filter/filter.hpp"

namespace pikaci {
using pika::Filter;
using pika::FilterList;
}  // namespace pikaci
