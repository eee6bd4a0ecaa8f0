// One call of a retelling: the question, what of its answer can be used, and the second try.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "asker.hpp"
#include "pika/model/answer.hpp"
#include "pika/model/prompt.hpp"
#include "pika/model/validator.hpp"

namespace pika::model {

// The form of an answer in words, for servers that hold the model to a schema without showing it.
extern const char* const kFormOfAnswer;

Question question_of(const Call& call);

// What of an answer belongs to this call: nothing about steps that were not asked about.
Answer own_part(const Call& call, Answer answer);

// The secret stands somewhere in it.
bool holds(const Answer& answer, const std::string& secret);

// How much of a model stands: fields that have its words, then the bytes of them.
struct Standing {
  int fields = 0;
  std::size_t bytes = 0;
  auto operator<=>(const Standing&) const = default;
};
Standing standing(const Validated& told);

// Those parts that are words and were taken out: a second try may say them better. Ids and places are the derived ones
// whatever a model says, and a reason that was labelled a guess stands.
std::vector<Removed> lost_words(const std::vector<Removed>& removed);

struct CallTold {
  std::optional<Answer> answer;  // nothing: see `failed`
  Reply failed;                  // why there is none
  bool repaired = false;         // a second try was made
};
CallTold tell(Asker& asker, const ProviderConfig& config, const Subject& subject, const Call& call);

}  // namespace pika::model
