// A walk through one or two folders side by side, of any depth: only the descriptors of the folder it is in are open.
#pragma once
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "pika/base/fd.hpp"

namespace jerichoci {

// Opens a folder below another without following a symlink. Throws SystemError.
pika::UniqueFd open_folder(int parent, const char* name);
// Calls for each name but "." and "..".
void each_entry(int folder, const std::function<void(const char* name)>& each);

// One folder of the walk. Going up is by "..", held against what was there on the way down.
class FolderCursor {
 public:
  FolderCursor(pika::UniqueFd root, std::string shown);
  int fd() const { return fd_.get(); }
  void down(const char* name);
  void up();
  std::size_t depth() const { return above_.size(); }
  std::string path(const char* name = "") const;  // for messages

 private:
  struct Place {
    dev_t device;
    ino_t inode;
    std::string name;  // of the folder that was entered from here
  };
  pika::UniqueFd fd_;
  std::string shown_;
  std::vector<Place> above_;
};

// Visits every folder once: `visit` gives the names of the folders to go into; `enter` and `leave` are called around
// each of them, with the name. The root is visited first, without them.
struct WalkSteps {
  std::function<std::vector<std::string>()> visit;
  std::function<void(const std::string& name)> enter;
  std::function<void()> leave;
};
void walk_folders(const WalkSteps& steps);

}  // namespace jerichoci
