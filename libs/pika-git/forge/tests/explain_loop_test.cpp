#include "pika/forge/explain_loop.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "pika/explain/explain.hpp"
#include "world.hpp"

using namespace pika;
using namespace pika::forge;

namespace {

store::Version explained(World& w, const store::Branch& branch) {
  for (;;) {
    auto version = w.store->newest_version(branch.id).value();
    if (version.tutorial == store::TutorialState::ready || version.tutorial == store::TutorialState::failed)
      return version;
    std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("what an older explainer wrote is shown, and written anew for open branches") {
  World w({{"a.txt", "1\n"}});
  auto branch = w.pushed("topic", w.commit({{"a.txt", "2\n"}}, {w.base}));
  fs::path now, older;
  {
    ExplainLoop loop(*w.store, w.layout);
    loop.start();
    auto version = explained(w, branch);
    REQUIRE(version.tutorial == store::TutorialState::ready);
    now = w.layout.tutorial(version.id, explain::kExplainerVersion);
    older = w.layout.tutorial(version.id, explain::kExplainerVersion - 1);
  }
  fs::rename(now, older);
  CHECK(stored_tutorial(w.layout, w.store->newest_version(branch.id).value()));
  ExplainLoop loop(*w.store, w.layout);
  loop.start();
  while (!fs::exists(now)) std::this_thread::yield();
  CHECK(explained(w, branch).tutorial == store::TutorialState::ready);
}

TEST_CASE("a version that cannot be written now keeps no other waiting") {
  World w({{"a.txt", "1\n"}});
  auto first = w.pushed("first", w.commit({{"a.txt", "2\n"}}, {w.base}));
  auto second = w.pushed("second", w.commit({{"a.txt", "3\n"}}, {w.base}));
  // Newest first, and where its diff belongs stands a folder.
  auto stuck = w.store->newest_version(second.id).value();
  fs::create_directories(w.layout.diff(stuck.id) / "in the way");
  ExplainLoop loop(*w.store, w.layout);
  loop.start();
  CHECK(explained(w, first).tutorial == store::TutorialState::ready);
}
