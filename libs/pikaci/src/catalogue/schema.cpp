// JSON Schema 2020-12 and Markdown of the key tables.
#include "pikaci/schema.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "catalogue/keys.hpp"

namespace pikaci {

namespace json = pika::json;

namespace {

using Table = const KeyTable* (*)();
struct File {
  std::string_view name;
  Table table;
};
constexpr File kFiles[] = {{"catalogue", &keys::catalogue}, {"older", &keys::older}, {"policy", &keys::policy}};

// Schemas of tables go below "$defs", each once.
class Writer {
 public:
  // A table's schema is at "#/$defs/<its name>"; this makes sure that it is there.
  json::Value refer(const KeyTable& table) {
    if (!defs_.contains(table.name)) {
      defs_[table.name] = nullptr;  // a table that holds itself is met once
      auto made = schema_of(table);
      defs_[table.name] = std::move(made);
    }
    return json::Object{{"$ref", fmt::format("#/$defs/{}", table.name)}};
  }

  json::Object schema_of(const KeyTable& table) {
    json::Object properties;
    json::Array required;
    for (const auto& key : table.keys) {
      auto value = schema_of(key.shape);
      auto& object = value.as_object();
      object["description"] = key.doc;
      if (key.need == Need::required) required.emplace_back(key.name);
      properties[key.name] = std::move(value);
    }
    json::Object out{{"description", table.doc}, {"type", "object"}};
    if (!required.empty()) out["required"] = std::move(required);
    out["properties"] = std::move(properties);
    if (table.others.empty()) {
      out["additionalProperties"] = false;
    } else {
      out["additionalProperties"] = schema_of(table.others.front());
      out["propertyNames"] = json::Object{{"pattern", table.other_pattern}};
    }
    return out;
  }

  json::Object take_defs() { return std::move(defs_); }

 private:
  json::Value schema_of(const Shape& shape) {
    switch (shape.kind) {
      case Shape::Kind::text: {
        json::Object out{{"type", "string"}};
        if (!shape.pattern.empty()) out["pattern"] = shape.pattern;
        if (!shape.words.empty()) {
          json::Array words;
          for (auto word : shape.words) words.emplace_back(word);
          out["enum"] = std::move(words);
        }
        return out;
      }
      case Shape::Kind::whole:
        return json::Object{{"type", "integer"},
                            {"minimum", static_cast<std::int64_t>(shape.least)},
                            {"maximum", static_cast<std::int64_t>(shape.most)}};
      case Shape::Kind::number:
        return json::Object{{"type", "number"}, {"minimum", shape.least}, {"maximum", shape.most}};
      case Shape::Kind::yes_no:
        return json::Object{{"type", "boolean"}};
      case Shape::Kind::list: {
        json::Object out{{"type", "array"}, {"items", schema_of(shape.forms.at(0))}};
        if (shape.not_empty) out["minItems"] = 1;
        return out;
      }
      case Shape::Kind::table:
        return refer(*shape.of());
      case Shape::Kind::map: {
        json::Object out{{"type", "object"}, {"additionalProperties", schema_of(shape.forms.at(0))}};
        if (!shape.pattern.empty()) out["propertyNames"] = json::Object{{"pattern", shape.pattern}};
        return out;
      }
      case Shape::Kind::any_of: {
        json::Array forms;
        for (const auto& form : shape.forms) forms.push_back(schema_of(form));
        return json::Object{{"anyOf", std::move(forms)}};
      }
    }
    return nullptr;
  }

  json::Object defs_;
};

constexpr std::string_view kDialect = "https://json-schema.org/draft/2020-12/schema";

}  // namespace

const std::vector<std::string>& schema_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const auto& file : kFiles) out.emplace_back(file.name);
    return out;
  }();
  return names;
}

std::optional<json::Value> json_schema(std::string_view name) {
  const auto* file = std::find_if(std::begin(kFiles), std::end(kFiles), [&](const File& f) { return f.name == name; });
  if (file == std::end(kFiles)) return std::nullopt;
  Writer writer;
  json::Object out{{"$schema", kDialect}, {"title", file->table()->doc}};
  for (auto& member : writer.schema_of(*file->table())) out[member.key()] = std::move(member.value());
  out["$defs"] = writer.take_defs();
  return out;
}

json::Value json_schemas() {
  Writer writer;
  json::Array forms;
  for (const auto& file : kFiles) forms.push_back(writer.refer(*file.table()));
  return json::Object{{"$schema", kDialect},
                      {"title", "Catalogues and policies of Pika: $defs has a schema of each file"},
                      {"anyOf", std::move(forms)},
                      {"$defs", writer.take_defs()}};
}

namespace {

// Every table that some file's keys lead to.
void collect(const KeyTable& table, std::vector<const KeyTable*>& found);

void collect(const Shape& shape, std::vector<const KeyTable*>& found) {
  if (shape.of) collect(*shape.of(), found);
  for (const auto& form : shape.forms) collect(form, found);
}

void collect(const KeyTable& table, std::vector<const KeyTable*>& found) {
  if (std::find(found.begin(), found.end(), &table) != found.end()) return;
  found.push_back(&table);
  for (const auto& key : table.keys) collect(key.shape, found);
  for (const auto& other : table.others) collect(other, found);
}

}  // namespace

std::string key_rows(std::string_view name) {
  std::vector<const KeyTable*> tables;
  for (const auto& file : kFiles) collect(*file.table(), tables);
  auto at = std::find_if(tables.begin(), tables.end(), [&](const KeyTable* t) { return t->name == name; });
  if (at == tables.end()) return {};
  std::string out = "| key | default | meaning |\n|---|---|---|\n";
  for (const auto& key : (*at)->keys) {
    // How a command runs is told of jobs.
    bool of_job = std::any_of(keys::execution().begin(), keys::execution().end(),
                              [&](const Key& each) { return each.name == key.name; });
    if (*at == keys::lane() && of_job) continue;
    std::string_view otherwise = key.need == Need::required ? "required"
                                 : key.otherwise.empty()    ? "none"
                                                            : key.otherwise;
    out += fmt::format("| `{}` | {} | {} |\n", key.name, otherwise, key.doc);
  }
  return out;
}

}  // namespace pikaci
