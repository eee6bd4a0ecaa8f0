#include <map>
#include <set>

#include "scratch.hpp"

namespace pika::explain {

void check_promises(const Explained& e) {
  const auto& t = e.tutorial;
  std::set<std::pair<std::string, int>> placed, expected;
  for (const auto& f : e.diff.files) {
    if (f.hunks.empty()) expected.insert({f.pseudo_id, 0});
    for (const auto& h : f.hunks)
      for (std::size_t i = 0; i < h.lines.size(); ++i)
        if (h.lines[i].kind != ' ') expected.insert({h.id, static_cast<int>(i)});
  }
  for (const auto& h : t.hunks)
    for (const auto& a : h.atoms) {
      CHECK(a.step >= 1);
      CHECK(a.step <= static_cast<int>(t.steps.size()));
      for (int i = a.first; i <= a.last; ++i) CHECK(placed.insert({h.id, i}).second);
    }
  CHECK(placed == expected);
  CHECK(t.steps.size() <= 12);
  // Whatever is not folded is shown by its own step.
  std::set<std::tuple<int, std::string, int>> shown;
  for (const auto& s : t.steps)
    for (const auto& ev : s.evidence)
      for (int i = ev.first; i <= ev.last; ++i) shown.insert({s.id, ev.hunk, i});
  for (const auto& h : t.hunks)
    for (const auto& a : h.atoms)
      if (a.rule.empty())
        for (int i = a.first; i <= a.last; ++i) CHECK(shown.contains({a.step, h.id, i}));
  CHECK(is_utf8(to_markdown(t, e.diff)));
  auto text = json::print(to_json(t));
  auto again = tutorial_from_json(json::parse(text).value());
  REQUIRE(again);
  CHECK(json::print(to_json(*again)) == text);
}

}  // namespace pika::explain
