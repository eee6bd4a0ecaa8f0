#include "model.hpp"

#include <fmt/format.h>

#include "pika/base/text.hpp"
#include "pika/provider/ask.hpp"

pika::Result<pika::invariants::Grader> grader_of(const pika::model::Flags& flags,
                                                 const pika::invariants::Session& session) {
  using namespace pika;
  auto config = PIKA_TRY(model::provider_of(flags));
  if (!config) return invariants::Grader{};
  invariants::Grader grader{
      .model = config->model, .host = model::host_of(*config), .budget_tokens = config->budget_tokens, .ask = {}};
  grader.ask = [config = std::move(*config), err = session.err](const invariants::GradeQuestion& question) {
    err(fmt::format("pika-invariants: sends {} of the scope of {} ({} bytes) to {}, model {}\n",
                    plural(static_cast<std::int64_t>(question.shown.size()), "file"), question.id, question.user.size(),
                    model::host_of(config), invariants::printable(config.model)));
    auto told = model::ask(
        config, {.system = question.system, .user = question.user, .schema = question.schema, .purpose = "grade"});
    if (!told.why.empty())
      return Result<std::string>(
          fail(told.gives_up ? ErrorKind::unavailable : ErrorKind::internal, std::move(told.why)));
    return Result<std::string>(std::move(told.text));
  };
  return grader;
}
