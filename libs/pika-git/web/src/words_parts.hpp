// What a page says of a language model's words: which they are, where lines were sent for them, what was removed, and
// the line while they are asked for. Provenance is a word in a frame, never a colour alone.
#pragma once
#include <string_view>

#include "pika/web/html.hpp"
#include "pika/web/pages.hpp"

namespace pika::web {

// null: none of the step's words are a model's.
const StepWords* step_words(const ModelWords* words, int step);
// The mark behind words that are a model's.
void by_model(Html& h);
// Markdown, of which `model` at the beginning is a model's: marked, and in a frame of its own. Nothing for no text.
void told(Html& h, Literal classes, std::string_view markdown, std::string_view model);
// What is derived and what is not, for which version, and what was sent where; what was removed.
void words_provenance(Html& h, const BranchPage& page);
// The same for the file without a server, at its top; nothing when no model was asked.
void local_provenance(Html& h, const ModelWords& words);
// The live region "words": being asked for, failed; the button.
void words_region(Html& h, const BranchPage& page);
// The button where the derived tutorial failed.
void explain_again_form(Html& h, const BranchPage& page);

}  // namespace pika::web
