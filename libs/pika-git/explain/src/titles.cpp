#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "delta.hpp"
#include "manifests.hpp"
#include "narrate.hpp"
#include "pika/base/text.hpp"
#include "renames.hpp"
#include "repeated.hpp"
#include "symbol_words.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

using git::ChangeKind;

struct Shape {
  std::size_t added = 0, deleted = 0, other = 0;
  // The verb that is true of all the files.
  const char* verb() const { return deleted + other == 0 ? "Add" : added + other == 0 ? "Remove" : "Change"; }
};

Shape shape_of(const Model& model, const std::vector<std::size_t>& files) {
  Shape shape;
  for (auto f : files) {
    auto kind = model.changes[f].file->kind;
    ++(kind == ChangeKind::added ? shape.added : kind == ChangeKind::deleted ? shape.deleted : shape.other);
  }
  return shape;
}

std::string names_of(const Model& model, const std::vector<std::size_t>& files, std::size_t most = 3) {
  std::vector<std::string> names;
  for (auto f : files) {
    auto name = plain_name(base_name(model.changes[f].file->path()));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return list_words(names, most);
}

// New files by their stems, as a header and its source go by one name.
std::string stems_of(const Model& model, const std::vector<std::size_t>& files) {
  std::map<std::string, std::set<std::string>> names;
  for (auto f : files) {
    auto name = base_name(model.changes[f].file->path());
    names[std::string(name.substr(0, std::max<std::size_t>(1, name.rfind('.'))))].insert(std::string(name));
  }
  std::vector<std::string> out;
  for (const auto& [stem, whole] : names) out.push_back(plain_name(whole.size() > 1 ? stem : *whole.begin()));
  return list_words(out, 4);
}

constexpr std::string_view kRoot = "the repository root";

// The packages of the files, each once, by name; the root has none worth saying.
std::string packages_of(const Model& model, const std::vector<std::size_t>& files) {
  std::vector<std::string> names;
  for (auto f : files) {
    auto name = plain_name(model.changes[f].package.name);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return list_words(names, 3);
}

std::string where(const Model& model, const std::vector<std::size_t>& files, const char* word = " in ") {
  auto packages = packages_of(model, files);
  return packages == kRoot ? "" : word + packages;
}

// For titles that name no file yet.
std::string where_or_file(const Model& model, const std::vector<std::size_t>& files, const char* word) {
  auto packages = packages_of(model, files);
  return word + (packages == kRoot ? names_of(model, files, 2) : packages);
}

// Says nothing of what the code does; a "#" can be anything.
bool comment(std::string_view line) {
  return line.starts_with("//") || line.starts_with("/*") || line.starts_with("* ") || line.starts_with("<!--");
}

// "a.txt and b.txt"; where not all came, went or changed alike "add a.txt, change b.txt".
std::string names_by_deed(const Model& model, const std::vector<std::size_t>& files) {
  std::vector<std::size_t> added, other, deleted;
  for (auto f : files) {
    auto kind = model.changes[f].file->kind;
    (kind == ChangeKind::added ? added : kind == ChangeKind::deleted ? deleted : other).push_back(f);
  }
  std::string out;
  for (const auto& [verb, which] :
       {std::pair("add", &added), std::pair("change", &other), std::pair("remove", &deleted)})
    if (!which->empty() && which->size() < files.size())
      out += (out.empty() ? "" : ", ") + std::string(verb) + " " + names_of(model, *which);
  return out.empty() ? names_of(model, files) : out;
}

std::string submodule_title(const git::FileChange& file) {
  constexpr unsigned kSubmodule = 0160000;
  if (file.old_mode != kSubmodule && file.new_mode != kSubmodule) return {};
  auto name = plain_name(file.path());
  if (file.old_mode == 0) return "Add the submodule " + name;
  if (file.new_mode == 0) return "Remove the submodule " + name;
  return "Move the submodule " + name + " to another commit";
}

// A change of at most three lines in one file is titled by the line itself.
std::string by_line(const Model& model, const Group& group) {
  const Atom* only = nullptr;
  int lines = 0;
  for (auto i : group.atoms) {
    const auto& atom = model.atoms[i];
    if (!atom.rule.empty() || atom.hunk < 0) return {};
    if (only && only->change != atom.change) return {};
    if (!only) only = &atom;
    lines += atom.lines();
  }
  if (!only || lines > 3 || model.file(*only).kind != ChangeKind::modified) return {};
  const auto* hunk = model.hunk(*only);
  std::string_view line;
  bool gone = only->added == 0;
  for (int i = only->first; i <= only->last; ++i) {
    const auto& l = hunk->lines[static_cast<std::size_t>(i)];
    if (l.kind == (gone ? '-' : '+') && (line.empty() || comment(line))) line = trim(l.text);
  }
  auto text = one_line(line, 70);
  if (text.size() < 3) return {};
  // Of some names there are many in a tree.
  std::string_view path = model.file(*only).path(), name = base_name(path);
  for (std::string_view common : {"Cargo.toml", "CMakeLists.txt", "package.json", "mod.rs", "lib.rs", "main.rs",
                                  "__init__.py", "README.md", "MAP.md"})
    if (name == common && path.size() <= 60) name = path;
  return plain_name(name) + (gone ? ": remove “" : ": “") + text + "”";
}

std::string moves_title(const Model& model, const std::vector<std::size_t>& files) {
  const auto& first = *model.changes[files[0]].file;
  if (files.size() == 1) {
    bool renamed = folder_of(first.old_path) == folder_of(first.new_path);
    auto to = renamed ? base_name(first.new_path) : std::string_view(first.new_path);
    return fmt::format("{} {} to {}", renamed ? "Rename" : "Move", plain_name(base_name(first.old_path)),
                       plain_name(to));
  }
  // The longest folders that hold all the sources and all the targets.
  auto common = [&](auto path_of) {
    std::string folder(folder_of(path_of(first)));
    for (auto f : files) {
      const std::string& path = path_of(*model.changes[f].file);
      while (!folder.empty() && !path.starts_with(folder + "/")) folder = std::string(folder_of(folder));
    }
    return folder;
  };
  auto from = common([](const git::FileChange& f) -> const std::string& { return f.old_path; });
  auto to = common([](const git::FileChange& f) -> const std::string& { return f.new_path; });
  if (from.empty() || to.empty() || from == to) return fmt::format("Move or rename {} files", files.size());
  return fmt::format("Move {} files from {} to {}", files.size(), plain_name(from), plain_name(to));
}

std::string create_title(const Package& package) {
  if (package.kind == "CMake folder") return "Create " + plain_name(package.folder);
  return "Create " + package_words(package);
}

// Where a file is told in several steps, its name would not tell these apart.
bool all_here(const Model& model, std::size_t g, const std::vector<std::size_t>& files) {
  return std::none_of(model.atoms.begin(), model.atoms.end(), [&](const Atom& a) {
    return a.group != g && std::find(files.begin(), files.end(), a.change) != files.end();
  });
}

// Files that tests read, and nothing that runs.
bool only_data(const Model& model, const std::vector<std::size_t>& files) {
  return std::all_of(files.begin(), files.end(), [&](auto f) {
    const auto& path = model.changes[f].file->path();
    auto extension = extension_of(path);
    if (extension == "golden" || extension == "snap") return true;
    auto folders = split(folder_of(path), '/');
    return model.changes[f].language == syntax::Language::none &&
           std::any_of(folders.begin(), folders.end(), [](auto name) {
             return name == "testdata" || name == "fixtures" || name == "golden" || name == "snapshots" ||
                    name == "__snapshots__";
           });
  });
}

// Where tests come and nothing else happens, by their names.
std::string new_tests(const std::vector<const SymbolChange*>& symbols) {
  auto names = test_names(symbols);
  bool only = !symbols.empty() && std::all_of(symbols.begin(), symbols.end(), [](const auto* c) {
    return c->deed == Deed::added && c->after->test && c->after->kind == syntax::SymbolKind::function;
  });
  if (!only || names.empty() || names.size() > 2 || names.size() != symbols.size()) return {};
  return (names.size() == 1 ? "Add the test " : "Add the tests ") + list_names(names, 2);
}

// Where most of them stood in another file before: "Move 14 tests to input.rs, add 2".
std::string moved_tests(const Model& model, const std::vector<const SymbolChange*>& symbols) {
  std::size_t moved = 0, added = 0;
  std::set<std::size_t> to;
  for (const auto* c : symbols) {
    if (c->symbol().kind != syntax::SymbolKind::function || !c->symbol().test) continue;
    bool moves = c->deed == Deed::moved || c->deed == Deed::reworked;
    moved += moves;
    added += c->deed == Deed::added;
    if (moves) to.insert(c->after_change);
  }
  if (moved < 2 || moved * 2 < symbols.size() || to.size() != 1) return {};
  auto title =
      fmt::format("Move {} tests to {}", moved, plain_name(base_name(model.changes[*to.begin()].file->new_path)));
  return added ? title + fmt::format(", add {}", added) : title;
}

std::string test_title(const Model& model, std::size_t g, const std::vector<std::size_t>& files) {
  auto shape = shape_of(model, files);
  const char* verb = shape.deleted + shape.other == 0 ? "Add" : shape.added + shape.other == 0 ? "Remove" : "Update";
  // "the tests of tests" would say nothing.
  auto packages = packages_of(model, files);
  std::string of = packages.starts_with("test") || packages == kRoot ? "" : " of " + packages;
  if (only_data(model, files)) return fmt::format("{} the test data{}: {}", verb, of, names_of(model, files));
  if (auto title = moved_tests(model, symbols_of(model, g)); !title.empty()) return title;
  if (auto title = new_tests(symbols_of(model, g)); !title.empty())
    return title + (of.empty() ? "" : " to" + of.substr(3));
  if (files.size() <= 2 && all_here(model, g, files))
    return fmt::format("{} the tests{}: {}", verb, of, names_of(model, files));
  auto symbols = test_names(symbols_of(model, g));
  if (!symbols.empty()) return fmt::format("{} the tests{}: {}", verb, of, list_names(symbols, 2));
  if (files.size() <= 2) return fmt::format("{} the tests{}: {}", verb, of, names_of(model, files));
  return fmt::format("{} the tests{}", verb, of);
}

// A manifest in the sense of a package, not of a build: Cargo.toml, not CMakeLists.txt.
bool names_package(const Change& change) {
  return change.role == Role::manifest && change.package.manifest == change.file->path() &&
         change.package.kind != "CMake folder";
}

std::string rest_of(const Model& model, const std::vector<std::size_t>& files) {
  std::vector<std::size_t> rest;
  for (auto f : files)
    if (!dependency_delta(model, model.changes[f]).any()) rest.push_back(f);
  return names_of(model, rest, 2);
}

// By the dependencies of the one manifest that changes any; the other files are of the same package.
std::string manifest_title(const Model& model, const std::vector<std::size_t>& files) {
  std::string words, name;
  for (auto f : files) {
    auto delta = dependency_delta(model, model.changes[f]);
    if (!delta.any()) continue;
    if (!words.empty()) return {};
    words = dependency_words(delta, false);
    name = plain_name(model.changes[f].package.name);
  }
  bool manifests =
      std::all_of(files.begin(), files.end(), [&](auto f) { return model.changes[f].role == Role::manifest; });
  if (words.empty() || words.size() > 90) return {};
  std::string of = name == kRoot ? "" : " of " + name;
  if (manifests && files.size() == 1) return fmt::format("Change the dependencies{}: {}", of, words);
  auto rest = rest_of(model, files);
  return fmt::format("Change the dependencies{} ({}){}{}", of, words,
                     rest.find(" and ") == std::string::npos ? " and " : ", ", rest);
}

std::string_view generated_words(const Model& model, const std::vector<std::size_t>& files) {
  auto locks = std::count_if(files.begin(), files.end(), [&](auto f) { return model.changes[f].role == Role::lock; });
  if (locks == 0) return files.size() == 1 ? "the generated file" : "generated files";
  if (static_cast<std::size_t>(locks) < files.size()) return "lock and generated files";
  return locks == 1 ? "the lock file" : "lock files";
}

// Files that are new with this group, where at least four fifths of what it has to read is in them.
std::vector<std::size_t> new_files(const Model& model, const Group& group) {
  std::vector<std::size_t> out;
  int lines = 0;
  for (auto i : group.atoms) {
    const auto& atom = model.atoms[i];
    if (model.file(atom).kind != ChangeKind::added) continue;
    lines += atom.rule.empty() ? std::max(1, atom.lines()) : 0;
    if (out.empty() || out.back() != atom.change) out.push_back(atom.change);
  }
  return lines * 5 >= group.to_read * 4 ? out : std::vector<std::size_t>();
}

// The file that all of them moved to; empty where there is more than one, or more than moves.
std::string moved_to(const Model& model, const std::vector<const SymbolChange*>& symbols) {
  auto file = symbols.front()->after_change;
  bool all = std::all_of(symbols.begin(), symbols.end(), [&](const auto* c) {
    return (c->deed == Deed::moved || c->deed == Deed::reworked) && c->after_change == file;
  });
  return all ? plain_name(base_name(model.changes[file].file->new_path)) : "";
}

// More of what it shows goes to another file than stays.
bool leaves_most(const Model& model, std::size_t g) {
  auto left = std::count(model.delta_left.begin(), model.delta_left.end(), g);
  return static_cast<std::size_t>(left) > symbols_of(model, g).size();
}

}  // namespace

std::vector<std::size_t> files_of(const Model& model, const Group& group) {
  std::vector<std::size_t> files;
  for (auto i : group.atoms)
    if (files.empty() || files.back() != model.atoms[i].change) files.push_back(model.atoms[i].change);
  return files;
}

std::string title_of(const Model& model, std::size_t g) {
  const auto& group = model.groups[g];
  auto files = files_of(model, group);
  if (group.category != Category::generated) {
    if (auto line = by_line(model, group); !line.empty()) return line;
    if (auto edit = edit_title(model, group); !edit.empty()) return edit;
  }
  auto shape = shape_of(model, files);
  auto change = [&](std::string_view what) {
    return fmt::format("{} {}{}", shape.verb(), what, files.size() > 3 ? "" : ": " + names_by_deed(model, files));
  };
  // The same for files that have no common name.
  auto plainly = [&] {
    auto names = names_by_deed(model, files);
    bool mixed = names != names_of(model, files);
    if (mixed) names[0] = static_cast<char>(names[0] - 'a' + 'A');
    return (mixed ? names : fmt::format("{} {}", shape.verb(), names)) + where(model, files);
  };
  if (files.size() == 1)
    if (auto title = submodule_title(*model.changes[files[0]].file); !title.empty()) return title;
  switch (group.category) {
    case Category::create:
      return create_title(group.package);
    case Category::move_in:
    case Category::moves:
      return moves_title(model, files);
    case Category::manifest:
      if (auto title = manifest_title(model, files); !title.empty()) return title;
      if (std::any_of(files.begin(), files.end(), [&](auto f) { return !names_package(model.changes[f]); }))
        return plainly();
      if (packages_of(model, files) == kRoot) return fmt::format("{} {}", shape.verb(), names_of(model, files));
      return fmt::format("{} the {} of {}", shape.verb(), files.size() == 1 ? "manifest" : "manifests",
                         packages_of(model, files));
    case Category::schema:
      return change("the schema");
    case Category::source:
      if (shape.deleted + shape.other == 0 && all_here(model, g, files))
        return "Add " + stems_of(model, files) + where(model, files, " to ");
      if (auto made = new_files(model, group); !made.empty() && all_here(model, g, made))
        return "Add " + stems_of(model, made) + where(model, files, " to ");
      if (auto title = left_title(model, g); !title.empty() && leaves_most(model, g)) return title;
      if (auto title = symbol_title(model, symbols_of(model, g)); !title.empty()) {
        auto symbols = symbols_of(model, g);
        bool only_adds =
            title.starts_with("Add ") && title.find(", change ") == std::string::npos &&
            std::all_of(symbols.begin(), symbols.end(), [](const auto* c) { return c->deed == Deed::added; });
        if (auto to = moved_to(model, symbols); !to.empty()) return title + " to " + to;
        return title + where_or_file(model, files, only_adds ? " to " : " in ");
      }
      return plainly();
    case Category::remove:
      if (!files.empty() && model.changes[files[0]].package_is_gone && shape.added + shape.other == 0)
        return "Remove " + package_words(group.package);
      return plainly();
    case Category::test:
      return test_title(model, g, files);
    case Category::ci:
      return change("the CI configuration");
    case Category::config:
      return change("configuration");
    case Category::docs:
      return change("documentation");
    case Category::assets:
      return change("assets");
    case Category::rename:
      if (model.renames.size() == 1 && model.renames[0].strict)
        return fmt::format("Carry the rename of {} to {}{}", one_line(model.renames[0].from, 40),
                           one_line(model.renames[0].to, 40), where_or_file(model, files, " through "));
      return "Carry the renames" + where_or_file(model, files, " through ");
    case Category::repeated:
      return fmt::format("Make the same edits in {}", plural(static_cast<std::int64_t>(files.size()), "file"));
    case Category::generated:
      return change(generated_words(model, files));
  }
  return names_of(model, files);
}

}  // namespace pika::explain
