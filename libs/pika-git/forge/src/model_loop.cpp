#include "pika/forge/model_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/forge/explain_loop.hpp"
#include "pika/gitx/repository.hpp"

namespace pika::forge {

namespace {

using store::WordsEnd;

constexpr std::size_t kMostCommits = 500;
constexpr std::size_t kMostPaths = 200'000;
constexpr Micros kLeaseSlack = 60 * kSecond;  // beyond the deadline of the calls: for reading and writing
// What is older is asked about when somebody presses the button: a model that was just configured, or a new explainer,
// is no reason to pay for every branch that ever stayed open.
constexpr Micros kRecent = 14LL * 24 * 3600 * kSecond;
constexpr Micros kLook = kSecond;      // between looks whether the version at hand is still wanted
constexpr Micros kRest = 5 * kSecond;  // when the store or the disk is in trouble
constexpr Micros kLongestSleep = 3600 * kSecond;

std::vector<store::SentWords> log_rows(const std::vector<model::Sent>& sent) {
  std::vector<store::SentWords> out;
  for (const auto& s : sent) {
    store::SentWords row;
    row.at = s.at;
    row.host = s.host;
    row.model = s.model;
    row.purpose = s.purpose;
    row.bytes = static_cast<std::int64_t>(s.bytes);
    row.hunks = s.hunks;
    row.status = s.status;
    row.took = s.took;
    row.tokens_in = s.tokens_in;
    row.tokens_out = s.tokens_out;
    row.outcome = s.outcome;
    out.push_back(std::move(row));
  }
  return out;
}

// The reason for the page's line, which stands beside other words too: old ones, while new ones were asked for.
std::string reason_of(const std::string& note) {
  constexpr std::string_view kTail = "; this is the derived page.";
  if (note.empty()) return "none of the model's words were kept";
  return note.ends_with(kTail) ? note.substr(0, note.size() - kTail.size()) + "." : note;
}

// The same text, whatever it cost and when it was made.
bool same(explain::Tutorial a, explain::Tutorial b) {
  a.micros = b.micros = 0;
  return explain::to_json(a) == explain::to_json(b);
}

std::string host_refused(const SystemError& e) {
  return fmt::format("this server's host refused: {}", e.what());
}

}  // namespace

ModelLoop::ModelLoop(store::Store& store, Layout layout, ModelSettings settings, Retell retell,
                     std::function<bool()> may_begin, const Clock& clock)
    : store_(store),
      layout_(std::move(layout)),
      settings_(std::move(settings)),
      retell_(std::move(retell)),
      may_begin_(std::move(may_begin)),
      clock_(clock),
      wish_(wish_of(settings_.provider)) {}

ModelLoop::~ModelLoop() {
  stop();
}

void ModelLoop::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ModelLoop::start() {
  thread_ = std::thread([this] { run(); });
}

void ModelLoop::kick() {
  {
    std::lock_guard lock(mutex_);
    pending_ = true;
    news_ = true;
  }
  changed_.notify_all();
}

// What somebody else had, or this loop before the store was in trouble: nobody has it any more.
void ModelLoop::settle() {
  owner_ = random_hex(8);
  store_.end_leases_of_other_words(owner_, clock_.now());
  store_.drop_other_words(wish_, clock_.now());
}

void ModelLoop::run() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stop_ || !may_begin_ || may_begin_(); });
    if (stop_) return;
  }
  bool settled = false;
  for (;;) {
    Micros sleep = kRest;
    try {
      if (!settled) settle();
      settled = true;
      while (work())
        if (stop_) return;
      auto at = store_.next_words_at();
      sleep = at ? std::clamp(*at - clock_.now(), Micros{0}, kLongestSleep) : kLongestSleep;
    } catch (const std::exception& e) {
      log_error("words", "{}", e.what());
      settled = false;
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::microseconds(sleep), [&] { return stop_ || (pending_ && settled); });
    if (stop_) return;
    pending_ = false;
  }
}

// False: there is nothing to do now.
bool ModelLoop::work() {
  std::set<store::RepositoryId> open_to_it;
  for (const auto& repository : store_.repositories())
    if (chosen(settings_, repository)) open_to_it.insert(repository.id);
  store_.want_words(open_to_it, wish_, clock_.now() - kRecent, clock_.now());
  auto taken = store_.take_words(owner_, settings_.provider.deadline + kLeaseSlack, clock_.now());
  if (!taken) return false;
  if (!chosen(settings_, taken->repository)) {
    end(*taken, {.end = WordsEnd::superseded, .why = "code of this repository is not to be sent"});
    return true;
  }
  try {
    tell(*taken);
  } catch (const SystemError& e) {
    end(*taken, {.end = WordsEnd::later, .why = host_refused(e)});
  }
  return true;
}

void ModelLoop::end(const store::TakenWords& taken, const store::Store::WordsResult& result) {
  store_.end_words(taken.job.id, taken.job.fence, result, clock_.now());
}

