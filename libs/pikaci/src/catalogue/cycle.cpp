#include "catalogue/cycle.hpp"

#include <algorithm>
#include <unordered_map>

#include "pika/base/text.hpp"

namespace pikaci {

namespace {

class Search {
 public:
  explicit Search(const Needs& all) : all_(all), state_(all.size(), State::unseen) {
    for (std::size_t i = 0; i < all.size(); ++i) index_.emplace(all[i].first, i);
  }

  std::vector<std::string> find() {
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (state_[i] == State::unseen && visit(i)) return cycle_;
    return {};
  }

 private:
  enum class State { unseen, on_the_way, done };
  struct Step {
    std::size_t one, next_need;
  };

  bool visit(std::size_t start) {
    std::vector<Step> way{{start, 0}};
    state_[start] = State::on_the_way;
    while (!way.empty()) {
      auto& step = way.back();
      const auto& needs = all_[step.one].second;
      if (step.next_need == needs.size()) {
        state_[step.one] = State::done;
        way.pop_back();
        continue;
      }
      auto next = index_.at(needs[step.next_need++]);
      if (state_[next] == State::on_the_way) {
        auto from = std::find_if(way.begin(), way.end(), [&](const Step& s) { return s.one == next; });
        for (; from != way.end(); ++from) cycle_.push_back(all_[from->one].first);
        cycle_.push_back(all_[next].first);
        return true;
      }
      if (state_[next] == State::unseen) {
        state_[next] = State::on_the_way;
        way.push_back({next, 0});
      }
    }
    return false;
  }

  const Needs& all_;
  std::vector<State> state_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::string> cycle_;
};

}  // namespace

std::vector<std::string> find_cycle(const Needs& all) {
  return Search(all).find();
}

std::string cycle_words(const std::vector<std::string>& cycle) {
  constexpr std::size_t kShown = 6;  // at either end
  if (cycle.size() <= 2 * kShown) return pika::join(cycle, " needs ");
  auto first = pika::join({cycle.begin(), cycle.begin() + kShown}, " needs ");
  return first + " needs … needs " + pika::join({cycle.end() - kShown, cycle.end()}, " needs ");
}

}  // namespace pikaci
