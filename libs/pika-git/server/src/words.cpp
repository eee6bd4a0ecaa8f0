#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fill.hpp"
#include "flash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "router.hpp"

namespace pika::server {

namespace {

using store::WordsState;

constexpr int kSentOnAPage = 100;
constexpr Micros kProbeDeadline = 10 * kSecond;  // somebody waits for the page

// Somebody may have chosen other parts since.
bool same_parts(const explain::Tutorial& a, const explain::Tutorial& b) {
  return std::ranges::equal(a.parts, b.parts, {}, &explain::Part::commits, &explain::Part::commits);
}

// What is kept of this version: the newest words, else the newest account of words that did not come. A file about
// another diff is not believed.
std::optional<forge::StoredWords> kept_words(const Call& call, const std::vector<store::WordsJob>& jobs,
                                             const store::Version& version, const explain::Tutorial& derived,
                                             Micros* at, std::string* trouble) {
  auto by_time = jobs;
  std::ranges::sort(by_time, std::ranges::greater(), &store::WordsJob::told_at);
  std::optional<forge::StoredWords> account;
  for (const auto& job : by_time) {
    if (job.told_at == 0) break;
    auto kept = forge::stored_words(call.site.layout, job);
    if (!kept) {
      log_warning("words", "version {}: {}", version.id.value(), kept.error().what);
      *trouble = "the kept words can't be read: " + kept.error().what;
      continue;
    }
    const auto& told = kept->retelling.told;
    if (told.tutorial.head != version.head || told.tutorial.diff_hash != derived.diff_hash) continue;
    if (!same_parts(told.tutorial, derived)) continue;
    *at = job.told_at;
    if (told.uses_model()) return std::move(*kept);
    if (!account) account = std::move(*kept);
  }
  return account;
}

// Where the queue stands with what is configured now.
void fill_state(web::ModelWords& view, const Call& call, const std::vector<store::WordsJob>& jobs) {
  if (!call.site.words) return;
  auto job = std::ranges::find(jobs, call.site.words->wish(), &store::WordsJob::wish);
  if (job == jobs.end()) return;
  if (job->state == WordsState::queued || job->state == WordsState::running) view.asking = "asked";
  if (job->state == WordsState::failed) view.asking = "failed";
  if (!view.asking.empty()) view.why = job->why;
}

Status askable(const Call& call, const store::Repository& r, const store::Branch& b, const store::Version& version) {
  if (!call.site.words)
    return fail(ErrorKind::conflict, "no model is configured here",
                "an administrator can add [model] to server.toml (docs/models.md)");
  if (!forge::chosen(call.site.words->settings(), r))
    return fail(ErrorKind::conflict, fmt::format("code of {} is not to be sent to a model", r.full_name()),
                "an administrator can name it in [model] of server.toml");
  if (b.state != store::BranchState::open || version.number != b.versions)
    return fail(ErrorKind::conflict, "a model is asked about the newest version of an open branch only");
  if (version.tutorial != store::TutorialState::ready)
    return fail(ErrorKind::conflict, "this version's tutorial is not there yet", "ask again in a moment");
  return {};
}

json::Value sent_json(const store::SentWords& s) {
  return json::Object{{"id", s.id},
                      {"at", s.at},
                      {"repository", to_utf8(s.repository)},
                      {"branch", s.branch},
                      {"version", s.version},
                      {"host", to_utf8(s.host)},
                      {"model", to_utf8(s.model)},
                      {"purpose", s.purpose},
                      {"bytes", s.bytes},
                      {"hunks", s.hunks},
                      {"status", s.status},
                      {"took", s.took},
                      {"tokens_in", s.tokens_in},
                      {"tokens_out", s.tokens_out},
                      {"outcome", to_utf8(s.outcome)}};
}

std::int64_t before_of(const Call& call) {
  return parse_number<std::int64_t>(call.request.query_value("before")).value_or(0);
}

}  // namespace

web::ModelWords words_model(const model::Retelling& retelling) {
  web::ModelWords out;
  const auto& told = retelling.told;
  out.shown = told.uses_model();
  out.answered = false;
  int hunks = 0;
  for (const auto& s : retelling.sent) {
    if (s.purpose == "tell") hunks += s.hunks;  // tried again, it had the same ones
    out.answered = out.answered || s.status != 0;
    out.host = s.host;
    out.model = s.model;
    out.sent_at = s.at;
  }
  out.hunks = std::min(hunks, static_cast<int>(told.tutorial.hunks.size()));
  out.note = retelling.note;
  for (const auto& r : told.removed) out.removed.push_back({r.where, r.what, r.why});
  out.summary = told.model_summary;
  for (const auto& s : told.sources)
    out.steps.push_back({s.step, s.title == model::Source::model, s.intent == model::Source::model, s.model_body});
  return out;
}

ShownWords shown_words(const Call& call, const store::Repository& r, const store::Branch& b,
                       const store::Version& version, const explain::Tutorial& derived) {
  ShownWords out;
  auto& view = out.view;
  auto jobs = call.site.store->words_of(version.id);
  Micros at = 0;
  std::string trouble;
  auto kept = kept_words(call, jobs, version, derived, &at, &trouble);
  if (kept) {
    view = words_model(kept->retelling);
    view.reused = kept->reused;
    if (call.may(Permission::admin)) view.log_url = "/admin/models";
    if (view.shown) {
      view.token = std::to_string(at);
      view.hidden = call.request.query_value("words") == "derived";
      view.shown = !view.hidden;
    }
    if (view.shown) out.tutorial = std::move(kept->retelling.told.tutorial);
    kept->retelling.told.tutorial = {};
    out.kept = std::move(kept->retelling);
  }
  fill_state(view, call, jobs);
  if (!kept && view.asking.empty() && !trouble.empty()) {
    view.asking = "failed";
    view.why = trouble;
  }
  view.may_ask = view.asking != "asked" && call.may(Permission::write) && askable(call, r, b, version);
  return out;
}

json::Value tutorial_json(const ShownWords& words, const explain::Tutorial& derived) {
  auto out = explain::to_json(words.tutorial ? *words.tutorial : derived);
  const auto& view = words.view;
  out.as_object()["words"] = json::Object{{"shown", view.shown},
                                          {"kept", view.shown || view.hidden},
                                          {"asking", view.asking},
                                          {"why", to_utf8(view.why)},
                                          {"for_an_equal_change", view.reused}};
  if (words.kept && !view.hidden) {
    auto kept = model::to_json(*words.kept).as_object();
    kept.erase("tutorial");
    out.as_object()["model"] = std::move(kept);
  }
  return out;
}

void ask_words_again(const Call& call, const store::Repository& r, const store::Branch& b,
                     const store::Version& version) {
  if (!askable(call, r, b, version) || call.site.store->words_of(version.id).empty()) return;
  call.site.store->ask_words(version.id, call.site.words->wish(), call.principal.name(), system_clock().now());
  call.site.words->kick();
}

namespace {

Result<store::Version> version_named(const Call& call, const store::Branch& b, const std::string& number) {
  auto asked = number.empty() ? b.versions : parse_number<int>(number).value_or(0);
  for (const auto& v : call.site.store->versions(b.id))
    if (v.number == asked) return v;
  return fail(ErrorKind::not_found, fmt::format("branch #{} has no version {}", b.number, quote_name(to_utf8(number))));
}

// A second time, while it waits or runs, nothing changes.
Status tell_again(const Call& call, const store::Repository& r, const store::Branch& b, const store::Version& version,
                  const std::string& what) {
  if (what == "derived") {
    // One that is there and cannot be read has failed too.
    bool failed =
        version.tutorial == store::TutorialState::failed ||
        (version.tutorial == store::TutorialState::ready && !forge::stored_tutorial(call.site.layout, version));
    if (!failed) return {};
    call.site.store->set_tutorial(version.id, store::TutorialState::pending, "", nullptr);
    call.site.explain->kick();
    return {};
  }
  if (what != "words") return fail(ErrorKind::invalid, "what to make anew is one of: words, derived");
  PIKA_TRY(askable(call, r, b, version));
  call.site.store->ask_words(version.id, call.site.words->wish(), call.principal.name(), system_clock().now());
  call.site.words->kick();
  return {};
}

}  // namespace

Result<http::Response> do_tell_again(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto b = PIKA_TRY(call.branch(r));
  auto field = [&](const char* name) {
    auto at = call.form.find(name);
    return at == call.form.end() ? std::string() : at->second;
  };
  auto version = PIKA_TRY(version_named(call, b, field("version")));
  auto back = call.site.branch_path(r, b);
  if (version.number != b.versions) back += fmt::format("?version={}", version.number);
  auto asked = tell_again(call, r, b, version, field("what"));
  return with_flash(http::redirect(back), asked ? Flash{} : Flash{asked.error().text(), true});
}

Result<http::Response> api_tell_again(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto b = PIKA_TRY(call.branch(r));
  auto body = PIKA_TRY(json::parse(call.request.body, "request body"));
  auto number = json::find_int(body, "version");
  auto version = PIKA_TRY(version_named(call, b, number ? std::to_string(*number) : ""));
  auto what = PIKA_TRY(json::get_string(body, "what"));
  PIKA_TRY(tell_again(call, r, b, version, what));
  return http::json_response(200, json::print(json::Object{{"what", what}, {"version", version.number}}));
}

Result<http::Response> show_models(Call& call) {
  web::ModelsPage page;
  page.chrome = chrome(call);
  page.where = model_words(call.site.options);
  page.may_probe = call.site.words != nullptr;
  auto sent = call.site.store->sent_words(before_of(call), kSentOnAPage + 1);
  if (sent.size() > kSentOnAPage) {
    sent.pop_back();
    page.older_url = fmt::format("/admin/models?before={}", sent.back().id);
  }
  for (const auto& s : sent)
    page.sent.push_back({s.at, s.took, s.repository, s.branch, s.version, s.hunks, s.status, s.host, s.model, s.purpose,
                         s.outcome, s.bytes, s.tokens_in, s.tokens_out});
  return http::html_response(200, web::render(page));
}

// No code is in it: one small question.
Result<http::Response> do_probe_model(Call& call) {
  if (!call.site.words) return fail(ErrorKind::conflict, "no model is configured here", "docs/models.md says how");
  auto provider = call.site.words->settings().provider;
  provider.call_deadline = provider.deadline = kProbeDeadline;
  provider.attempts = 1;
  auto probe = model::probe(provider);
  return with_flash(http::redirect("/admin/models"), {probe.words + ".", !probe.knows_model});
}

Result<http::Response> api_sent_words(Call& call) {
  auto limit = std::clamp(parse_number<int>(call.request.query_value("limit")).value_or(kSentOnAPage), 1, 1000);
  json::Array sent;
  for (const auto& s : call.site.store->sent_words(before_of(call), limit)) sent.push_back(sent_json(s));
  return http::json_response(
      200, json::print(json::Object{{"where", to_utf8(model_words(call.site.options))}, {"sent", std::move(sent)}}));
}

}  // namespace pika::server
