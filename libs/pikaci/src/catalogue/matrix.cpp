#include "catalogue/matrix.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"

namespace pikaci {

using pika::toml::Kind;
using pika::toml::show;

namespace {

constexpr std::string_view kBegin = "${matrix.";

struct Axis {
  std::string name;
  std::vector<std::string> values;
};

std::optional<std::string> scalar(const Value& value, std::string_view name, const std::string& file,
                                  Complaints& problems) {
  auto complain = [&](std::string text) {
    problems.push_back({file, value.at.line, value.at.column, std::move(text)});
    return std::nullopt;
  };
  switch (value.kind) {
    case Kind::integer:
      if (value.integer < -1'000'000'000 || value.integer > 1'000'000'000)
        return complain(fmt::format("a value of '{}' is beyond 1000000000", name));
      return std::to_string(value.integer);
    case Kind::boolean:
      return value.boolean ? "true" : "false";
    case Kind::number:
      return complain(
          fmt::format("a value of '{}' is a number with a point, where 3.10 would be 3.1; write it in quotes", name));
    case Kind::string:
      break;
    case Kind::date:
    case Kind::array:
    case Kind::table:
      return complain(fmt::format("a value of '{}' must be a string, a whole number, true or false, and this is {}",
                                  name, words_for(value.kind)));
  }
  bool control = std::any_of(value.text.begin(), value.text.end(),
                             [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (value.text.empty() || value.text.size() > 200 || control)
    return complain(fmt::format("a value of '{}' must be one line of 1 to 200 bytes", name));
  return value.text;
}

// "3.10" -> "3-10"
std::string slug(std::string_view value) {
  auto out = pika::lower(value);
  for (auto& c : out)
    if (!is_id(std::string_view(&c, 1))) c = '-';
  return out;
}

Cell make_cell(std::vector<std::pair<std::string, std::string>> values) {
  std::vector<std::string> words;
  for (const auto& [name, value] : values) words.push_back(slug(value));
  return {pika::join(words, "-"), std::move(values)};
}

class MatrixReader {
 public:
  MatrixReader(const Value& matrix, const std::string& file, Complaints& problems)
      : table_(keys::matrix(), matrix, file, problems), value_(matrix), file_(file), problems_(problems) {}

  std::vector<Cell> read() {
    auto before = problems_.size();
    for (const auto& entry : value_.entries)
      if (!keys::matrix()->find(entry.key)) read_axis(entry);
    if (problems_.size() == before && axes_.empty())
      table_.complain(value_.at, "'matrix' has no values; write cc = [\"gcc\", \"clang\"]");
    auto excluded = read_cells("exclude", false), included = read_cells("include", true);
    if (problems_.size() != before || !multiply()) return {};
    exclude(excluded);
    for (auto& values : included) cells_.push_back(make_cell(std::move(values)));
    if (cells_.size() > kMaxCells) too_many();
    if (cells_.empty()) table_.complain(value_.at, "the matrix has no cell left");
    return problems_.size() == before ? std::move(cells_) : std::vector<Cell>();
  }

 private:
  using Values = std::vector<std::pair<std::string, std::string>>;

  void too_many() { table_.complain(value_.at, fmt::format("the matrix has more than {} cells", kMaxCells)); }

  void read_axis(const pika::toml::Entry& entry) {
    if (!is_id(entry.key))
      return table_.complain(
          entry.at, fmt::format("'{}' is no name of a matrix: up to 64 of a-z, 0-9, '-' and '_'", show(entry.key)));
    if (entry.value.kind != Kind::array || entry.value.items.empty())
      return table_.complain(entry.value.at,
                             fmt::format("'{}' must be a list of values, as in [\"gcc\", \"clang\"]", entry.key));
    // Whatever is left out: a matrix is read by people.
    if (entry.value.items.size() > kMaxCells * 4) return too_many();
    Axis axis{entry.key, {}};
    for (const auto& item : entry.value.items) {
      auto value = scalar(item, entry.key, file_, problems_);
      if (!value) continue;
      if (std::find(axis.values.begin(), axis.values.end(), *value) != axis.values.end())
        table_.complain(item.at, fmt::format("'{}' has the value '{}' twice", entry.key, show(*value)));
      axis.values.push_back(std::move(*value));
    }
    axes_.push_back(std::move(axis));
  }

  // Of "include" (whole: with a value for every name) and "exclude".
  std::vector<Values> read_cells(std::string_view key, bool whole) {
    std::vector<Values> out;
    for (const auto* each : table_.tables(key)) {
      Values values;
      for (const auto& axis : axes_) {
        const auto* entry = each->find(axis.name);
        if (!entry && whole) table_.complain(each->at, fmt::format("this cell has no value for '{}'", axis.name));
        if (!entry) continue;
        if (auto value = scalar(entry->value, axis.name, file_, problems_)) values.emplace_back(axis.name, *value);
      }
      for (const auto& entry : each->entries)
        if (!is_axis(entry.key))
          table_.complain(entry.at, fmt::format("the matrix has no '{}'{}", show(entry.key),
                                                pika::toml::did_you_mean(entry.key, names())));
      if (each->entries.empty() && !whole) table_.complain(each->at, "this would leave out every cell");
      out.push_back(std::move(values));
    }
    return out;
  }

  bool multiply() {
    std::vector<Values> rows{{}};
    for (const auto& axis : axes_) {
      std::vector<Values> longer;
      for (const auto& row : rows) {
        for (const auto& value : axis.values) {
          longer.push_back(row);
          longer.back().emplace_back(axis.name, value);
        }
        // What is left out counts: a matrix is read by people.
        if (longer.size() > kMaxCells * 4) return too_many(), false;
      }
      rows = std::move(longer);
    }
    for (auto& row : rows) cells_.push_back(make_cell(std::move(row)));
    return true;
  }

  void exclude(const std::vector<Values>& excluded) {
    for (const auto& values : excluded) {
      auto gone = std::erase_if(cells_, [&](const Cell& cell) {
        return std::all_of(values.begin(), values.end(), [&](const auto& value) {
          return std::find(cell.values.begin(), cell.values.end(), value) != cell.values.end();
        });
      });
      if (gone > 0) continue;
      std::vector<std::string> words;
      for (const auto& [name, value] : values) words.push_back(fmt::format("{} {}", name, show(value)));
      table_.complain(table_.at("exclude"), fmt::format("no cell has {}, to be left out", pika::join(words, ", ")));
    }
  }

  bool is_axis(const std::string& name) const {
    return std::any_of(axes_.begin(), axes_.end(), [&](const Axis& axis) { return axis.name == name; });
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& axis : axes_) out.push_back(axis.name);
    return out;
  }

  TableReader table_;
  const Value& value_;
  const std::string& file_;
  Complaints& problems_;
  std::vector<Axis> axes_;
  std::vector<Cell> cells_;
};

// One string with its placeholders filled.
std::string fill_text(const Value& value, const Cell* cell, std::string_view what, const std::string& file,
                      Complaints& problems, std::set<std::string>* used) {
  std::string out;
  std::size_t at = 0;
  auto complain = [&](std::string text) {
    problems.push_back({file, value.at.line, value.at.column, std::move(text)});
  };
  for (std::size_t begin; (begin = value.text.find(kBegin, at)) != std::string::npos;) {
    auto end = value.text.find('}', begin);
    auto name = value.text.substr(begin + kBegin.size(), end == std::string::npos ? end : end - begin - kBegin.size());
    out.append(value.text, at, begin - at);
    at = end == std::string::npos ? value.text.size() : end + 1;
    // What is wrong stays as it is written, so that nothing else is complained of for its absence.
    if (!cell) {
      out += value.text.substr(begin, at - begin);
      complain(fmt::format("'{}{}}}' stands here, and this {} has no 'matrix'", kBegin, show(name), what));
      continue;
    }
    auto found =
        std::find_if(cell->values.begin(), cell->values.end(), [&](const auto& pair) { return pair.first == name; });
    if (end == std::string::npos || found == cell->values.end()) {
      std::vector<std::string> names;
      for (const auto& pair : cell->values) names.push_back(pair.first);
      out += value.text.substr(begin, at - begin);
      complain(fmt::format("the matrix has no '{}'{}", show(name), pika::toml::did_you_mean(name, names)));
      continue;
    }
    if (used) used->insert(name);
    out += found->second;
  }
  return out + value.text.substr(std::min(at, value.text.size()));
}

}  // namespace

std::vector<Cell> read_matrix(TableReader& lane, Draft& draft) {
  const auto* matrix = lane.table("matrix");
  if (!matrix) return {};
  auto cells = MatrixReader(*matrix, lane.file(), draft.problems).read();
  draft.cells += cells.size();
  if (draft.cells > kMaxAllCells) {
    lane.complain(matrix->at, fmt::format("the matrices have more than {} cells together", kMaxAllCells));
    return {};
  }
  std::set<std::string> ids;
  for (const auto& cell : cells) {
    if (ids.insert(cell.id).second) continue;
    lane.complain(matrix->at, fmt::format("two cells of the matrix would have the id '{}'", show(cell.id)));
    return {};
  }
  return cells;
}

Value fill(const Value& value, const Cell* cell, std::string_view what, const std::string& file, Complaints& problems,
           std::set<std::string>* used) {
  Value out = value;
  if (value.kind == Kind::string) out.text = fill_text(value, cell, what, file, problems, used);
  for (auto& item : out.items) item = fill(item, cell, what, file, problems, used);
  for (auto& entry : out.entries) {
    bool fixed = entry.key == "id" || entry.key == "needs" || entry.key == "target" || entry.key == "matrix";
    if (!fixed)
      entry.value = fill(entry.value, cell, what, file, problems, used);
    else if (has_placeholder(entry.value))
      problems.push_back({file, entry.value.at.line, entry.value.at.column,
                          fmt::format("'{}' cannot have a placeholder in it", entry.key)});
  }
  return out;
}

std::size_t weight_of(const Value& value) {
  std::size_t out = sizeof(Value) + value.text.size();
  for (const auto& item : value.items) out += weight_of(item);
  for (const auto& entry : value.entries) out += entry.key.size() + weight_of(entry.value);
  return out;
}

bool has_placeholder(const Value& value) {
  return (value.kind == Kind::string && value.text.find(kBegin) != std::string::npos) ||
         std::any_of(value.items.begin(), value.items.end(), has_placeholder) ||
         std::any_of(value.entries.begin(), value.entries.end(),
                     [](const pika::toml::Entry& entry) { return has_placeholder(entry.value); });
}

}  // namespace pikaci
