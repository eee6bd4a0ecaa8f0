// What may stand in the three files, as data: the readers, the JSON Schema and the tables of docs/catalogue.md are all
// made of it. A reader that asks for a key which is not here throws; so a key cannot be read and undocumented.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pikaci {

struct KeyTable;

// What a value may look like. What only the whole file can tell (does the target exist?) is the readers' own.
struct Shape {
  enum class Kind {
    text,
    whole,   // least .. most
    number,  // least .. most
    yes_no,
    list,    // of forms[0]
    table,   // of
    map,     // any key that `pattern` has, to forms[0]
    any_of,  // forms
  };
  Kind kind = Kind::text;
  std::string_view pattern{};             // of a text, or of a map's keys; ECMAScript, of the whole
  std::vector<std::string_view> words{};  // of a text: these and no others
  double least = 0, most = 0;
  bool not_empty = false;  // of a list
  std::vector<Shape> forms{};
  const KeyTable* (*of)() = nullptr;
};

enum class Need { optional, required };

struct Key {
  std::string_view name;
  Need need = Need::optional;
  std::string_view otherwise;  // what holds without it, as docs/catalogue.md says it; empty: nothing
  Shape shape;
  std::string_view doc;  // Markdown, one line
};

struct KeyTable {
  std::string_view name;  // "lane"
  std::string_view doc;
  std::vector<Key> keys;
  std::vector<Shape> others{};       // one: keys that are not named above hold this
  std::string_view other_pattern{};  // ... if they have this pattern
  const Key* find(std::string_view key) const;
  std::vector<std::string> names() const;
};

namespace shape {
Shape text(std::string_view pattern = {});
Shape words(std::vector<std::string_view> words);
Shape whole(double least, double most);
Shape number(double least, double most);
Shape yes_no();
Shape list(Shape of);
Shape some(Shape of);  // a list that is not empty
Shape table(const KeyTable* (*of)());
Shape map(std::string_view keys, Shape of);
Shape any_of(std::vector<Shape> forms);

inline constexpr std::string_view kId = "^[a-z0-9_-]{1,64}$";
inline constexpr std::string_view kVariable = "^[A-Za-z_][A-Za-z0-9_]{0,199}$";
inline constexpr std::string_view kLine = "^[^\\u0000-\\u001f\\u007f]{0,200}$";
inline constexpr std::string_view kSpan = "^([0-9]+(h|m|s|ms))+$";
inline constexpr std::string_view kSize = "^[0-9][0-9.]* ?([KMGT]iB|[kMGT]B)$";
inline constexpr std::string_view kDigest = "^sha256:[0-9a-f]{64}$";
inline constexpr std::string_view kSomeLine = "^[^\\u0000-\\u001f\\u007f]{1,200}$";
inline constexpr std::string_view kTimeOfDay = "^([01][0-9]|2[0-3]):[0-5][0-9]$";
inline constexpr std::string_view kInnerPath = "^[^/]";
inline constexpr std::string_view kNotEmpty = "^[^\\u0000]+$";
}  // namespace shape

namespace keys {
// ci/pikaci.toml
const KeyTable* image();
const KeyTable* service();
const KeyTable* matrix();
const KeyTable* catalogue();
const KeyTable* lane();
const KeyTable* target();
const KeyTable* job();
const KeyTable* limits();
const KeyTable* cache();
const KeyTable* secret();
const KeyTable* artifacts();
const KeyTable* reuse();
const KeyTable* retries();
// ci/forge-lanes.toml
const KeyTable* older();
const KeyTable* older_lanes();
const KeyTable* older_lane();
// ci/policy.toml
const KeyTable* policy();
const KeyTable* policy_target();
// What says how a command runs, on a job or on a lane with its own command.
const std::vector<Key>& execution();
}  // namespace keys

}  // namespace pikaci
