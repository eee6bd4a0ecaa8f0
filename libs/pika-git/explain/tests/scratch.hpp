// A throw-away repository and its explanation.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/explain/explain.hpp"
#include "pika/gitx/git.hpp"

namespace pika::explain {

struct Explained {
  git::Diff diff;
  Tutorial tutorial;
};

struct Scratch {
  TempDir dir{"explain-"};
  fs::path path = dir.path() / "r";
  Scratch() {
    fs::create_directories(path);
    git({"init", "-q", "-b", "main"});
  }
  std::string git(std::vector<std::string> args) {
    args.insert(args.begin(), {"-c", "user.name=t", "-c", "user.email=t@x", "-c", "commit.gpgsign=false"});
    auto r = git::run(path, std::move(args));
    if (!r) FAIL(r.error().what);
    return r ? *r : "";
  }
  void write(const std::string& name, std::string_view bytes) {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << bytes;
  }
  git::Oid commit(const std::string& message) {
    git({"add", "-A"});
    git({"commit", "-q", "--allow-empty", "-m", message});
    return git::Repository::open(path)->resolve_commit("HEAD").value();
  }
  Explained explain(const git::Oid& base, const git::Oid& head) {
    auto repository = git::Repository::open(path).value();
    Explained out;
    out.diff = git::make_diff(path, base, head).value();
    auto commits = repository.log(head, base, 100);
    std::reverse(commits.begin(), commits.end());
    ExplainInput input{.diff = &out.diff, .repository = &repository, .commits = commits, .title = {}};
    if (!commits.empty()) input.title = commits.front().subject();
    out.tutorial = pika::explain::explain(input);
    return out;
  }
};

// The hard promises, for any tutorial.
void check_promises(const Explained& explained);

}  // namespace pika::explain
