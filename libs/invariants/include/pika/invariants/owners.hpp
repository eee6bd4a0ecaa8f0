// CODEOWNERS: who owns which file. The language of GitHub's file:
// https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
//
// Patterns are those of .gitignore without "!", "[...]" and "\#". The last line that matches a path decides, also one
// that names nobody. Values, safe to use in any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pika/filter/filter.hpp"
#include "pika/invariants/tree.hpp"

namespace pika::invariants {

struct OwnerLine {
  std::vector<Filter> filters;      // any of them
  std::vector<std::string> owners;  // "@team", "a@b.org"
  int line = 0;
};

class Owners {
 public:
  static Owners parse(std::string_view text);
  const OwnerLine* of(std::string_view path) const;  // nullptr: no line matches

 private:
  std::vector<OwnerLine> lines_;
};

struct OwnersFile {
  std::string path;
  Owners owners;
};
// The first of .github/CODEOWNERS, CODEOWNERS and docs/CODEOWNERS.
std::optional<OwnersFile> find_owners(const TreeView& tree);

}  // namespace pika::invariants
