#include <fmt/format.h>

#include "pika/base/text.hpp"
#include "pika/explain/tutorial.hpp"

namespace pika::explain {

namespace {

// File names are bytes and JSON is UTF-8: a name that is not UTF-8 goes out with U+FFFD and, beside it, its bytes as
// "<key>_hex", so that nothing is lost.
void put_name(json::Object& object, std::string_view key, const std::string& name) {
  object[key] = to_utf8(name);
  if (is_utf8(name)) return;
  std::string hex;
  for (unsigned char c : name) hex += fmt::format("{:02x}", c);
  object[std::string(key) + "_hex"] = hex;
}

json::Value name_value(const std::string& name) {
  if (is_utf8(name)) return json::Value(name);
  json::Object object;
  put_name(object, "name", name);
  return object;
}

std::string from_hex(std::string_view hex) {
  std::string out;
  auto digit = [](char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; };
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return out;
}

std::string get_name(const json::Value& value, std::string_view key) {
  if (auto hex = json::find_string(value, std::string(key) + "_hex")) return from_hex(*hex);
  return json::find_string(value, key).value_or("");
}

std::string get_text(const json::Value& value, std::string_view key) {
  return json::find_string(value, key).value_or("");
}

int get_number(const json::Value& value, std::string_view key) {
  return static_cast<int>(json::find_int(value, key).value_or(0));
}

template <class T, class F>
json::Array array_of(const std::vector<T>& items, F to) {
  json::Array out;
  for (const auto& item : items) out.push_back(to(item));
  return out;
}

template <class T, class F>
std::vector<T> vector_of(const json::Value& value, std::string_view key, F from) {
  std::vector<T> out;
  if (const auto* array = json::find_array(value, key))
    for (const auto& item : *array) out.push_back(from(item));
  return out;
}

json::Value evidence_json(const Evidence& e) {
  json::Object o;
  o["hunk"] = e.hunk;
  put_name(o, "file", e.file);
  o["first"] = e.first;
  o["last"] = e.last;
  if (e.moved_line) {
    put_name(o, "moved_file", e.moved_file);
    o["moved_line"] = e.moved_line;
  }
  return o;
}

Evidence evidence_from(const json::Value& v) {
  return {get_text(v, "hunk"),   get_name(v, "file"),       get_number(v, "first"),
          get_number(v, "last"), get_name(v, "moved_file"), get_number(v, "moved_line")};
}

json::Value check_json(const Check& c) {
  json::Object o;
  o["kind"] = c.kind;
  put_name(o, "file", c.file);
  o["line"] = c.line;
  o["text"] = to_utf8(c.text);
  return o;
}

Check check_from(const json::Value& v) {
  return {get_text(v, "kind"), get_name(v, "file"), get_number(v, "line"), get_text(v, "text")};
}

json::Value step_json(const Step& s) {
  json::Object o;
  o["id"] = s.id;
  o["title"] = to_utf8(s.title);
  o["intent"] = to_utf8(s.intent);
  o["files"] = array_of(s.files, name_value);
  o["evidence"] = array_of(s.evidence, evidence_json);
  o["body_markdown"] = to_utf8(s.body_markdown);
  o["checks"] = array_of(s.checks, check_json);
  o["needs"] = array_of(s.needs, [](int n) { return json::Value(n); });
  if (s.part) o["part"] = s.part;
  return o;
}

json::Value part_json(const Part& p) {
  json::Object o;
  o["id"] = p.id;
  o["title"] = to_utf8(p.title);
  o["commits"] = array_of(p.commits, [](const std::string& id) { return json::Value(id); });
  return o;
}

Part part_from(const json::Value& v) {
  return {get_number(v, "id"), get_text(v, "title"), vector_of<std::string>(v, "commits", [](const json::Value& id) {
            return id.is_string() ? std::string(id.get_string()) : std::string();
          })};
}

Step step_from(const json::Value& v) {
  Step s;
  s.id = get_number(v, "id");
  s.title = get_text(v, "title");
  s.intent = get_text(v, "intent");
  s.files = vector_of<std::string>(v, "files", [](const json::Value& f) {
    return f.is_string() ? std::string(f.get_string()) : get_name(f, "name");
  });
  s.evidence = vector_of<Evidence>(v, "evidence", evidence_from);
  s.body_markdown = get_text(v, "body_markdown");
  s.checks = vector_of<Check>(v, "checks", check_from);
  s.needs = vector_of<int>(v, "needs",
                           [](const json::Value& n) { return n.is_int64() ? static_cast<int>(n.get_int64()) : 0; });
  s.part = get_number(v, "part");
  return s;
}

json::Value hunk_json(const HunkPlace& h) {
  json::Object o;
  o["id"] = h.id;
  put_name(o, "file", h.file);
  put_name(o, "old_file", h.old_file);
  o["old_start"] = h.old_start;
  o["old_lines"] = h.old_lines;
  o["new_start"] = h.new_start;
  o["new_lines"] = h.new_lines;
  o["atoms"] = array_of(h.atoms, [](const AtomPlace& a) {
    json::Object atom;
    atom["first"] = a.first;
    atom["last"] = a.last;
    atom["step"] = a.step;
    atom["rule"] = to_utf8(a.rule);
    return json::Value(atom);
  });
  return o;
}

HunkPlace hunk_from(const json::Value& v) {
  HunkPlace h;
  h.id = get_text(v, "id");
  h.file = get_name(v, "file");
  h.old_file = get_name(v, "old_file");
  h.old_start = get_number(v, "old_start");
  h.old_lines = get_number(v, "old_lines");
  h.new_start = get_number(v, "new_start");
  h.new_lines = get_number(v, "new_lines");
  h.atoms = vector_of<AtomPlace>(v, "atoms", [](const json::Value& a) {
    return AtomPlace{get_number(a, "first"), get_number(a, "last"), get_number(a, "step"), get_text(a, "rule")};
  });
  return h;
}

json::Value fold_json(const Fold& f) {
  json::Object o;
  o["step"] = f.step;
  o["rule"] = to_utf8(f.rule);
  o["places"] = f.places;
  o["evidence"] = array_of(f.evidence, evidence_json);
  return o;
}

Fold fold_from(const json::Value& v) {
  return {get_number(v, "step"), get_text(v, "rule"), vector_of<Evidence>(v, "evidence", evidence_from),
          get_number(v, "places")};
}

}  // namespace

json::Value to_json(const Tutorial& t) {
  json::Object o;
  o["schema_version"] = kSchemaVersion;
  o["explainer_version"] = kExplainerVersion;
  o["base"] = t.base;
  o["head"] = t.head;
  o["diff_hash"] = t.diff_hash;
  o["provider"] = t.provider;
  o["summary"] = to_utf8(t.summary);
  if (!t.parts.empty()) o["parts"] = array_of(t.parts, part_json);
  o["steps"] = array_of(t.steps, step_json);
  o["hunks"] = array_of(t.hunks, hunk_json);
  o["folded"] = array_of(t.folded, fold_json);
  o["checks"] = array_of(t.checks, check_json);
  json::Object lines;
  lines["changed"] = t.lines_changed;
  lines["to_read"] = t.lines_to_read;
  lines["folded"] = t.lines_folded;
  o["lines"] = lines;
  json::Object cost;
  cost["micros"] = t.micros;
  o["cost"] = cost;
  return o;
}

Result<Tutorial> tutorial_from_json(const json::Value& value) {
  auto version = PIKA_TRY(json::get_int(value, "schema_version"));
  if (version != kSchemaVersion)
    return fail(ErrorKind::invalid,
                fmt::format("this tutorial has schema version {}, and this program reads {}", version, kSchemaVersion),
                "explain the version again");
  Tutorial t;
  t.base = PIKA_TRY(json::get_string(value, "base"));
  t.head = PIKA_TRY(json::get_string(value, "head"));
  t.diff_hash = PIKA_TRY(json::get_string(value, "diff_hash"));
  t.provider = PIKA_TRY(json::get_string(value, "provider"));
  t.summary = PIKA_TRY(json::get_string(value, "summary"));
  t.parts = vector_of<Part>(value, "parts", part_from);
  t.steps = vector_of<Step>(value, "steps", step_from);
  t.hunks = vector_of<HunkPlace>(value, "hunks", hunk_from);
  t.folded = vector_of<Fold>(value, "folded", fold_from);
  t.checks = vector_of<Check>(value, "checks", check_from);
  if (const auto* lines = json::find(value, "lines")) {
    t.lines_changed = get_number(*lines, "changed");
    t.lines_to_read = get_number(*lines, "to_read");
    t.lines_folded = get_number(*lines, "folded");
  }
  if (const auto* cost = json::find(value, "cost")) t.micros = json::find_int(*cost, "micros").value_or(0);
  return t;
}

}  // namespace pika::explain
