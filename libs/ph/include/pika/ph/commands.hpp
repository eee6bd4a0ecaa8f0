// What `ph` does: each command as a function that prints and gives the program's exit code (contracts.md).
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "pika/base/clock.hpp"
#include "pika/base/result.hpp"

namespace pika::ph {

struct Session {
  std::filesystem::path folder;  // where the person stands
  std::filesystem::path login_file;
  std::string server{};      // empty: from the git remote
  std::string repository{};  // "O/N"; empty: from the git remote
  bool json = false;         // print the forge's JSON instead of words
  std::function<void(std::string_view)> out, err;
  std::function<void(Micros)> pause;  // between looks
};

// A branch as people name it: "" (the one checked out), "#133", "133", or a name.
using BranchWord = std::string;

// Asks the forge who the token is, then stores it.
int login(const Session& session, const std::string& url, const std::string& token);
int status(const Session& session, const BranchWord& branch);
int url(const Session& session, const BranchWord& branch);

struct WaitOptions {
  std::optional<Micros> timeout{};  // then exit code 5
};
// Follows the newest suite of the branch, also over a new push; a line a lane as it ends. Exit code: 0 every lane that
// counts passed, else the worst of them; 3 nothing ran; 8 the branch conflicts with its target.
int wait(const Session& session, const BranchWord& branch, const WaitOptions& options);

struct LogOptions {
  std::string lane{};   // id or title; empty: the first that failed, else that runs, else the first
  int attempt = 0;      // 0: the newest
  bool follow = false;  // to its end; then the exit code is the lane's
};
int logs(const Session& session, const BranchWord& branch, const LogOptions& options);

struct MergeOptions {
  std::string override_reason{};
  std::string expected_head{};  // empty: HEAD when the checked-out branch is meant, else what the forge has
};
int merge(const Session& session, const BranchWord& branch, const MergeOptions& options);

// The code for an error: 9 not authorised, 8 refused, 2 wrong arguments, 4 no answer.
int exit_code(ErrorKind kind);
// The code for a lane's end, by its words; a word that is not known counts as infrastructure.
int exit_code(std::string_view status, std::string_view failure);
// The one that wins of two (contracts.md: 7 2 4 1 5 6 3 0).
int worse_exit_code(int a, int b);

}  // namespace pika::ph
