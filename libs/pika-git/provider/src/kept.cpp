// The kept form of a retelling. It was ours once, and may have been changed since: what pages rely on is checked.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "pika/base/text.hpp"
#include "pika/provider/retell.hpp"

namespace pika::model {

namespace {

constexpr int kKeptVersion = 1;

const char* word(Source source) {
  return source == Source::model ? "model" : "derived";
}

Result<Source> source_from(const json::Value& value, const char* key) {
  const auto text = PIKA_TRY(json::get_string(value, key));
  if (text == "model") return Source::model;
  if (text == "derived") return Source::derived;
  return fail(ErrorKind::invalid, fmt::format("the field '{}' is neither 'model' nor 'derived'", key));
}

Result<int> small_from(const json::Value& value, const char* key) {
  const auto n = PIKA_TRY(json::get_int(value, key));
  if (n < 0 || n > std::numeric_limits<int>::max())
    return fail(ErrorKind::invalid, fmt::format("the field '{}' is out of range", key));
  return static_cast<int>(n);
}

Result<const json::Array*> list_from(const json::Value& value, const char* key) {
  if (const auto* list = json::find_array(value, key)) return list;
  return fail(ErrorKind::invalid, fmt::format("the field '{}' is missing or no list", key));
}

Result<bool> flag_from(const json::Value& value, const char* key) {
  if (auto flag = json::find_bool(value, key)) return *flag;
  return fail(ErrorKind::invalid, fmt::format("the field '{}' is missing or neither true nor false", key));
}

json::Value sources_json(const StepSources& s) {
  json::Object o;
  o["step"] = s.step;
  o["title"] = word(s.title);
  o["intent"] = word(s.intent);
  o["model_body"] = to_utf8(s.model_body);
  return o;
}

Result<StepSources> sources_from(const json::Value& value, const explain::Tutorial& tutorial) {
  StepSources s{.step = PIKA_TRY(small_from(value, "step")),
                .title = PIKA_TRY(source_from(value, "title")),
                .intent = PIKA_TRY(source_from(value, "intent")),
                .model_body = PIKA_TRY(json::get_string(value, "model_body"))};
  if (s.step < 1 || s.step > static_cast<int>(tutorial.steps.size()))
    return fail(ErrorKind::invalid, fmt::format("step {} is none of the tutorial", s.step));
  if (!tutorial.steps[static_cast<std::size_t>(s.step) - 1].body_markdown.starts_with(s.model_body))
    return fail(ErrorKind::invalid, fmt::format("step {} does not begin with the words that are the model's", s.step));
  return s;
}

json::Value removed_json(const Removed& r) {
  json::Object o;
  o["where"] = to_utf8(r.where);
  o["what"] = to_utf8(r.what);
  o["why"] = to_utf8(r.why);
  return o;
}

Result<Removed> removed_from(const json::Value& value) {
  return Removed{.where = PIKA_TRY(json::get_string(value, "where")),
                 .what = PIKA_TRY(json::get_string(value, "what")),
                 .why = PIKA_TRY(json::get_string(value, "why"))};
}

json::Value sent_json(const Sent& s) {
  json::Object o;
  o["at"] = s.at;
  o["host"] = to_utf8(s.host);
  o["model"] = to_utf8(s.model);
  o["purpose"] = s.purpose;
  o["bytes"] = s.bytes;
  o["hunks"] = s.hunks;
  o["status"] = s.status;
  o["took"] = s.took;
  o["tokens_in"] = s.tokens_in;
  o["tokens_out"] = s.tokens_out;
  o["outcome"] = to_utf8(s.outcome);
  return o;
}

Result<Sent> sent_from(const json::Value& value) {
  Sent s;
  s.at = PIKA_TRY(json::get_int(value, "at"));
  s.host = PIKA_TRY(json::get_string(value, "host"));
  s.model = PIKA_TRY(json::get_string(value, "model"));
  s.purpose = PIKA_TRY(json::get_string(value, "purpose"));
  const auto bytes = PIKA_TRY(json::get_int(value, "bytes"));
  if (bytes < 0) return fail(ErrorKind::invalid, "the field 'bytes' is out of range");
  s.bytes = static_cast<std::size_t>(bytes);
  s.hunks = PIKA_TRY(small_from(value, "hunks"));
  s.status = PIKA_TRY(small_from(value, "status"));
  s.took = PIKA_TRY(json::get_int(value, "took"));
  s.tokens_in = PIKA_TRY(json::get_int(value, "tokens_in"));
  s.tokens_out = PIKA_TRY(json::get_int(value, "tokens_out"));
  s.outcome = PIKA_TRY(json::get_string(value, "outcome"));
  return s;
}

template <class T, class F>
json::Array array_of(const std::vector<T>& items, F to) {
  json::Array out;
  for (const auto& item : items) out.push_back(to(item));
  return out;
}

}  // namespace

json::Value to_json(const Retelling& retelling) {
  const auto& told = retelling.told;
  json::Object o;
  o["schema_version"] = kKeptVersion;
  o["tutorial"] = explain::to_json(told.tutorial);
  o["model_summary"] = to_utf8(told.model_summary);
  o["sources"] = array_of(told.sources, sources_json);
  o["removed"] = array_of(told.removed, removed_json);
  o["note"] = to_utf8(retelling.note);
  o["try_later"] = retelling.try_later;
  o["calls"] = retelling.calls;
  o["repaired"] = retelling.repaired;
  o["sent"] = array_of(retelling.sent, sent_json);
  return o;
}

Result<Retelling> retelling_from_json(const json::Value& value) {
  const auto version = PIKA_TRY(json::get_int(value, "schema_version"));
  if (version != kKeptVersion)
    return fail(ErrorKind::invalid,
                fmt::format("these words have schema version {}, and this program reads {}", version, kKeptVersion),
                "ask the model again");
  const auto* tutorial = json::find(value, "tutorial");
  if (!tutorial) return fail(ErrorKind::invalid, "the field 'tutorial' is missing");
  Retelling r;
  r.told.tutorial = PIKA_TRY(explain::tutorial_from_json(*tutorial));
  r.told.model_summary = PIKA_TRY(json::get_string(value, "model_summary"));
  if (!r.told.tutorial.summary.starts_with(r.told.model_summary))
    return fail(ErrorKind::invalid, "the summary does not begin with the words that are the model's");
  for (const auto& item : *PIKA_TRY(list_from(value, "sources")))
    r.told.sources.push_back(PIKA_TRY(sources_from(item, r.told.tutorial)));
  for (const auto& item : *PIKA_TRY(list_from(value, "removed")))
    r.told.removed.push_back(PIKA_TRY(removed_from(item)));
  r.note = PIKA_TRY(json::get_string(value, "note"));
  r.try_later = PIKA_TRY(flag_from(value, "try_later"));
  r.calls = PIKA_TRY(small_from(value, "calls"));
  r.repaired = PIKA_TRY(small_from(value, "repaired"));
  for (const auto& item : *PIKA_TRY(list_from(value, "sent"))) r.sent.push_back(PIKA_TRY(sent_from(item)));
  return r;
}

}  // namespace pika::model
