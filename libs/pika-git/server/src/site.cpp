#include "pika/server/site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <thread>

#include "context.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/http/server.hpp"
#include "router.hpp"
#include "runner_process.hpp"

namespace pika::server {

class Background {
 public:
  Background() : thread_([this] { run(); }) {}
  ~Background() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  void add(std::function<void()> work) {
    {
      std::lock_guard lock(mutex_);
      queue_.push_back(std::move(work));
    }
    changed_.notify_all();
  }

 private:
  void run() {
    for (;;) {
      std::function<void()> work;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stop_ || !queue_.empty(); });
        if (stop_) return;  // what is left is found again by the next start's repair
        work = std::move(queue_.front());
        queue_.pop_front();
      }
      try {
        work();
      } catch (const std::exception& e) {
        log_error("background", "{}", e.what());
      }
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool stop_ = false;
  std::thread thread_;
};

// Members are in the order in which they may be used: each only knows those above it.
struct Site::Impl : http::App {
  SiteOptions options;
  std::optional<FileLock> lock;
  std::unique_ptr<store::Store> store;
  forge::RepositoryLocks locks;
  Context context;
  std::unique_ptr<forge::EventHub> hub;
  std::unique_ptr<forge::ModelLoop> words;
  std::unique_ptr<forge::ExplainLoop> explain;
  std::unique_ptr<forge::Gateway> gateway;
  std::unique_ptr<forge::Planner> planner;
  std::unique_ptr<forge::Review> review;
  std::unique_ptr<forge::Lander> lander;
  std::unique_ptr<Background> background;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<RunnerProcess> runner;
  std::string first_link_secret, first_link;

  // The port, and with it our own address, is known only when the server listens: requests that come before wait.
  std::atomic<bool> begun = false;
  void begin() {
    begun = true;
    begun.notify_all();
  }

  http::Response handle(http::Request& request) override {
    begun.wait(false);
    return dispatch(context, request);
  }
  std::uint64_t body_limit(const http::Request& head) override { return server::body_limit(head); }
};

namespace {

// git's own locks that a kill left behind would make the next landing fail. Nobody else writes here: the data
// folder's lock is ours.
void remove_stale_git_locks(const fs::path& repository) {
  std::error_code ignored;
  std::vector<fs::path> stale;
  for (const auto& name : {"packed-refs.lock", "HEAD.lock", "config.lock"})
    if (fs::exists(repository / name, ignored)) stale.push_back(repository / name);
  for (auto it = fs::recursive_directory_iterator(repository / "refs", ignored);
       !ignored && it != fs::recursive_directory_iterator(); it.increment(ignored))
    if (it->path().extension() == ".lock") stale.push_back(it->path());
  for (const auto& path : stale) {
    log_warning("site", "removing git's lock '{}' that a stop left behind", path.string());
    fs::remove(path, ignored);
  }
}

// The secret that runners of this data folder show; made once.
std::string runner_token(const forge::Layout& layout) {
  if (auto kept = read_file(layout.runner_token())) return std::string(trim(*kept));
  auto token = random_hex(24);
  write_file_atomic(layout.runner_token(), token + "\n", 0600);
  return token;
}

void make_hooks(const forge::Layout& layout, const fs::path& program) {
  for (const char* name : {"pre-receive", "post-receive"}) {
    auto link = layout.hooks() / name;
    fs::remove(link);
    fs::create_symlink(program, link);
  }
}

}  // namespace

Site::Site() : impl_(std::make_unique<Impl>()) {}
Site::~Site() {
  stop();
}

