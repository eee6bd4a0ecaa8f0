// Whether a declaration that moved to another file as it is means the same there.
#pragma once
#include "model.hpp"

namespace pika::explain {

// Every name it uses is bound alike in both files, by their imports and their own definitions; what encloses it and
// what conditions its file are the same. Where that is not certain: false.
bool means_the_same(const Change& from, const syntax::Symbol& was, const Change& to, const syntax::Symbol& is);

}  // namespace pika::explain
