#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"
#include "pika/provider/retell.hpp"

namespace pika::model {

namespace {

// A block of its own, so that it is told from the derived words below it wherever it is rendered.
std::string quoted(std::string_view text) {
  std::string out = "> (model)\n";
  for (std::string_view line : split(text, '\n')) out += line.empty() ? ">\n" : fmt::format("> {}\n", line);
  return out;
}

// `text` begins with the model's part.
void mark(std::string& text, std::string_view model_part) {
  if (model_part.empty() || !text.starts_with(model_part)) return;
  text = quoted(model_part) + "\n" + std::string(trim(std::string_view(text).substr(model_part.size()))) + "\n";
}

std::string code(std::string text) {
  std::erase(text, '`');
  return "`" + text + "`";
}

std::string top_line(const Retelling& retelling) {
  const Sent& first = retelling.sent.front();
  return fmt::format(
      "> **Words of a model.** What is marked (model) was written by {} at {}: the change was sent there at {}, in {}. "
      "All other words, all lines and counts are derived from the diff.\n",
      code(first.model), code(first.host), format_utc(first.at),
      plural(static_cast<std::int64_t>(retelling.sent.size()), "request"));
}

}  // namespace

std::string to_markdown(const Retelling& retelling, const git::Diff& diff) {
  std::string out;
  explain::Tutorial tutorial = retelling.told.tutorial;
  if (retelling.told.uses_model()) {
    if (!retelling.sent.empty()) out += top_line(retelling);
    mark(tutorial.summary, retelling.told.model_summary);
    for (const StepSources& source : retelling.told.sources) {
      auto& step = tutorial.steps.at(static_cast<std::size_t>(source.step) - 1);
      if (source.title == Source::model) step.title += " (model)";
      if (source.intent == Source::model) step.intent += " (model)";
      mark(step.body_markdown, source.model_body);
    }
  }
  if (!retelling.note.empty()) out += (out.empty() ? "> " : ">\n> ") + retelling.note + "\n";
  return out + (out.empty() ? "" : "\n") + explain::to_markdown(tutorial, diff);
}

}  // namespace pika::model
