#include "pika/forge/model_loop.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "pika/base/files.hpp"
#include "pika/explain/explain.hpp"
#include "pika/forge/explain_loop.hpp"
#include "world.hpp"

using namespace pika;
using namespace pika::forge;
using store::WordsState;

namespace {

const std::string kKey = "sk-very-secret-4711";

struct TestClock : Clock {
  std::atomic<Micros> time = 1'000'000 * kSecond;
  Micros now() const override { return time; }
};

ModelSettings settings(std::vector<std::string> repositories = {"ada/*"}) {
  ModelSettings s;
  s.provider.url = "http://127.0.0.1:9";
  s.provider.model = "small";
  s.provider.key = kKey;
  s.repositories = std::move(repositories);
  return s;
}

model::Sent sent(const model::ProviderConfig& config, int status) {
  model::Sent s;
  s.at = 5;
  s.host = model::host_of(config);
  s.model = config.model;
  s.purpose = "tell";
  s.bytes = 100;
  s.hunks = 1;
  s.status = status;
  s.outcome = status == 200 ? "answered" : "the model is overloaded";
  return s;
}

model::Retelling words(const model::ProviderConfig& config, const model::Subject& subject, const std::string& summary) {
  model::Retelling out;
  model::Answer answer;
  answer.summary = summary;
  out.told = model::validate(subject, answer, config.model);
  out.calls = 1;
  out.sent = {sent(config, 200)};
  return out;
}

model::Retelling overloaded(const model::ProviderConfig& config, const model::Subject& subject) {
  model::Retelling out;
  out.told.tutorial = *subject.derived;
  out.note = "The model is overloaded; this is the derived page.";
  out.try_later = true;
  out.sent = {sent(config, 529)};
  return out;
}

struct Telling {
  World w{{{"a.txt", "1\n"}}};
  TestClock clock;
  std::atomic<int> calls = 0;
  std::function<bool()> may_begin;
  std::unique_ptr<ModelLoop> loop;

  store::Branch pushed(const std::string& name, const git::Oid& head) {
    auto branch = w.pushed(name, head);
    explain();
    return branch;
  }
  void explain() {
    ExplainLoop explain(*w.store, w.layout, [this] {
      if (loop) loop->kick();
    });
    explain.start();
    while (!w.store->pending_tutorials(1).empty()) std::this_thread::yield();
  }
  void start(Retell retell, ModelSettings s = settings()) {
    loop.reset();
    loop = std::make_unique<ModelLoop>(
        *w.store, w.layout, std::move(s),
        [this, retell](const auto& config, const auto& subject, const auto& patience) {
          ++calls;
          return retell(config, subject, patience);
        },
        may_begin, clock);
    loop->start();
  }
  store::Version version(const store::Branch& b) { return w.store->newest_version(b.id).value(); }
  std::optional<store::WordsJob> job(const store::Version& v) {
    auto jobs = w.store->words_of(v.id);
    return jobs.empty() ? std::nullopt : std::optional(jobs.back());
  }
  store::WordsJob until(const store::Version& v, const std::function<bool(const store::WordsJob&)>& good) {
    for (;; std::this_thread::yield())
      if (auto j = job(v); j && good(*j)) return *j;
  }
  store::WordsJob settled(const store::Version& v) {
    return until(v, [](const auto& j) { return j.state != WordsState::queued && j.state != WordsState::running; });
  }
};

Retell tells(const std::string& summary = "A file says something else now.") {
  return [summary](const auto& config, const auto& subject, const auto&) { return words(config, subject, summary); };
}
Retell fails() {
  return [](const auto& config, const auto& subject, const auto&) { return overloaded(config, subject); };
}
// Until it is told to stop.
Retell waits() {
  return [](const auto& config, const auto& subject, const model::Patience& patience) {
    while (patience.wait(3600 * kSecond)) {
    }
    auto out = overloaded(config, subject);
    out.note = "Stopped.";
    return out;
  };
}

}  // namespace

