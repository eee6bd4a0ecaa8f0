#include "import/matrix.hpp"

#include <algorithm>

namespace pikaci {

namespace {

using pika::yaml::Kind;
using pika::yaml::Value;

bool expression(const Value& value) {
  return value.kind == Kind::scalar && value.text.find("${{") != std::string::npos;
}

// Members that are no words (a list of objects) cannot stand in a script and are left out.
Combination scalars(const Value& mapping) {
  Combination out;
  for (const auto& [key, value] : mapping.entries)
    if (value.kind == Kind::scalar) out[key] = value.text;
  return out;
}

bool has(const Combination& combination, const Combination& part) {
  return std::all_of(part.begin(), part.end(), [&](const auto& entry) {
    auto at = combination.find(entry.first);
    return at != combination.end() && at->second == entry.second;
  });
}

}  // namespace

std::vector<Combination> combinations(const Value* matrix) {
  std::vector<Combination> out = {{}};
  if (!matrix) return out;
  if (matrix->kind != Kind::mapping) return {};
  std::vector<std::string> keys;
  for (const auto& [key, values] : matrix->entries) {
    if (key == "include" || key == "exclude") continue;
    if (expression(values) || values.kind != Kind::sequence) return {};
    keys.push_back(key);
    std::vector<Combination> longer;
    for (const auto& combination : out)
      for (const auto& value : values.items) {
        if (expression(value)) return {};
        auto with = combination;
        if (value.kind == Kind::scalar) with[key] = value.text;
        for (const auto& [name, inner] : value.entries)
          if (inner.kind == Kind::scalar) with[key + "." + name] = inner.text;
        longer.push_back(std::move(with));
      }
    out = std::move(longer);
    if (out.size() > kMostCombinations) return {};
  }
  if (const auto* exclude = matrix->find("exclude"))
    for (const auto& item : exclude->items)
      std::erase_if(out, [part = scalars(item)](const auto& c) { return !part.empty() && has(c, part); });
  const auto* include = matrix->find("include");
  if (include && include->kind != Kind::sequence) return {};
  if (keys.empty() && include) out.clear();
  // Added to every combination whose own members it leaves as they are; else it is one more.
  auto original = out;
  for (std::size_t n = 0; include && n < include->items.size(); ++n) {
    auto item = scalars(include->items[n]);
    Combination own;
    for (const auto& key : keys)
      if (auto at = item.find(key); at != item.end()) own.insert(*at);
    bool added = false;
    for (std::size_t i = 0; i < original.size(); ++i)
      if (has(original[i], own)) {
        for (const auto& [key, value] : item) out[i][key] = value;
        added = true;
      }
    if (!added) out.push_back(std::move(item));
  }
  return out.size() > kMostCombinations ? std::vector<Combination>{} : out;
}

}  // namespace pikaci
