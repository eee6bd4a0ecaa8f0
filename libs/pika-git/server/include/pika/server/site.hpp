// Site: the forge as one object. Owns the data folder (by its lock), the store, the loops and the HTTP server.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/forge/model_settings.hpp"
#include "pika/http/message.hpp"

namespace pika::server {

namespace fs = std::filesystem;

struct SiteOptions {
  fs::path data;
  std::string listen = "127.0.0.1";
  std::uint16_t port = 8787;   // 0: any free one
  std::string public_url;      // how people reach it; empty: http://LISTEN:PORT
  bool anonymous_read = true;  // who is not signed in may read
  bool start_runner = true;
  fs::path runner_program;                // empty: pika-runner beside this program
  fs::path hook_program;                  // empty: this program
  unsigned runner_slots = 0;              // 0: as many as processors
  std::vector<std::string> runner_roots;  // NAME=PATH: root filesystems that lanes may name
  bool allow_host_process = false;        // the runner of this host may run jobs without a sandbox
  std::uint32_t lease_seconds = 30;
  std::optional<forge::ModelSettings> model;  // nothing: no model is asked, no code leaves this host
  fs::path model_key_file;                    // where its key is, one of the two or neither
  std::string model_key_env;
};

// Reads DATA/server.toml into the options that flags did not set; unknown keys are errors. Not there: no change.
// Keys: listen, port, public_url, anonymous ("read" or "none"), [runner] start, slots, allow_host_process, roots,
// [model] (docs/models.md).
Status read_settings(const fs::path& file, SiteOptions& options);
// Reads the model's key from its file or from the environment, and takes it out of the environment. invalid: it is not
// there, others may read the file, or it may not be sent to that address. Before any thread starts.
Status load_model_key(SiteOptions& options);
// Where code of which repositories is sent, one sentence without a full stop and without the key.
std::string model_words(const SiteOptions& options);

class Site {
 public:
  // Takes the data folder; settles what a kill left. conflict when another program has it.
  static Result<std::unique_ptr<Site>> open(SiteOptions options);
  ~Site();
  Status start();  // listens; loops run
  void stop();
  std::uint16_t port() const;
  const std::string& url() const;  // no slash at the end
  // A one-time sign-in link, once: on the very first start of a data folder, for the user `admin`.
  const std::string& first_link() const;
  // A request as if it came over the admin socket: for commands while no server runs.
  http::Response administer(http::Request request);

 private:
  Site();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The hook side: git runs this program as pre-receive or post-receive; gives the exit code.
int run_hook(const std::string& name);

}  // namespace pika::server