Result<std::unique_ptr<Site>> Site::open(SiteOptions options) {
  std::unique_ptr<Site> site(new Site());
  auto& i = *site->impl_;
  i.options = std::move(options);
  if (i.options.data.empty()) return fail(ErrorKind::invalid, "no data folder was named", "give one with --data DIR");
  i.options.data = fs::absolute(i.options.data);
  forge::Layout layout{i.options.data};
  try {
    layout.make();
    i.lock = FileLock::try_lock(layout.lock());
  } catch (const SystemError& e) {
    return fail(ErrorKind::unavailable,
                fmt::format("the data folder '{}' can't be used: {}", layout.data.string(), e.what()),
                "give a folder that you may write with --data DIR");
  }
  if (!i.lock)
    return fail(ErrorKind::conflict,
                fmt::format("the data folder '{}' is in use by another pika-git", layout.data.string()),
                "stop that one, or give another folder with --data DIR");
  i.store = PIKA_TRY(store::Store::open(i.options.data));
  auto& c = i.context;
  c.options = i.options;
  c.layout = layout;
  c.store = i.store.get();
  c.locks = &i.locks;
  c.url = i.options.public_url.empty() ? fmt::format("http://{}:{}", i.options.listen, i.options.port)
                                       : i.options.public_url;
  while (c.url.ends_with('/')) c.url.pop_back();
  i.hub = std::make_unique<forge::EventHub>(*i.store);
  auto look_for_words = [&i] {
    if (i.words) i.words->kick();
  };
  if (i.options.model)
    i.words = std::make_unique<forge::ModelLoop>(*i.store, layout, *i.options.model, model::retell,
                                                 [&i] { return i.explain->caught_up(); });
  else
    i.store->drop_other_words("", system_clock().now());  // nobody is there to be asked
  i.explain = std::make_unique<forge::ExplainLoop>(*i.store, layout, look_for_words);
  forge::GatewayTimes times;
  times.lease = static_cast<Micros>(i.options.lease_seconds) * kSecond;
  i.gateway = std::make_unique<forge::Gateway>(*i.store, layout, *i.hub, runner_token(layout), times);
  i.planner = std::make_unique<forge::Planner>(
      *i.store, layout, i.locks, [&i](const auto& leases, const std::string& why) { i.gateway->cancel(leases, why); },
      [&i] { i.gateway->kick(); });
  i.review = std::make_unique<forge::Review>(
      *i.store, layout, i.locks, *i.planner,
      [&i](const store::Repository& r, const store::Branch& b) { return i.context.url + i.context.branch_path(r, b); },
      [&i, look_for_words] {
        i.explain->kick();
        look_for_words();
      });
  i.lander = std::make_unique<forge::Lander>(*i.store, layout, i.locks);
  i.background = std::make_unique<Background>();
  c.hub = i.hub.get();
  c.explain = i.explain.get();
  c.words = i.words.get();
  c.gateway = i.gateway.get();
  c.planner = i.planner.get();
  c.review = i.review.get();
  c.lander = i.lander.get();
  c.later = [&i](std::function<void()> work) { i.background->add(std::move(work)); };
  i.store->on_event([&i] { i.hub->kick(); });
  // Settle first, work afterwards.
  make_hooks(layout, i.options.hook_program.empty() ? fs::read_symlink("/proc/self/exe") : i.options.hook_program);
  for (const auto& r : i.store->repositories()) remove_stale_git_locks(layout.repository(r));
  i.lander->recover();
  constexpr Micros kEventLife = 30LL * 24 * 3600 * kSecond;
  i.store->forget_before(system_clock().now() - kEventLife);
  if (i.store->user_count() == 0) {
    auto now = system_clock().now();
    PIKA_TRY(i.store->create_user("admin", domain::Role::admin, now));
    i.first_link_secret = i.store->create_login_link("admin", now + 24 * 3600 * kSecond, now);
  }
  return site;
}

Status Site::start() {
  auto& i = *impl_;
  i.server = std::make_unique<http::Server>(http::ServerOptions{.address = i.options.listen,
                                                                .port = i.options.port,
                                                                .unix_path = i.context.layout.admin_socket(),
                                                                .spool_dir = i.context.layout.spool()},
                                            i);
  PIKA_TRY(i.server->start());
  if (i.options.public_url.empty()) i.context.url = fmt::format("http://{}:{}", i.options.listen, i.server->port());
  i.begin();
  if (!i.first_link_secret.empty()) i.first_link = fmt::format("{}/login?link={}", i.context.url, i.first_link_secret);
  PIKA_TRY(i.gateway->start());
  i.hub->start();
  i.explain->start();
  if (i.words) {
    log_info("site", "{}", model_words(i.options));
    i.words->start();
  }
  if (i.options.start_runner) {
    i.runner = std::make_unique<RunnerProcess>(i.options, i.context.layout);
    i.runner->start();
  }
  // What happened while nobody looked: pushes that were not recorded, targets that moved.
  for (const auto& r : i.store->repositories())
    i.background->add([&i, r] {
      i.review->repair(r);
      i.planner->plan_open_branches(r, "the server started and the target had moved");
    });
  return {};
}

void Site::stop() {
  auto& i = *impl_;
  i.begin();
  i.runner.reset();
  if (i.hub) i.hub->stop();
  if (i.server) i.server->stop();
  i.background.reset();
  if (i.gateway) i.gateway->stop();
  if (i.words) i.words->stop();  // it asks the explain loop, which in turn tells it
  i.explain.reset();
  i.words.reset();
}

std::uint16_t Site::port() const {
  return impl_->server ? impl_->server->port() : 0;
}
const std::string& Site::url() const {
  return impl_->context.url;
}
const std::string& Site::first_link() const {
  return impl_->first_link;
}

http::Response Site::administer(http::Request request) {
  request.over_unix = true;
  return dispatch(impl_->context, request);
}

}  // namespace pika::server
