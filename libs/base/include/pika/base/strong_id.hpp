// Ids that cannot be mixed up: using BranchId = StrongId<struct BranchIdTag, std::int64_t>;
#pragma once
#include <compare>
#include <functional>
#include <utility>

namespace pika {

template <class Tag, class Rep>
class StrongId {
 public:
  using rep = Rep;
  StrongId() = default;
  explicit StrongId(Rep value) : value_(std::move(value)) {}
  const Rep& value() const { return value_; }
  auto operator<=>(const StrongId&) const = default;
  bool operator==(const StrongId&) const = default;

 private:
  Rep value_{};
};

}  // namespace pika

template <class Tag, class Rep>
struct std::hash<pika::StrongId<Tag, Rep>> {
  std::size_t operator()(const pika::StrongId<Tag, Rep>& id) const { return std::hash<Rep>{}(id.value()); }
};
