// A forge without its server: a data folder, a store, real git, and the parts that move refs. Commits are made in the
// hosted repository itself, and a push is a ref's move with its hook.
#pragma once
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pika/base/files.hpp"
#include "pika/forge/lander.hpp"
#include "pika/forge/planner.hpp"
#include "pika/forge/review.hpp"
#include "pika/gitx/git.hpp"
#include "pika/gitx/repository.hpp"

namespace pika::forge {

using Files = std::map<std::string, std::string>;
using Ran = jerichoci::Status;

// A catalogue with one sandboxed job a lane: {id, {command, paths (TOML array or empty)}}.
std::string catalogue(const std::map<std::string, std::pair<std::string, std::string>>& lanes);
std::string policy(const std::string& required, const std::string& more = "override = [\"admin\"]\n");

// In memory where the host has that: a forge flushes much, and a test need not wait for a disk.
inline TempDir fast_folder() {
  return TempDir("pika-forge-", ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "");
}

struct World {
  TempDir folder = fast_folder();
  Layout layout{folder.path()};
  std::unique_ptr<store::Store> store;
  RepositoryLocks locks;
  std::vector<store::RunningLease> cancelled;
  int explained = 0;
  std::unique_ptr<Planner> planner;
  std::unique_ptr<Review> review;
  std::unique_ptr<Lander> lander;
  store::Repository repository;
  Files files;  // of the target's first commit
  git::Oid base;

  // `first`: files of the target's first commit; empty: the repository stays empty.
  explicit World(const Files& first);
  void restart();

  fs::path path() const { return layout.repository(repository); }
  git::Repository open() const { return git::Repository::open(path()).value(); }
  git::Oid commit(const Files& files, const std::vector<git::Oid>& parents, const std::string& message = "A change");
  void set_ref(const std::string& name, const git::Oid& to);  // moves it as git does, the forge is not told
  git::Oid at(const std::string& branch) const;               // zero: not there
  std::string git(std::vector<std::string> words) const;
  // Moves refs/heads/NAME and tells the hook's news. Zero deletes.
  std::vector<std::string> push(const std::string& name, const git::Oid& to, const PushOptions& options = {});
  store::Branch pushed(const std::string& name, const git::Oid& to);  // push, and the branch it made
  store::Branch branch(const std::string& name) const;                // open
  store::Suite suite(const store::Branch& branch) const;              // newest
  std::vector<store::LaneWithAttempts> lanes(const store::Branch& branch) const;
  // Runs what is queued of the branch's newest suite to this end; `only` one lane when given.
  void run(const store::Branch& branch, Ran status, const std::string& only = {});
  Result<store::Landing> merge(const store::Branch& branch, const std::string& override_reason = {},
                               domain::Role role = domain::Role::lander);
  domain::VerdictState verdict(const store::Branch& branch);
};

}  // namespace pika::forge
