// A model's words of a version: which are shown, what is said of them, and asking again.
#pragma once
#include <optional>

#include "context.hpp"
#include "pika/server/words_model.hpp"

namespace pika::server {

struct ShownWords {
  web::ModelWords view;
  std::optional<explain::Tutorial> tutorial;  // with the model's words; none: the derived one is shown
  // What is kept, but for its tutorial: whose words are shown, or the account of words that did not come.
  std::optional<model::Retelling> kept;
};

// `derived`: the stored tutorial of the version. Only words about exactly this diff count; ?words=derived hides them.
ShownWords shown_words(const Call& call, const store::Repository& r, const store::Branch& b,
                       const store::Version& version, const explain::Tutorial& derived);
// Where a model was asked about this version, it is asked again: what its words were about has changed.
void ask_words_again(const Call& call, const store::Repository& r, const store::Branch& b,
                     const store::Version& version);
// docs/tutorial-format.md, with the fields "words" and, where something is kept, "model".
json::Value tutorial_json(const ShownWords& words, const explain::Tutorial& derived);

}  // namespace pika::server
