// Pieces of the CI page.
#pragma once
#include "cards.hpp"

namespace pika::web {

// Bars of waiting and running for each lane of page.suite.
void waterfall(Html& h, const CiPage& page);

}  // namespace pika::web