void ModelLoop::tell(const store::TakenWords& taken) {
  const auto& version = taken.version;
  auto refuse = [&](const Error& error) { end(taken, {.end = WordsEnd::refused, .why = error.what}); };
  auto repository = git::Repository::open(layout_.repository(taken.repository));
  if (!repository) return refuse(repository.error());
  auto diff = stored_diff(layout_, taken.repository, version);
  if (!diff) return refuse(diff.error());
  auto derived = stored_tutorial(layout_, version);
  if (!derived) return refuse(derived.error());
  if (derived->steps.empty()) return end(taken, {.end = WordsEnd::told, .why = {}, .content_key = {}});  // no change
  model::Subject subject;
  subject.derived = &*derived;
  subject.diff = &*diff;
  subject.title = taken.branch.title;
  auto commits = repository->log(diff->head, diff->base, kMostCommits);
  for (auto it = commits.rbegin(); it != commits.rend(); ++it) subject.commit_messages.push_back(it->message);
  repository->walk(diff->head, [&](const git::TreeEntry& entry) {
    subject.tree_paths.push_back(entry.path);
    return subject.tree_paths.size() < kMostPaths;
  });
  auto key = content_key(wish_, subject);
  if (!taken.job.afresh)
    if (auto equal = store_.words_told(key))
      if (auto kept = stored_words(layout_, *equal)) {
        store_words(layout_, taken.job, reused_for(std::move(*kept), *derived));
        return end(taken, {.end = WordsEnd::told, .content_key = key, .told_at = clock_.now()});
      }
  ask(taken, subject, key);
}

// `lost` says afterwards why it was told to stop, if it was.
model::Patience ModelLoop::patience_for(const store::WordsJob& job, Interest& lost) {
  model::Patience patience;
  patience.stopped = [this, &lost, id = job.id, fence = job.fence, looked = monotonic_now()]() mutable {
    if (news_.exchange(false) || monotonic_now() - looked > kLook) {
      looked = monotonic_now();
      lost.superseded = lost.superseded || !store_.words_still_wanted(id, fence);
    }
    lost.stopped = lost.stopped || stop_;
    return lost.stopped || lost.superseded;
  };
  patience.wait = [this, stopped = patience.stopped](Micros span) mutable {
    for (auto until = monotonic_now() + span; !stopped();) {
      auto left = until - monotonic_now();
      if (left <= 0) return true;
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::microseconds(std::min(left, kLook)), [&] { return stop_ || news_; });
    }
    return false;
  };
  return patience;
}

void ModelLoop::ask(const store::TakenWords& taken, const model::Subject& subject, const std::string& key) {
  const auto& job = taken.job;
  const auto host = model::host_of(settings_.provider);
  if (!store_.begin_sending_words(job.id, job.fence, host, settings_.provider.model, clock_.now())) return;
  Interest lost;
  auto told = retell_(settings_.provider, subject, patience_for(job, lost));
  log_info("words", "{} branch #{} version {}: {} to {}, {}", taken.repository.full_name(), taken.branch.number,
           taken.version.number, plural(static_cast<std::int64_t>(told.sent.size()), "request"), host,
           told.told.uses_model() ? "words are kept" : reason_of(told.note));
  store::Store::WordsResult result{.end = WordsEnd::told, .why = {}, .content_key = key, .sent = log_rows(told.sent)};
  if (lost.stopped || told_anew(taken.version, *subject.derived)) {
    result.end = WordsEnd::given_back;
  } else if (lost.superseded) {
    result.end = WordsEnd::superseded;
    result.why = "a newer version came, or the branch is not open any more";
  } else {
    if (!told.told.uses_model()) {
      result.end = told.try_later ? WordsEnd::later : WordsEnd::refused;
      result.why = reason_of(told.note);
    }
    keep(job, std::move(told), result);
  }
  end(taken, result);
}

// The derived tutorial was made anew meanwhile (somebody chose other parts): these words are about another text.
bool ModelLoop::told_anew(const store::Version& version, const explain::Tutorial& derived) {
  auto now = store_.version(version.id);
  if (!now || now->tutorial != store::TutorialState::ready) return true;
  auto stored = stored_tutorial(layout_, version);
  return stored && !same(*stored, derived);
}

// What was sent is told whatever becomes of the file.
void ModelLoop::keep(const store::WordsJob& job, model::Retelling told, store::Store::WordsResult& result) {
  try {
    // The account of a failure is worth keeping; but never in the place of words.
    auto before = job.told_at != 0 ? stored_words(layout_, job) : std::unexpected(Error{});
    if (!told.told.uses_model() && before && before->retelling.told.uses_model()) return;
    store_words(layout_, job, {std::move(told), false});
    result.told_at = clock_.now();
  } catch (const SystemError& e) {
    result.end = WordsEnd::later;
    result.why = host_refused(e);
  }
}

}  // namespace pika::forge
