#include "pika/forge/layout.hpp"

#include "pika/base/files.hpp"

namespace pika::forge {

void Layout::make() const {
  make_dirs(data, 0700);
  for (const char* name :
       {"db", "repos", "diffs", "logs", "blobs/tutorials", "runner/state", "run/spool", "run/hooks", "backup"})
    make_dirs(data / name, 0700);
}

}  // namespace pika::forge
