// The commands of pika-git, each a function from its flags to an exit code (contracts: 0, 2 arguments, 4 the host).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pika/provider/flags.hpp"

struct ServeFlags {
  std::string data, listen, port_file, public_url, runner_program;
  int port = -1, slots = 0, lease_seconds = 30;
  bool no_runner = false, allow_host_process = false, check = false;
};
int serve(const ServeFlags& flags);

// Commands that go to the running server over DATA/run/admin.sock, or work on the data folder when none runs.
int repo_create(const std::string& data, const std::string& name, const std::string& import, const std::string& target);
int repo_list(const std::string& data);
int user_create(const std::string& data, const std::string& name, const std::string& role);
int user_login_link(const std::string& data, const std::string& name);
int token_create(const std::string& data, const std::string& user, const std::string& name);
int verify(const std::string& data);

// A language model that re-words a tutorial, when it has a name.
using ModelFlags = pika::model::Flags;
int explain(const std::string& repo, const std::string& base, const std::string& head, const std::string& format,
            const ModelFlags& model);
// `open`: in a browser; nothing said: where a person looks on.
int local(const std::string& repo, const std::string& base, const std::string& out, bool include_uncommitted,
          std::optional<bool> open, const ModelFlags& model);
// One small question without code to the flags' model, or to that of a data folder; prints what it is and takes.
int probe(const std::string& data, const ModelFlags& model);
