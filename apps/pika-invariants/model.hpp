// The language model that grades statements without a rule, for those who name one.
#pragma once
#include "pika/invariants/commands.hpp"
#include "pika/provider/flags.hpp"

// Asks nobody when the flags name no model. invalid: half a choice, or one that is refused. What is sent where is said
// on standard error before it is.
pika::Result<pika::invariants::Grader> grader_of(const pika::model::Flags& flags,
                                                 const pika::invariants::Session& session);
