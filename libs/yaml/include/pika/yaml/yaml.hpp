// YAML (libyaml, the only place that includes it): text to a value tree that knows its lines. Only for reading what
// other programs are configured with; nothing of ours is written in YAML.
//
// Scalars keep their text: what a word means ("on", "1.10") is the reader's to say. Anchors and aliases are copied out;
// merge keys ("<<") are an ordinary key. At most 1 MiB, 64 deep, 200,000 values with the copies; one document.
#pragma once
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace pika::yaml {

inline constexpr std::size_t kMaxBytes = 1u << 20;
inline constexpr int kMaxDepth = 64;
inline constexpr std::size_t kMaxValues = 200'000;

struct Problem {
  std::string file;
  int line = 0, column = 0;  // from 1; 0: the file as a whole
  std::string text;
  std::string print() const;
};

enum class Kind { null, scalar, sequence, mapping };

struct Entry;

struct Value {
  Kind kind = Kind::null;
  int line = 0;
  std::string text;    // of a scalar
  bool plain = false;  // a scalar without quotes, so that it may be a number or a boolean
  std::vector<Value> items;
  std::vector<Entry> entries;                           // in the order of the file; keys are scalars
  const Value* find(std::string_view key) const;        // nullptr: none, or no mapping
  std::string_view scalar(std::string_view key) const;  // "": none, or no scalar
};

struct Entry {
  std::string key;
  Value value;
};

// A null value for an empty document.
std::expected<Value, Problem> parse(std::string_view text, std::string_view file);

}  // namespace pika::yaml
