// Renames that this very change proves: identifier pairs with a witness.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "delta.hpp"
#include "model.hpp"

namespace pika::explain {

struct Rename {
  std::string from, to;
  std::string witness;     // "function", "type", "file", ...
  std::size_t change = 0;  // where the witness is
  int line = 0;            // of the new definition; 0 for a file
  bool strict = false;     // may fold: `from` is nowhere in the new code, `to` nowhere in the old
};

// The witnesses: a definition renamed in this diff, or the file of a module. One that is contradicted (a name with
// two new names) is left out.
std::vector<Rename> find_renames(const Model& model, const std::vector<SymbolChange>& delta);

// from -> to of the strict ones.
using RenameMap = std::map<std::string, std::string, std::less<>>;
RenameMap strict_renames(const std::vector<Rename>& renames);

}  // namespace pika::explain
