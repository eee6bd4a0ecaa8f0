#include "catalogue/keys.hpp"

#include <algorithm>

namespace pikaci {

const Key* KeyTable::find(std::string_view key) const {
  auto at = std::find_if(keys.begin(), keys.end(), [&](const Key& each) { return each.name == key; });
  return at == keys.end() ? nullptr : &*at;
}

std::vector<std::string> KeyTable::names() const {
  std::vector<std::string> out;
  for (const auto& key : keys) out.emplace_back(key.name);
  return out;
}

namespace shape {

namespace {
Shape of_kind(Shape::Kind kind) {
  Shape shape;
  shape.kind = kind;
  return shape;
}
}  // namespace

Shape text(std::string_view pattern) {
  auto shape = of_kind(Shape::Kind::text);
  shape.pattern = pattern;
  return shape;
}

Shape words(std::vector<std::string_view> words) {
  auto shape = of_kind(Shape::Kind::text);
  shape.words = std::move(words);
  return shape;
}

Shape whole(double least, double most) {
  auto shape = of_kind(Shape::Kind::whole);
  shape.least = least;
  shape.most = most;
  return shape;
}

Shape number(double least, double most) {
  auto shape = whole(least, most);
  shape.kind = Shape::Kind::number;
  return shape;
}

Shape yes_no() {
  return of_kind(Shape::Kind::yes_no);
}

Shape list(Shape of) {
  auto shape = of_kind(Shape::Kind::list);
  shape.forms.push_back(std::move(of));
  return shape;
}

Shape some(Shape of) {
  auto shape = list(std::move(of));
  shape.not_empty = true;
  return shape;
}

Shape table(const KeyTable* (*of)()) {
  auto shape = of_kind(Shape::Kind::table);
  shape.of = of;
  return shape;
}

Shape map(std::string_view keys, Shape of) {
  auto shape = of_kind(Shape::Kind::map);
  shape.pattern = keys;
  shape.forms.push_back(std::move(of));
  return shape;
}

Shape any_of(std::vector<Shape> forms) {
  auto shape = of_kind(Shape::Kind::any_of);
  shape.forms = std::move(forms);
  return shape;
}

}  // namespace shape
}  // namespace pikaci