TEST_CASE("model words: they come after the derived tutorial, with an account of what was sent") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}));
  std::string under_way;
  t.start([&](const auto& config, const auto& subject, const auto&) {
    // Written down before anything leaves.
    auto log = t.w.store->sent_words(0, 10);
    if (log.size() == 1) under_way = log[0].outcome;
    return words(config, subject, "A file says something else now.");
  });
  auto version = t.version(branch);
  auto job = t.settled(version);
  REQUIRE(job.state == WordsState::done);
  CHECK(under_way == "under way");
  auto kept = stored_words(t.w.layout, job);
  REQUIRE(kept);
  CHECK(kept->retelling.told.uses_model());
  CHECK(kept->retelling.told.model_summary == "A file says something else now.");
  CHECK_FALSE(kept->reused);
  CHECK(kept->retelling.told.tutorial.head == version.head);
  CHECK(stored_tutorial(t.w.layout, version)->provider == "derived");
  auto log = t.w.store->sent_words(0, 10);
  REQUIRE(log.size() == 1);
  CHECK(log[0].host == "127.0.0.1:9");
  CHECK(log[0].status == 200);
  auto last = t.w.store->events_after(0, 1000).back();
  CHECK(last.kind == "tutorial.changed");
}

TEST_CASE("model words: an equal change on another branch costs no call") {
  Telling t;
  auto head = t.w.commit({{"a.txt", "2\n"}}, {t.w.base}, "Say two");
  auto one = t.pushed("one", head);
  t.start(tells());
  t.settled(t.version(one));
  auto two = t.pushed("two", head);
  auto job = t.settled(t.version(two));
  CHECK(job.state == WordsState::done);
  CHECK(t.calls == 1);
  CHECK(stored_words(t.w.layout, job)->reused);
  // Another author's words about the same lines are another prompt.
  auto three = t.pushed("three", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}, "Say it otherwise"));
  t.settled(t.version(three));
  CHECK(t.calls == 2);
}

TEST_CASE("model words: kept ones of an equal change stand for the commits at hand") {
  StoredWords kept;
  kept.retelling.told.tutorial.head = "old";
  explain::Tutorial derived;
  derived.head = "new";
  derived.base = "target";
  auto words = reused_for(kept, derived);
  CHECK(words.reused);
  CHECK(words.retelling.told.tutorial.head == "new");
  CHECK(words.retelling.told.tutorial.base == "target");
}

TEST_CASE("model words: a failure that may pass is tried three times, then told; the derived page stays") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}));
  t.start(fails());
  auto version = t.version(branch);
  for (int n = 1; n < 3; ++n) {
    auto job = t.until(version, [&](const auto& j) { return j.state == WordsState::queued && j.attempts == n; });
    CHECK(job.why == "The model is overloaded.");
    CHECK(job.not_before > t.clock.now());
    CHECK(t.calls == n);
    t.clock.time = job.not_before;
    t.loop->kick();
  }
  auto job = t.settled(version);
  CHECK(job.state == WordsState::failed);
  CHECK_FALSE(stored_words(t.w.layout, job)->retelling.told.uses_model());
  CHECK(t.calls == 3);
  CHECK(t.w.store->sent_words(0, 10).size() == 3);
  CHECK(t.version(branch).tutorial == store::TutorialState::ready);
}

TEST_CASE("model words: a stop is prompt and gives the job back, and the next start goes on") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}));
  t.start(waits());
  auto version = t.version(branch);
  while (t.calls == 0) std::this_thread::yield();
  t.loop.reset();
  auto job = *t.job(version);
  CHECK(job.state == WordsState::queued);
  CHECK(job.attempts == 0);
  t.start(tells());
  CHECK(t.settled(version).state == WordsState::done);
}

