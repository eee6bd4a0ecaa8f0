#include "teller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "pika/base/text.hpp"

namespace pika::model {

const char* const kFormOfAnswer =
    R"({"summary": "", "steps": [{"base_step": 1, "title": "", "intent": "", "body_markdown": "", "hunks": ["H1"], )"
    R"("evidence": [{"hunk": "H1", "first": 0, "last": 0}]}], "folded": []})";

namespace {
constexpr std::size_t kMostMalformed = 200;
}  // namespace

Question question_of(const Call& call) {
  return {.system = call.system + "The form of the object: " + kFormOfAnswer + "\n",
          .user = call.user,
          .answered = {},
          .rejoinder = {},
          .schema = call.schema};
}

Answer own_part(const Call& call, Answer answer) {
  const std::set<int> asked(call.steps.begin(), call.steps.end());
  std::erase_if(answer.steps, [&](const AnswerStep& step) {
    if (asked.contains(step.base_step)) return false;
    if (answer.malformed.size() < kMostMalformed)
      answer.malformed.push_back({fmt::format("step {}", step.base_step), one_line(step.title), "was not asked about"});
    return true;
  });
  if (!call.asks_summary) answer.summary.clear();
  return answer;
}

bool holds(const Answer& answer, const std::string& secret) {
  if (secret.size() < 8) return false;  // a word, see asker.cpp
  const auto has = [&](const std::string& text) { return text.contains(secret); };
  return has(answer.summary) || std::ranges::any_of(answer.folded, has) ||
         std::ranges::any_of(answer.malformed,
                             [&](const Removed& r) { return has(r.where) || has(r.what) || has(r.why); }) ||
         std::ranges::any_of(answer.steps, [&](const AnswerStep& step) {
           return has(step.title) || has(step.intent) || has(step.body_markdown) ||
                  std::ranges::any_of(step.hunks, has) ||
                  std::ranges::any_of(step.evidence, [&](const AnswerEvidence& e) { return has(e.hunk); });
         });
}

Standing standing(const Validated& told) {
  Standing out{.fields = !told.model_summary.empty(), .bytes = told.model_summary.size()};
  for (const auto& source : told.sources) {
    const auto& step = told.tutorial.steps[static_cast<std::size_t>(source.step) - 1];
    if (source.title == Source::model) ++out.fields, out.bytes += step.title.size();
    if (source.intent == Source::model) ++out.fields, out.bytes += step.intent.size();
    if (!source.model_body.empty()) ++out.fields, out.bytes += source.model_body.size();
  }
  return out;
}

std::vector<Removed> lost_words(const std::vector<Removed>& removed) {
  std::vector<Removed> out;
  for (const auto& r : removed)
    if ((r.where == "summary" || r.where.ends_with(" title") || r.where.ends_with(" intent") ||
         r.where.ends_with(" body")) &&
        !r.why.contains("labelled as a guess"))
      out.push_back(r);
  return out;
}

namespace {

constexpr int kRepairAttempts = 1;

// One answer as text, read. The error is for the model.
Result<Answer> read(const Call& call, const ProviderConfig& config, std::string_view text) {
  // Some models think aloud first: https://huggingface.co/deepseek-ai/DeepSeek-R1
  constexpr std::string_view kThought = "</think>";
  if (const auto thought = text.rfind(kThought); thought != std::string_view::npos)
    text.remove_prefix(thought + kThought.size());
  // Models without a schema like to fence their JSON, or to speak before it.
  const auto begin = text.find('{'), end = text.rfind('}');
  if (begin != std::string_view::npos && end != std::string_view::npos && begin < end)
    text = text.substr(begin, end - begin + 1);
  Answer answer = own_part(call, PIKA_TRY(parse_answer(text)));
  if (holds(answer, config.key)) return fail(ErrorKind::forbidden, "it holds the key");
  return answer;
}

Question second_try(const Call& call, const std::string& said, const std::string& complaints) {
  Question question = question_of(call);
  question.answered = said;
  question.rejoinder =
      "A program checked your answer. These parts of it do not hold and were taken out; the lines are data:\n" +
      complaints + "Answer again in full, with these parts said so that they hold, or left empty.";
  return question;
}

Question other_form(const Call& call, const std::string& complaint) {
  Question question = question_of(call);
  question.user += "A first answer could not be read (" + complaint + "). Answer with the JSON object alone.\n";
  return question;
}

Reply unreadable(const Error& error) {
  Reply reply;
  reply.outcome = Outcome::garbled;
  reply.why = one_line(error.what);
  reply.plain = error.kind == ErrorKind::forbidden ? "gave back the key that it was asked with"
                                                   : "gave an answer that cannot be read";
  return reply;
}

}  // namespace

CallTold tell(Asker& asker, const ProviderConfig& config, const Subject& subject, const Call& call) {
  const int hunks = static_cast<int>(call.hunks.size());
  CallTold told;
  Reply reply = asker.ask(question_of(call), "tell", hunks, config.attempts);
  if (reply.outcome != Outcome::answered) return told.failed = std::move(reply), told;
  auto first = read(call, config, reply.text);
  if (!first && first.error().kind == ErrorKind::forbidden) return told.failed = unreadable(first.error()), told;

  std::string complaints;
  Standing stands;
  if (first) {
    const Validated checked = validate(subject, *first, config.model);
    stands = standing(checked);
    complaints = repair_words(lost_words(checked.removed));
    if (complaints.empty()) return told.answer = std::move(*first), told;
  }
  told.repaired = true;
  const Question again =
      first ? second_try(call, reply.text, complaints) : other_form(call, one_line(first.error().what));
  const Reply better = asker.ask(again, "repair", hunks, kRepairAttempts);
  if (better.outcome != Outcome::answered) {
    if (first)
      told.answer = std::move(*first);
    else
      told.failed = better;
    return told;
  }
  auto second = read(call, config, better.text);
  if (second && (!first || standing(validate(subject, *second, config.model)) > stands))
    told.answer = std::move(*second);
  else if (first)
    told.answer = std::move(*first);
  else
    told.failed = unreadable(second.error());
  return told;
}

}  // namespace pika::model
