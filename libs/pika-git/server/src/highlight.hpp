#pragma once
#include "context.hpp"

namespace pika::server {
// The colours of a page's evidence, as the renderer asks for them. For one page, on one thread.
web::Highlighter highlighter(const Context& site, const store::Repository& repository);
}  // namespace pika::server