TEST_CASE("model words: what a killed server was asking is asked again at the next start") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}));
  auto wish = wish_of(settings().provider);
  t.w.store->want_words({t.w.repository.id}, wish, 0, t.clock.now());
  auto taken = t.w.store->take_words("the one before", 900 * kSecond, t.clock.now());
  REQUIRE(taken);
  t.w.store->begin_sending_words(taken->job.id, taken->job.fence, "127.0.0.1:9", "small", t.clock.now());
  t.start(tells());
  auto job = t.settled(t.version(branch));
  CHECK(job.state == WordsState::done);
  CHECK(job.attempts == 2);
  auto log = t.w.store->sent_words(0, 10);
  REQUIRE(log.size() == 2);
  CHECK(log[1].outcome.find("the server stopped") == 0);
}

TEST_CASE("model words: a newer version stops the call about the older one") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}));
  auto one = t.version(branch);
  auto slow = waits();
  auto quick = tells();
  t.start([&, slow, quick](const auto& config, const auto& subject, const auto& patience) {
    return subject.derived->head == one.head ? slow(config, subject, patience) : quick(config, subject, patience);
  });
  while (t.calls == 0) std::this_thread::yield();
  t.pushed("topic", t.w.commit({{"a.txt", "3\n"}}, {t.w.base}));
  auto two = t.version(branch);
  CHECK(two.number == 2);
  CHECK(t.settled(two).state == WordsState::done);
  CHECK(t.settled(one).state == WordsState::dropped);
}

TEST_CASE("model words: of repositories that nobody named nothing is sent") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}));
  // Also when it was allowed a moment ago.
  t.w.store->want_words({t.w.repository.id}, wish_of(settings().provider), 0, t.clock.now());
  t.start(tells(), settings({"eve/*", "ada/other"}));
  auto job = t.settled(t.version(branch));
  CHECK(job.state == WordsState::dropped);
  CHECK(t.calls == 0);
  CHECK(t.w.store->sent_words(0, 10).empty());
}

TEST_CASE("model words: asked again, the old words stay until there are new ones") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}));
  t.start(tells("The first words."));
  auto version = t.version(branch);
  auto summary = [&] { return stored_words(t.w.layout, *t.job(version))->retelling.told.model_summary; };
  t.settled(version);
  t.start([](const auto& config, const auto& subject, const auto&) {
    model::Retelling out = words(config, subject, "This is robust.");  // nothing of it may stand
    return out;
  });
  t.w.store->ask_words(version.id, t.loop->wish(), "ada", t.clock.now());
  t.loop->kick();
  CHECK(t.until(version, [](const auto& j) { return j.state == WordsState::failed; }).told_at != 0);
  CHECK(summary() == "The first words.");
  t.start(tells("The second words."));
  t.w.store->ask_words(version.id, t.loop->wish(), "ada", t.clock.now());
  t.loop->kick();
  t.until(version, [](const auto& j) { return j.state == WordsState::done; });
  CHECK(summary() == "The second words.");
  CHECK(t.calls == 3);  // a person asked: the cache does not do
}

TEST_CASE("model words: where nothing was kept, what was removed is kept to be seen") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}));
  t.start(tells("This is robust."));
  auto job = t.settled(t.version(branch));
  CHECK(job.state == WordsState::failed);
  auto kept = stored_words(t.w.layout, job);
  REQUIRE(kept);
  CHECK_FALSE(kept->retelling.told.uses_model());
  CHECK_FALSE(kept->retelling.told.removed.empty());
}

TEST_CASE("model words: about a branch that changes nothing nobody is asked") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "1\n"}}, {t.w.base}));
  t.start(tells());
  auto job = t.settled(t.version(branch));
  CHECK(job.state == WordsState::done);
  CHECK(job.told_at == 0);
  CHECK(t.calls == 0);
}

