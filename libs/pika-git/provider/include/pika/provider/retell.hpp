// A derived tutorial told again in a model's words: the calls, their retries and deadlines, the validator, one repair,
// and an account of what was sent where. Whatever the model or the network does, the outcome is a page: the derived
// one with a note, at worst.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/model/validator.hpp"
#include "pika/provider/provider.hpp"

namespace pika::model {

// One request that left this host, or tried to.
struct Sent {
  Micros at = 0;       // wall clock
  std::string host{};  // host_of
  std::string model{};
  std::string purpose{};  // "tell", "repair", "probe"
  std::size_t bytes = 0;  // of the body
  int hunks = 0;          // whose lines were in it
  int status = 0;         // of the answer; 0: none came
  Micros took = 0;
  std::int64_t tokens_in = 0, tokens_out = 0;  // as the provider counted them; 0: it did not say
  std::string outcome{};                       // "answered", or what went wrong, one line without secrets
};

struct Retelling {
  Validated told;          // the derived tutorial when nothing of the model was kept
  std::string note;        // one or two sentences for the page: why words are missing, or all of them; empty: none are
  bool try_later = false;  // nothing was kept, for a reason that may pass (429, 5xx, no answer, stopped)
  int calls = 0, repaired = 0;
  std::vector<Sent> sent;
};

// Time and waiting, so that tests own both. wait gives false when told to stop meanwhile.
struct Patience {
  const Clock* clock = nullptr;      // nullptr: the system's
  std::function<bool(Micros)> wait;  // empty: sleeps
  std::function<bool()> stopped;     // asked between pieces of an answer too; empty: never
};

// Threads: blocks for up to config.deadline. Never throws for what the other side does.
Retelling retell(const ProviderConfig& config, const Subject& subject, const Patience& patience = {});

// Kept form of a retelling (docs/models.md); unknown fields are refused by version, not by name.
json::Value to_json(const Retelling& retelling);
Result<Retelling> retelling_from_json(const json::Value& value);

// The tutorial as Markdown. What is a model's is marked "(model)" or stands in a quotation block; the first lines say
// so, and where the change was sent. explain::to_markdown where no word of a model was kept, below the note.
std::string to_markdown(const Retelling& retelling, const git::Diff& diff);

// Does it answer, does it know the model, does it take a schema. One small call without any code in it.
struct Probe {
  bool reachable = false, knows_model = false, takes_schema = false;
  std::string words;  // for `pika-git doctor` and the admin page, one line
};
Probe probe(const ProviderConfig& config, const Patience& patience = {});

}  // namespace pika::model
