// One filter alone: is it well formed, does it match.
#include "pikaci/filter.hpp"
#include "pikaci/selection.hpp"

namespace pikaci {

pika::Status check_filter(std::string_view pattern) {
  PIKA_TRY(Filter::parse(pattern));
  return {};
}

bool filter_matches(std::string_view pattern, std::string_view path) {
  auto filter = Filter::parse(pattern);
  return filter && filter->matches(path);
}

}  // namespace pikaci
