// Nothing that a model says is believed: what can be checked is checked, what fails is taken out, sentence by
// sentence, and what was taken out is listed. docs/models.md has the rules in words for people.
//
// The placement of lines (atoms, evidence, folds, order, needs, files, checks) is always the derived one: a model
// changes words and nothing else, so coverage and evidence of the result are those of the derived tutorial. Facts of
// the derived text stay below the model's words.
#pragma once
#include <string>
#include <vector>

#include "pika/model/answer.hpp"
#include "pika/model/prompt.hpp"

namespace pika::model {

enum class Source { derived, model };

struct StepSources {
  int step = 0;
  Source title = Source::derived, intent = Source::derived;
  std::string model_body;  // the part of body_markdown that is the model's, at its beginning; empty: none
};

struct Validated {
  explain::Tutorial tutorial;  // provider is the model's name if any word of it was kept, else as derived
  std::vector<StepSources> sources;
  std::string model_summary;  // the part of the summary that is the model's, at its beginning; empty: none
  std::vector<Removed> removed;
  bool uses_model() const;  // any word of it was kept
};

Validated validate(const Subject& subject, const Answer& answer, const std::string& model_name);

// What a second call is told about the first: one line for each part removed, at most 40.
std::string repair_words(const std::vector<Removed>& removed);

}  // namespace pika::model
