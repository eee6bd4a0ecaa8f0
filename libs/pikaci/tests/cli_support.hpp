// A scratch repository, and commands run in it with their words kept.
#pragma once
#include <sstream>
#include <string>

#include "pika/base/files.hpp"
#include "pika/json/json.hpp"
#include "pikaci/cli.hpp"

class Scratch {
 public:
  Scratch();  // an empty repository on branch main
  const std::filesystem::path& root() const { return root_; }
  void write(const std::string& path, const std::string& text);
  void remove(const std::string& path);
  std::string git(std::vector<std::string> args);  // fails the test when git does
  std::string commit(const std::string& subject);  // of everything; gives the id
  // A lane `unit` for libs/, whose job fails when libs/broken is there, and a lane `docs` for docs/. Committed.
  void with_catalogue();

  pikaci::CliContext context(pikaci::OutputFormat output = pikaci::OutputFormat::human);
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }
  pika::json::Value json() const;
  void clear();

 private:
  pika::TempDir folder_;
  std::filesystem::path root_;
  std::ostringstream out_, err_;
};
