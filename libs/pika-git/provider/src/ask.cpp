#include "pika/provider/ask.hpp"

#include <fmt/format.h>

#include "asker.hpp"

namespace pika::model {

Told ask(const ProviderConfig& config, const Asked& question, const Patience& patience) {
  Told told;
  if (const auto good = check(config); !good) {
    told.why = one_line(good.error().what);
    told.gives_up = true;
    return told;
  }
  Asker asker(config, patience, told.sent);
  auto reply = asker.ask(
      {.system = question.system, .user = question.user, .answered = {}, .rejoinder = {}, .schema = question.schema},
      question.purpose.c_str(), 0, config.attempts);
  if (reply.outcome != Outcome::answered) {
    told.why = fmt::format("The model at {} {}.", host_of(config), reply.plain);
    told.gives_up = gives_up(reply.outcome);
  } else if (!config.key.empty() && reply.text.find(config.key) != std::string::npos) {
    told.why = fmt::format("The model at {} repeated the key; its answer was thrown away.", host_of(config));
  } else {
    told.text = std::move(reply.text);
  }
  return told;
}

}  // namespace pika::model
