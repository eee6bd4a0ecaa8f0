// The first byte chooses what the rest is: the body of an answer in one of the protocols with one of the statuses, the
// words of a model alone, or an address. Whatever it is: nothing but words of the derived tutorial changes, what is
// kept can be read again, and an address that is taken is read the same way twice.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pika/base/text.hpp"
#include "pika/model/validator.hpp"
#include "pika/provider/retell.hpp"
#include "protocol.hpp"
#include "subject.hpp"
#include "teller.hpp"
#include "url.hpp"

namespace {

using namespace pika;
using namespace pika::model;

void demand(bool holds) {
  if (!holds) std::abort();
}

const Sample& the_sample() {
  static const Sample s = sample();
  return s;
}

bool plain(std::string_view text) {
  if (!is_utf8(text)) return false;
  for (char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return false;
  return true;
}

// The tutorial with its derived words put back.
std::string without_words(explain::Tutorial tutorial) {
  const auto& derived = the_sample().tutorial;
  tutorial.provider = derived.provider, tutorial.summary = derived.summary;
  demand(tutorial.steps.size() == derived.steps.size());
  for (std::size_t i = 0; i < derived.steps.size(); ++i) {
    demand(tutorial.steps[i].body_markdown.ends_with(derived.steps[i].body_markdown));
    tutorial.steps[i].title = derived.steps[i].title;
    tutorial.steps[i].intent = derived.steps[i].intent;
    tutorial.steps[i].body_markdown = derived.steps[i].body_markdown;
  }
  return json::print(explain::to_json(tutorial));
}

void look_at_words(std::string_view words) {
  static const auto calls = make_calls(the_sample().subject(), 60'000, [] { return std::string(32, '7'); });
  static const auto derived = json::print(explain::to_json(the_sample().tutorial));
  auto answer = parse_answer(words);
  if (!answer) return;
  Retelling r;
  r.told = validate(the_sample().subject(), own_part(calls.front(), std::move(*answer)), "m-1");
  demand(without_words(r.told.tutorial) == derived);
  demand(plain(r.told.model_summary) && r.told.tutorial.summary.starts_with(r.told.model_summary));
  for (const auto& source : r.told.sources) {
    const auto& step = r.told.tutorial.steps.at(static_cast<std::size_t>(source.step) - 1);
    demand(plain(step.title) && plain(step.intent) && plain(source.model_body));
    demand(!step.title.contains('\n') && !step.intent.contains('\n'));
    demand(step.body_markdown.starts_with(source.model_body));
  }
  for (const auto& removed : r.told.removed) demand(is_utf8(removed.what) && removed.what.size() <= 600);
  demand((standing(r.told).fields > 0) == r.told.uses_model());
  const auto kept = json::print(to_json(r));
  const auto again = retelling_from_json(json::parse(kept).value());
  demand(again && json::print(to_json(*again)) == kept);
  demand(!to_markdown(r, the_sample().diff).empty());
  (void)repair_words(lost_words(r.told.removed));
}

void look_at_answer(Protocol protocol, int status, std::string_view body) {
  const auto reply = reply_of(
      protocol,
      {.status = status, .headers = {{"Retry-After", std::string(body.substr(0, 40))}}, .body = std::string(body)},
      1'700'000'000 * kSecond);
  demand(reply.tokens_in >= 0 && reply.tokens_out >= 0 && reply.wait.value_or(0) >= 0);
  if (reply.outcome == Outcome::answered) {
    demand(status == 200 && !reply.text.empty());
    look_at_words(reply.text);
    return;
  }
  demand(!reply.why.empty() && !reply.plain.empty() && plain(reply.why) && !reply.why.contains('\n'));
  int forms = 0;
  for (std::optional<Form> form = Form{}; form; form = next_form(*form, reply)) demand(++forms < 8);
}

void look_at_address(std::string_view text) {
  const auto url = parse_url(text);
  if (!url) return demand(!url.error().what.empty());
  const auto again = parse_url(url->text());
  demand(again && again->text() == url->text() && again->loopback() == url->loopback());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 300'000) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr int kStatuses[] = {200, 400, 401, 413, 429, 503, 302};
  const unsigned which = data[0];
  if (which == 'w')
    look_at_words(rest);
  else if (which == 'u')
    look_at_address(rest);
  else
    look_at_answer(static_cast<Protocol>(which % 3), kStatuses[which / 3 % std::size(kStatuses)], rest);
  return 0;
}
