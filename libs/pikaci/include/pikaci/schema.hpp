// What may stand in a catalogue or a policy, as its readers have it: a JSON Schema for editors and other programs, and
// the tables of docs/catalogue.md.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pika/json/json.hpp"

namespace pikaci {

// "catalogue" (ci/pikaci.toml), "older" (ci/forge-lanes.toml), "policy" (ci/policy.toml).
const std::vector<std::string>& schema_names();
// JSON Schema 2020-12 of one file; nullopt: no such name.
std::optional<pika::json::Value> json_schema(std::string_view name);
// The three in one document: "$defs" has a schema of each file, by its name.
pika::json::Value json_schemas();
// Rows of Markdown, "| `id` | required | ... |", of a table of keys: "lane", "job", "limits"; empty: no such table.
std::string key_rows(std::string_view table);

}  // namespace pikaci
