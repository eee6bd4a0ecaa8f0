// The one diff that everybody uses: made once by git, stored as git's own bytes, parsed here.
//
// Format of the stored bytes: the output of
//   git diff-tree -r --raw -z -p --full-index -M50% --patience --indent-heuristic -U3 --no-color --no-ext-diff
//            --no-textconv --src-prefix=a/ --dst-prefix=b/ BASE HEAD
// that is: raw records (":<mode> <mode> <oid> <oid> <status>\0<path>\0[<path>\0]"), one NUL, then the patches in the
// same order (see git-diff(1), "raw output format" and -z). Names are taken from the raw records, where they are
// bytes; hunk headers say how many lines follow, so a line can hold anything.
//
// Hunks are numbered H1, H2, ... through the whole diff; a change without hunks gets one pseudo id: R (pure rename
// or copy), M (mode change), B (binary), E (empty file added or removed), S (submodule), each counted in the same
// sequence: a file is never without an id. A renamed file with edits has hunks only.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/gitx/oid.hpp"

namespace pika::git {

enum class ChangeKind { added, modified, deleted, renamed, copied, type_changed };

struct DiffLine {
  char kind = ' ';                 // ' ', '+', '-'
  std::string_view text;           // without the newline; into Diff::bytes
  int old_line = 0, new_line = 0;  // 1-based; 0 on the side where it is not
  bool no_newline = false;         // the file ends here without one
};

struct Hunk {
  std::string id;  // "H12"
  int old_start = 0, old_lines = 0, new_start = 0, new_lines = 0;
  std::string_view section;  // git's words after the second @@
  std::vector<DiffLine> lines;
  std::string header() const;  // "@@ -7,3 +7,3 @@"
};

struct FileChange {
  ChangeKind kind = ChangeKind::modified;
  std::string old_path, new_path;       // equal unless renamed or copied
  unsigned old_mode = 0, new_mode = 0;  // 0: not there
  Oid old_blob, new_blob;               // zero: not there
  int similarity = 0;                   // percent, for renamed and copied
  bool binary = false;
  std::string pseudo_id;  // "R3", when it has no hunks
  std::vector<Hunk> hunks;
  int added = 0, removed = 0;  // lines

  const std::string& path() const { return kind == ChangeKind::deleted ? old_path : new_path; }
  bool mode_changed() const { return old_mode != 0 && new_mode != 0 && old_mode != new_mode; }
};

struct Diff {
  std::shared_ptr<const std::string> bytes;  // what the views point into
  std::string hash;                          // sha256 of the bytes, hex
  Oid base, head;                            // trees or commits it was made of
  std::vector<FileChange> files;
  int added = 0, removed = 0;
  std::size_t hunk_count() const;
};

// Makes the stored bytes. `base` and `head` are commits or trees; a zero base is the empty tree.
Result<std::string> make_diff_bytes(const std::filesystem::path& repo, const Oid& base, const Oid& head);
// Parses them. invalid, with the byte offset, when they are not such bytes. Never reads outside them.
Result<Diff> parse_diff(std::string bytes, const Oid& base, const Oid& head);
Result<Diff> make_diff(const std::filesystem::path& repo, const Oid& base, const Oid& head);

// The tree of no files, which git knows without having it.
inline constexpr const char* kEmptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

// Paths that changed between two trees, both sides of a rename, any byte in a name; sorted, unique. For selection.
Result<std::vector<std::string>> changed_paths(const std::filesystem::path& repo, const Oid& base, const Oid& head);

}  // namespace pika::git
