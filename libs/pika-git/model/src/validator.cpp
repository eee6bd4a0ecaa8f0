#include "pika/model/validator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "claims.hpp"
#include "pika/base/text.hpp"
#include "sentence.hpp"

namespace pika::model {

namespace {

std::string short_words(std::string_view text) {
  auto out = std::string(trim(text)).substr(0, 190);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return to_utf8(out);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (std::string_view("\\`*_{}[]<>()#+-!|&").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::size_t words_in(std::string_view text) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    n += static_cast<unsigned char>(text[i]) > ' ' && (i == 0 || static_cast<unsigned char>(text[i - 1]) <= ' ');
  return n;
}

void add_counts(Counts& counts, std::string_view text) {
  for (const auto& [noun, n] : counted(plain_words(text))) counts[noun].insert(n);
}

class Validator {
 public:
  Validator(const Subject& subject, const Answer& answer)
      : subject_(subject), derived_(*subject.derived), answer_(answer), known_(subject), homes_(homes(derived_)) {
    for (const auto& file : subject.diff->files)
      for (const auto& hunk : file.hunks) lines_[hunk.id] = static_cast<int>(hunk.lines.size());
    out_.tutorial = derived_;
    out_.removed = answer.malformed;
  }

  Validated run(const std::string& model_name) {
    check_folded();
    check_placement();
    std::set<int> seen;
    int last = 0;
    for (const auto& step : answer_.steps) {
      auto where = fmt::format("step {}", step.base_step);
      if (step.base_step < 1 || step.base_step > static_cast<int>(derived_.steps.size())) {
        removed(where, step.title, "is no step of this change");
        continue;
      }
      if (!seen.insert(step.base_step).second) {
        removed(where, step.title, "comes twice");
        continue;
      }
      if (step.base_step < last) removed(where, "order", "comes after a later step: definitions come before uses");
      last = std::max(last, step.base_step);
      reword(step);
    }
    summary();
    if (out_.uses_model()) out_.tutorial.provider = model_name;
    return std::move(out_);
  }

 private:
  void removed(std::string where, std::string_view what, std::string why) {
    if (out_.removed.size() < 1000) out_.removed.push_back({std::move(where), short_words(what), std::move(why)});
  }

  void check_folded() {
    std::set<std::string> folded;
    for (const auto& hunk : derived_.hunks)
      if (is_folded(hunk)) folded.insert(hunk.id);
    for (const auto& id : answer_.folded)
      if (!folded.contains(id)) removed("folded", id, "is no folded hunk");
  }

  // The result's placement is the derived one whatever is said here.
  void check_placement() {
    std::set<std::string> placed;
    for (const auto& step : answer_.steps) {
      auto where = fmt::format("step {}", step.base_step);
      for (const auto& id : step.hunks) {
        auto home = homes_.find(id);
        if (home == homes_.end())
          removed(where, id, "is no hunk of this change");
        else if (home->second != step.base_step)
          removed(where, id, fmt::format("is a hunk of step {}, and went back to it", home->second));
        else if (!placed.insert(id).second)
          removed(where, id, "is listed twice");
      }
      for (const auto& e : step.evidence) check_evidence(step, e);
    }
    std::string missing;
    for (const auto& [id, step] : homes_)
      if (!placed.contains(id)) missing += (missing.empty() ? "" : ", ") + id;
    if (!missing.empty()) removed("hunks", missing, "not listed in their step, and put back");
  }

  void check_evidence(const AnswerStep& step, const AnswerEvidence& e) {
    auto words = fmt::format("{} {}-{}", e.hunk, e.first, e.last);
    auto where = fmt::format("step {} evidence", step.base_step);
    auto home = homes_.find(e.hunk);
    if (home == homes_.end()) return removed(where, words, "is no hunk of this change");
    if (home->second != step.base_step) return removed(where, words, "is a hunk of another step");
    auto lines = lines_.contains(e.hunk) ? lines_[e.hunk] : 1;  // a pseudo hunk has one line
    if (e.first < 0 || e.last < e.first || e.last >= lines) removed(where, words, "is outside the hunk");
  }

  Scope scope_of(const explain::Step& step) const {
    Scope scope;
    scope.folded = is_folded(derived_, step.id);
    std::set<std::string> any;
    std::size_t home = 0;
    for (const auto& hunk : derived_.hunks)
      for (const auto& atom : hunk.atoms)
        if (atom.step == step.id) any.insert(hunk.id);
    for (const auto& [id, at] : homes_) home += at == step.id;
    scope.hunks = any;
    scope.counts["file"] = {static_cast<long>(step.files.size())};
    scope.counts["hunk"] = {static_cast<long>(any.size()), static_cast<long>(home)};
    add_counts(scope.counts, step.title + ". " + step.intent + " " + step.body_markdown);
    return scope;
  }

  Scope whole() const {
    Scope scope;
    scope.folded = std::ranges::all_of(derived_.hunks, [](const auto& hunk) { return is_folded(hunk); });
    for (const auto& hunk : derived_.hunks) scope.hunks.insert(hunk.id);
    scope.counts["file"] = {static_cast<long>(subject_.diff->files.size())};
    scope.counts["hunk"] = {static_cast<long>(derived_.hunks.size())};
    scope.counts["step"] = {static_cast<long>(derived_.steps.size())};
    scope.counts["commit"] = {static_cast<long>(subject_.commit_messages.size())};
    scope.counts["line"] = {derived_.lines_changed, derived_.lines_to_read, derived_.lines_folded};
    add_counts(scope.counts, derived_.summary);
    return scope;
  }

  // What of a text may stand.
  std::string kept(std::string_view text, const Scope& scope, const std::string& where) {
    std::string out;
    for (const auto& sentence : sentences(text)) {
      if (auto why = false_claim(sentence, known_, scope); !why.empty()) {
        removed(where, sentence, why);
        if (sentence.ends_with("\n") && !out.empty() && !out.ends_with("\n")) out += "\n";
      } else if (unlabelled_reason(sentence, known_)) {
        auto mark = list_mark(sentence);
        removed(where, sentence, "gives a reason that the author did not: labelled as a guess");
        out += sentence.substr(0, mark) + std::string(kGuess) + sentence.substr(mark);
      } else {
        out += sentence;
      }
    }
    return std::string(trim(out));
  }

  void reword(const AnswerStep& said) {
    auto at = static_cast<std::size_t>(said.base_step) - 1;
    const auto& derived = derived_.steps[at];
    auto& step = out_.tutorial.steps[at];
    auto scope = scope_of(derived);
    auto where = fmt::format("step {} ", derived.id);
    StepSources sources{.step = derived.id, .model_body = {}};

    auto title = std::string(trim(said.title));
    auto why = false_claim(title, known_, scope);
    if (why.empty() && title.find('\n') != std::string::npos) why = "is more than one line";
    if (why.empty() && unlabelled_reason(title, known_)) why = "gives a reason: a title says what was done";
    if (!why.empty()) {
      removed(where + "title", title, why);
    } else if (!title.empty()) {
      std::erase(title, '`');
      step.title = title;
      sources.title = Source::model;
    }

    auto intent = kept(said.intent, scope, where + "intent");
    if (intent.find('\n') != std::string::npos) {
      removed(where + "intent", intent, "is more than one line");
      intent.clear();
    }
    auto body = kept(said.body_markdown, scope, where + "body");
    sources.model_body = body;
    if (!intent.empty()) {
      std::erase(intent, '`');
      step.intent = intent;
      sources.intent = Source::model;
      body += (body.empty() ? "" : "\n\n") + escaped(derived.intent);
    }
    if (!body.empty()) step.body_markdown = body + "\n\n" + derived.body_markdown;
    out_.sources.push_back(std::move(sources));
  }

  void summary() {
    std::string out;
    for (const auto& sentence : sentences(kept(answer_.summary, whole(), "summary"))) {
      if (words_in(out) + words_in(sentence) > kMaxSummaryWords)
        removed("summary", sentence, fmt::format("is beyond {} words", kMaxSummaryWords));
      else
        out += sentence;
    }
    out_.model_summary = std::string(trim(out));
    if (!out_.model_summary.empty()) out_.tutorial.summary = out_.model_summary + "\n\n" + derived_.summary;
  }

  const Subject& subject_;
  const explain::Tutorial& derived_;
  const Answer& answer_;
  Known known_;
  std::map<std::string, int> homes_, lines_;
  Validated out_;
};

}  // namespace

bool Validated::uses_model() const {
  return !model_summary.empty() || std::ranges::any_of(sources, [](const StepSources& s) {
    return s.title == Source::model || s.intent == Source::model || !s.model_body.empty();
  });
}

Validated validate(const Subject& subject, const Answer& answer, const std::string& model_name) {
  return Validator(subject, answer).run(model_name);
}

std::string repair_words(const std::vector<Removed>& removed) {
  std::string out;
  for (std::size_t i = 0; i < removed.size() && i < 40; ++i)
    out += fmt::format("- {}: “{}” {}\n", removed[i].where, removed[i].what, removed[i].why);
  return out;
}

}  // namespace pika::model
