// What the explainer knows about a change while it works: files with their roles, atoms, groups of atoms.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "pika/explain/explain.hpp"
#include "pika/explain/tutorial.hpp"
#include "roles.hpp"
#include "sides.hpp"

namespace pika::explain {

inline constexpr int kNoPart = -1;
inline constexpr int kNoEdit = -1;

// A part of the branch: the commits that it comes from, by their places in ExplainInput::commits.
struct Concern {
  std::vector<std::size_t> commits;
};

// One changed file.
struct Change {
  const git::FileChange* file = nullptr;
  Role role = Role::source;
  Package package{};  // of the new side; of the old side for a deleted file
  syntax::Language language = syntax::Language::none;
  Side before{}, after{};        // empty where there is none, or nothing of it is read
  bool package_is_new = false;   // its manifest is not in the base
  bool package_is_gone = false;  // its manifest is not in the head
  bool byte_identical = false;   // moved with equal blobs and modes
  int part = kNoPart;            // index in Model::parts
};

// Where text stands on the other side that moved; line 0: it did not move.
struct Elsewhere {
  std::size_t change = 0;
  int line = 0;
};

// The same words replaced, or the same lines added or removed, in several places; one of the texts can be empty.
struct Edit {
  std::string from, to;
  bool whole_lines = false;  // added or removed, and nothing in their place
  int atoms = 0, files = 0;
};

// A run of adjacent -/+ lines: the unit of coverage and of folding.
struct Atom {
  std::size_t change = 0;   // index of its file
  int hunk = -1;            // index in FileChange::hunks; -1: the file's pseudo hunk
  int first = 0, last = 0;  // lines in Hunk::lines
  int added = 0, removed = 0;
  bool test = false;     // test code, by role or by the enclosing symbol
  std::string symbol{};  // the top-level symbol it is in; empty: none known
  std::string rule{};    // the rule it matches; empty: to be read
  Elsewhere moved{};
  int edit = kNoEdit;  // index in Model::edits: all of it is this edit
  std::size_t group = 0;

  int lines() const { return added + removed; }
};

// In the order in which they are told when nothing else decides: what needs judgement early, the mechanical late.
enum class Category {
  create,
  move_in,
  manifest,
  schema,
  source,
  remove,
  test,
  repeated,
  ci,
  config,
  docs,
  assets,
  rename,
  moves,
  generated
};

struct Group {
  Category category = Category::source;
  Package package;
  std::vector<std::size_t> atoms;  // in the diff's order
  std::vector<std::size_t> needs;  // groups whose definitions it uses, ascending
  int to_read = 0;
  int part = kNoPart;
};

struct SymbolChange;
struct Rename;

struct Model {
  const ExplainInput* input = nullptr;
  std::vector<Change> changes;
  std::vector<Atom> atoms;               // in the diff's order
  std::vector<Concern> parts;            // parts.hpp; none: the change is one
  bool parts_chosen = false;             // by a person: they stay as they are
  std::vector<Edit> edits;               // repeated.hpp
  std::vector<Group> groups;             // in the order they are told
  std::vector<SymbolChange> delta;       // delta.hpp
  std::vector<std::size_t> delta_group;  // for each of delta the group that tells it; groups.size(): none
  std::vector<std::size_t> delta_left;   // for what moved to another file the group that shows it leave; likewise
  std::vector<Rename> renames;           // renames.hpp

  Model();
  ~Model();

  const git::Hunk* hunk(const Atom& atom) const {
    return atom.hunk < 0 ? nullptr : &changes[atom.change].file->hunks[static_cast<std::size_t>(atom.hunk)];
  }
  const Change& change(const Atom& atom) const { return changes[atom.change]; }
  const git::FileChange& file(const Atom& atom) const { return *changes[atom.change].file; }
};

// Fills changes and atoms from the diff, and the roles and packages from both trees.
void collect(Model& model);
// Reads and parses both sides of files that have hunks and a language, and says for every atom in which symbol it is
// and whether it is test code. Long runs of added or removed lines are cut between symbols.
void read_sides(Model& model);

}  // namespace pika::explain
