#include "pika/model/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "pika/base/text.hpp"

namespace pika::model {

namespace {

struct Reader {
  Answer answer;

  void bad(std::string where, std::string what) {
    if (answer.malformed.size() < 100)
      answer.malformed.push_back({std::move(where), std::move(what), "is not of the form that the schema asks for"});
  }
  void refuse_other_keys(const json::Object& object, const std::set<std::string_view>& keys, const std::string& where) {
    for (const auto& item : object)
      if (!keys.contains(std::string_view(item.key()))) bad(where, to_utf8(std::string_view(item.key()).substr(0, 80)));
  }
  std::string text(const json::Object& object, const char* key, std::size_t most, const std::string& where) {
    const auto* value = object.if_contains(key);
    if (!value) return bad(where, fmt::format("no {}", key)), "";
    if (!value->is_string()) return bad(where, key), "";
    auto out = std::string(value->get_string());
    if (out.size() > most) return bad(where, fmt::format("{} of {} bytes, more than {}", key, out.size(), most)), "";
    if (!is_utf8(out)) return bad(where, fmt::format("{} is not UTF-8", key)), "";
    return out;
  }
  const json::Array* list(const json::Object& object, const char* key, const std::string& where) {
    const auto* value = object.if_contains(key);
    if (!value || !value->is_array() || value->get_array().size() > kMaxItems) return bad(where, key), nullptr;
    return &value->get_array();
  }
  std::vector<std::string> ids(const json::Object& object, const char* key, const std::string& where) {
    std::vector<std::string> out;
    if (const auto* items = list(object, key, where))
      for (const auto& item : *items) {
        if (item.is_string() && item.get_string().size() < 20)
          out.emplace_back(item.get_string());
        else
          bad(where, key);
      }
    return out;
  }
  static bool small(const json::Value* value) {
    return value && value->is_int64() && value->get_int64() >= 0 && value->get_int64() < 1'000'000'000;
  }
  void evidence(const json::Object& object, AnswerStep& step, const std::string& where) {
    const auto* items = list(object, "evidence", where);
    if (!items) return;
    for (const auto& item : *items) {
      const auto* e = item.if_object();
      if (!e || !e->if_contains("hunk") || !e->at("hunk").is_string() || !small(e->if_contains("first")) ||
          !small(e->if_contains("last"))) {
        bad(where, "evidence");
        continue;
      }
      refuse_other_keys(*e, {"hunk", "first", "last"}, where);
      step.evidence.push_back({std::string(e->at("hunk").get_string().subview(0, 20)),
                               static_cast<int>(e->at("first").get_int64()),
                               static_cast<int>(e->at("last").get_int64())});
    }
  }
  void step(const json::Value& value) {
    const auto* object = value.if_object();
    if (!object || !small(object->if_contains("base_step"))) return bad("steps", "a step without base_step");
    AnswerStep out;
    out.base_step = static_cast<int>(object->at("base_step").get_int64());
    auto where = fmt::format("step {}", out.base_step);
    refuse_other_keys(*object, {"base_step", "title", "intent", "body_markdown", "hunks", "evidence"}, where);
    out.title = text(*object, "title", kMaxTitle, where);
    out.intent = text(*object, "intent", kMaxIntent, where);
    out.body_markdown = text(*object, "body_markdown", kMaxBody, where);
    out.hunks = ids(*object, "hunks", where);
    evidence(*object, out, where);
    answer.steps.push_back(std::move(out));
  }
};

json::Object object_schema(std::initializer_list<std::pair<const char*, json::Value>> fields) {
  json::Object properties;
  json::Array required;
  for (const auto& [name, type] : fields) {
    properties[name] = type;
    required.emplace_back(name);
  }
  json::Object out;
  out["type"] = "object";
  out["additionalProperties"] = false;
  out["properties"] = std::move(properties);
  out["required"] = std::move(required);
  return out;
}

json::Object typed(const char* type) {
  json::Object out;
  out["type"] = type;
  return out;
}

json::Object array_of(json::Value items) {
  auto out = typed("array");
  out["items"] = std::move(items);
  return out;
}

}  // namespace

Result<Answer> parse_answer(std::string_view text) {
  if (text.size() > kMaxAnswer)
    return fail(ErrorKind::too_large, fmt::format("the model's answer has {}, and {} are read",
                                                  format_bytes(text.size()), format_bytes(kMaxAnswer)));
  auto value = PIKA_TRY(json::parse(text, "the model's answer"));
  const auto* object = value.if_object();
  if (!object) return fail(ErrorKind::invalid, "the model's answer is no JSON object");
  Reader reader;
  reader.refuse_other_keys(*object, {"summary", "steps", "folded"}, "answer");
  reader.answer.summary = reader.text(*object, "summary", kMaxBody, "summary");
  reader.answer.folded = reader.ids(*object, "folded", "folded");
  if (const auto* steps = reader.list(*object, "steps", "steps"))
    for (const auto& step : *steps) reader.step(step);
  if (reader.answer.steps.empty() && reader.answer.summary.empty())
    return fail(ErrorKind::invalid, "the model's answer has neither a step nor a summary");
  return std::move(reader.answer);
}

json::Value answer_schema(const std::vector<int>& steps, const std::vector<std::string>& hunks) {
  json::Array step_ids, hunk_ids;
  for (int step : steps) step_ids.emplace_back(step);
  for (const auto& hunk : hunks) hunk_ids.emplace_back(hunk);
  auto step_id = typed("integer"), hunk_id = typed("string");
  step_id["enum"] = step_ids;
  hunk_id["enum"] = hunk_ids;
  auto evidence = object_schema({{"hunk", hunk_id}, {"first", typed("integer")}, {"last", typed("integer")}});
  auto step = object_schema({{"base_step", step_id},
                             {"title", typed("string")},
                             {"intent", typed("string")},
                             {"body_markdown", typed("string")},
                             {"hunks", array_of(hunk_id)},
                             {"evidence", array_of(evidence)}});
  return object_schema({{"summary", typed("string")}, {"steps", array_of(step)}, {"folded", array_of(hunk_id)}});
}

Answer join(std::vector<Answer> answers) {
  Answer out;
  for (auto& answer : answers) {
    if (out.summary.empty()) out.summary = std::move(answer.summary);
    std::ranges::move(answer.folded, std::back_inserter(out.folded));
    std::ranges::move(answer.malformed, std::back_inserter(out.malformed));
    auto before = out.steps.size();  // a step twice in one answer is for the validator to see
    for (auto& step : answer.steps) {
      auto end = out.steps.begin() + static_cast<std::ptrdiff_t>(before);
      auto same = std::find_if(out.steps.begin(), end, [&](const auto& s) { return s.base_step == step.base_step; });
      if (same == end) {
        out.steps.push_back(std::move(step));
        continue;
      }
      if (!step.body_markdown.empty()) same->body_markdown += "\n\n" + step.body_markdown;
      std::ranges::move(step.hunks, std::back_inserter(same->hunks));
      std::ranges::move(step.evidence, std::back_inserter(same->evidence));
    }
  }
  return out;
}

}  // namespace pika::model