TEST_CASE("model words: nobody is asked before the explainer has caught up") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}));
  auto version = t.version(branch);
  // What an earlier explainer wrote is all there is.
  fs::rename(t.w.layout.tutorial(version.id, explain::kExplainerVersion),
             t.w.layout.tutorial(version.id, explain::kExplainerVersion - 1));
  std::atomic<int> asked = 0;
  std::atomic<bool> caught_up = false, current = false;
  t.may_begin = [&] { return ++asked, caught_up.load(); };
  t.start([&](const auto& config, const auto& subject, const auto&) {
    current = fs::exists(t.w.layout.tutorial(version.id, explain::kExplainerVersion));
    return words(config, subject, "A file says something else now.");
  });
  while (asked < 1) std::this_thread::yield();
  t.loop->kick();
  while (asked < 2) std::this_thread::yield();
  CHECK(t.calls == 0);
  ExplainLoop explain(*t.w.store, t.w.layout, [&] { t.loop->kick(); });
  t.loop->kick();
  explain.start();
  while (!explain.caught_up()) std::this_thread::yield();
  caught_up = true;
  t.loop->kick();
  CHECK(t.settled(version).state == WordsState::done);
  CHECK(current);
}

TEST_CASE("model words: what was sent is told also where the words cannot be written") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}));
  auto version = t.version(branch);
  // Where the words belong stands a folder.
  auto job = t.w.store->ask_words(version.id, wish_of(settings().provider), "", t.clock.now()).first;
  fs::create_directories(t.w.layout.words(version.id, job.id) / "in the way");
  t.start(tells());
  job = t.until(version, [](const auto& j) { return j.state == WordsState::queued && j.attempts == 1; });
  CHECK(job.why.find("this server's host refused") == 0);
  REQUIRE(t.w.store->sent_words(0, 10).size() == 1);
  CHECK(t.w.store->sent_words(0, 10)[0].outcome == "answered");
}

TEST_CASE("model words: words about a tutorial that was made anew meanwhile are asked for again") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}));
  auto version = t.version(branch);
  t.start([&](const auto& config, const auto& subject, const auto&) {
    auto told = words(config, subject, "A file says something else now.");
    if (t.calls == 1) {
      auto other = *stored_tutorial(t.w.layout, version);
      other.steps.front().title = "Another title";
      write_file_atomic(t.w.layout.tutorial(version.id, explain::kExplainerVersion),
                        json::print(explain::to_json(other)), 0600);
    }
    return told;
  });
  auto job = t.settled(version);
  CHECK(job.state == WordsState::done);
  CHECK(t.calls == 2);
  CHECK(job.attempts == 1);
  CHECK(stored_words(t.w.layout, job)->retelling.told.tutorial.steps.front().title == "Another title");
}

TEST_CASE("model words: the key is in no file") {
  Telling t;
  auto branch = t.pushed("topic", t.w.commit({{"a.txt", "2\n"}}, {t.w.base}));
  t.start(tells());
  t.settled(t.version(branch));
  t.loop.reset();
  t.w.store.reset();
  for (const auto& file : fs::recursive_directory_iterator(t.w.folder.path()))
    if (file.is_regular_file()) CHECK(read_file(file.path())->find(kKey) == std::string::npos);
}

TEST_CASE("model words: which repositories a choice names") {
  store::Repository r{.id = {}, .owner = "ada", .name = "engine", .target = "main"};
  CHECK(chosen(settings({"ada/engine"}), r));
  CHECK(chosen(settings({"ada/*"}), r));
  CHECK(chosen(settings({"*"}), r));
  CHECK_FALSE(chosen(settings({}), r));
  CHECK_FALSE(chosen(settings({"ad/*", "ada/engine2", "eve/engine"}), r));
  for (const char* good : {"*", "a/*", "a/b"}) CHECK(valid_choice(good));
  for (const char* bad : {"", "a", "a/", "/b", "*/b", "a/b/c", "a/b*", "**", "a/**"}) CHECK_FALSE(valid_choice(bad));
}
