// Globs of paths in a workspace: * ? [a-z] [!a-z] within a name, ** for any number of names, \ takes the next byte as
// it is. "report/" is "report/**". A name that begins with a dot is a name like any other; matching is by bytes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace jerichoci {

// One name against one part of a glob without a slash. Takes at most |name| * |pattern| steps.
bool match_name(std::string_view pattern, std::string_view name);

// A list of globs while a tree is walked: enter() a folder, see whether anything below it can match at all, ask for
// its files, leave(). So a walk goes only where a glob leads.
class GlobWalk {
 public:
  explicit GlobWalk(const std::vector<std::string>& globs);
  bool enter(std::string_view folder);  // false: nothing below can match, and it was not entered
  void leave();
  bool matches(std::string_view file);                                  // a file of the folder we are in
  bool ever_matched(std::size_t glob) const { return matched_[glob]; }  // the glob of that place in the list

 private:
  struct State {
    std::size_t glob, part;  // the next part of that glob to be matched
    friend auto operator<=>(const State&, const State&) = default;
  };
  using States = std::vector<State>;
  States step(std::string_view name) const;
  void add(States& states, State state) const;  // and what follows without taking a name: ** may be empty
  std::vector<std::vector<std::string>> globs_;
  std::vector<States> stack_;
  std::vector<bool> matched_;
};

}  // namespace jerichoci
