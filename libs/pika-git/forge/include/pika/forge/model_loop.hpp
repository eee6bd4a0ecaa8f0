// The model loop: asks the configured model for words about the newest version of each open branch, one after another,
// on a thread of its own. A version has its derived tutorial before it comes here and keeps it whatever happens here;
// the explain loop never waits for this one. The queue and its rules are the store's (domain/words_queue.hpp).
//
// Lines leave this host only for repositories that the settings name; a line of the log is in the store before the
// first of them does. A stop ends the call at hand and gives its job back.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "pika/base/clock.hpp"
#include "pika/forge/layout.hpp"
#include "pika/forge/model_settings.hpp"
#include "pika/forge/stored_words.hpp"
#include "pika/store/store.hpp"

namespace pika::forge {

// model::retell, or what a test puts in its place.
using Retell =
    std::function<model::Retelling(const model::ProviderConfig&, const model::Subject&, const model::Patience&)>;

class ModelLoop {
 public:
  // `may_begin` is asked after each kick until it says yes: words are about what this program's explainer wrote. The
  // clock decides what is due; it must outlive the loop.
  ModelLoop(store::Store& store, Layout layout, ModelSettings settings, Retell retell,
            std::function<bool()> may_begin = {}, const Clock& clock = system_clock());
  ~ModelLoop();  // stops
  void start();
  void stop();  // waits for the call at hand to notice; nothing is asked afterwards
  void kick();  // a tutorial became ready, a version came, somebody asked again

  const ModelSettings& settings() const { return settings_; }
  const std::string& wish() const { return wish_; }

 private:
  void run();
  void settle();
  bool work();
  void tell(const store::TakenWords& taken);
  struct Interest {  // in the call at hand, lost
    bool stopped = false, superseded = false;
  };
  model::Patience patience_for(const store::WordsJob& job, Interest& lost);
  bool told_anew(const store::Version& version, const explain::Tutorial& derived);
  void keep(const store::WordsJob& job, model::Retelling told, store::Store::WordsResult& result);
  void ask(const store::TakenWords& taken, const model::Subject& subject, const std::string& key);
  void end(const store::TakenWords& taken, const store::Store::WordsResult& result);

  store::Store& store_;
  Layout layout_;
  ModelSettings settings_;
  Retell retell_;
  std::function<bool()> may_begin_;
  const Clock& clock_;
  std::string wish_, owner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> stop_ = false, news_ = false;  // news_: the version at hand may be superseded
  bool pending_ = true;
  std::thread thread_;
};

}  // namespace pika::forge
