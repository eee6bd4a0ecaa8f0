// Parts of a branch: which commits are told together, and choosing it.
#pragma once
#include "context.hpp"

namespace pika::server {

// `tutorial`: of this version, for the derived parts; nullptr: not there yet.
void fill_parts(const Call& call, const store::Repository& r, const store::Branch& b, const store::Version& version,
                const explain::Tutorial* tutorial, web::CommitsPage& page);

}  // namespace pika::server
