// The commands of pika-invariants: each gives the program's exit code, which docs/invariants.md describes.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pika/invariants/print.hpp"

namespace pika::invariants {

struct Session {
  std::filesystem::path folder;  // anywhere in the repository
  std::string tree;              // a revision; empty: the work tree
  std::filesystem::path file;    // another invariants file, on disk; empty: the tree's own
  std::filesystem::path cache;   // the folder for caches; empty: none is kept
  bool json = false;
  Colour colour = Colour::off;
  std::function<void(std::string_view)> out, err;
};

struct CheckOptions {
  std::string base;  // a revision; empty: no comparison
  OnlyNew only_new = OnlyNew::no;
  bool all = false;  // every place
  Grader grader;     // of statements without a rule; by default none
};

int check(const Session& session, const CheckOptions& options);
int list(const Session& session);
// The ids alone, one a line, for completion.
int names(const Session& session);
int explain(const Session& session, const std::string& id);
// The dependencies that start at files which the filters match (all without one); only what leads nowhere when asked.
enum class Show { edges, dangling };
int graph(const Session& session, const std::vector<std::string>& filters, Show show);
// For arguments that make no sense: prints, and gives 2.
int bad_arguments(const Session& session, const std::string& what, const std::string& advice);

}  // namespace pika::invariants
