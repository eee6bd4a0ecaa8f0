#include "pika/provider/retell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "pika/base/text.hpp"
#include "teller.hpp"

namespace pika::model {

namespace {

// "step 2", "steps 2, 3 and 5"
std::string steps_words(const std::set<int>& steps) {
  std::string out = steps.size() == 1 ? "step " : "steps ";
  std::size_t i = 0;
  for (int step : steps) {
    if (i > 0) out += i + 1 == steps.size() ? " and " : ", ";
    out += std::to_string(step);
    ++i;
  }
  return out;
}

// Why words are missing, and in which steps.
struct Gap {
  std::string why;  // goes on after "The model at HOST "
  std::set<int> steps;
};

class Work {
 public:
  Work(const ProviderConfig& config, const Subject& subject, const Patience& patience)
      : config_(config), subject_(subject), asker_(config, patience, out_.sent) {}

  Retelling run() {
    out_.told.tutorial = *subject_.derived;
    if (!ask_all(config_.budget_tokens, true)) ask_all(config_.budget_tokens / 2, false);
    const bool answered = !answers_.empty();
    std::size_t lost = 0;
    if (answered) {
      Validated told = validate(subject_, join(std::move(answers_)), config_.model);
      lost = lost_words(told.removed).size();
      if (told.uses_model())
        out_.told = std::move(told);
      else
        out_.told.removed = std::move(told.removed);
    }
    if (out_.told.uses_model())
      note_gaps(lost);
    else
      note_nothing(answered);
    return std::move(out_);
  }

 private:
  // False: something was too long for the model, and smaller questions are worth a try.
  bool ask_all(std::size_t budget, bool smaller_possible) {
    answers_.clear(), failed_ = {}, too_large_ = {}, last_ = Outcome::answered;
    for (const Call& call : make_calls(subject_, budget)) {
      if (call.over_budget) {
        too_large_.steps.insert(call.steps.begin(), call.steps.end());
        continue;
      }
      if (gives_up(last_)) {
        failed_.steps.insert(call.steps.begin(), call.steps.end());
        continue;
      }
      ++out_.calls;
      CallTold told = tell(asker_, config_, subject_, call);
      out_.repaired += told.repaired;
      if (told.answer) {
        answers_.push_back(std::move(*told.answer));
        continue;
      }
      last_ = told.failed.outcome;
      if (smaller_possible && (last_ == Outcome::too_long || last_ == Outcome::cut_short)) return false;
      failed_.why = told.failed.plain;
      failed_.steps.insert(call.steps.begin(), call.steps.end());
    }
    return true;
  }

  std::string host() const { return "he model at " + host_of(config_); }

  void note_nothing(bool answered) {
    out_.try_later = last_ == Outcome::passes || last_ == Outcome::late || last_ == Outcome::stopped;
    if (!failed_.why.empty())
      out_.note = "T" + host() + " " + failed_.why;
    else if (answered)
      out_.note = "Nothing that t" + host() + " said passed the checks";
    else
      out_.note = "The change is too large for one question to t" + host();
    out_.note += "; this is the derived page.";
  }

  void note_gaps(std::size_t lost) {
    std::vector<std::string> sentences;
    if (!failed_.why.empty())
      sentences.push_back(
          fmt::format("T{} {}; the derived words stand in {}.", host(), failed_.why, steps_words(failed_.steps)));
    if (!too_large_.steps.empty())
      sentences.push_back(fmt::format("A hunk of {} is too large for one question to t{}, and was not sent.",
                                      steps_words(too_large_.steps), host()));
    if (lost > 0)
      sentences.push_back(fmt::format("{} of what t{} said did not pass the checks and {} left out.",
                                      plural(static_cast<std::int64_t>(lost), "part"), host(),
                                      lost == 1 ? "is" : "are"));
    if (sentences.size() > 2) sentences.resize(2);
    out_.note = pika::join(sentences, " ");
  }

  const ProviderConfig& config_;
  const Subject& subject_;
  Retelling out_;
  Asker asker_;
  std::vector<Answer> answers_;
  Gap failed_, too_large_;
  Outcome last_ = Outcome::answered;
};

}  // namespace

Retelling retell(const ProviderConfig& config, const Subject& subject, const Patience& patience) {
  Retelling out;
  out.told.tutorial = *subject.derived;
  if (const auto good = check(config); !good) {
    out.note = fmt::format("No model was asked: {}; this is the derived page.", good.error().what);
    return out;
  }
  if (subject.derived->steps.empty()) return out;
  return Work(config, subject, patience).run();
}

}  // namespace pika::model
