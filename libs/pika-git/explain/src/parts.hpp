// Concerns of a branch that have nothing to do with each other. Only its own commits say so: parts are commits that
// touch no file in common and whose changes use no definition of one another. A branch of one commit has no parts;
// nothing cheap tells them better there than its folders do. What a person chose (ExplainInput::parts) stands.
#pragma once
#include "model.hpp"

namespace pika::explain {

// Sets Model::parts and Change::part where the branch has two to four parts; else none.
void find_parts(Model& model);
// Joins parts whose steps need one another; true when it did, and then groups have to be made again.
bool join_needed_parts(Model& model);

}  // namespace pika::explain
