#include <algorithm>

#include "model.hpp"

namespace pika::explain {

namespace {

constexpr unsigned kSubmodule = 0160000;

// The beginning of a file's content; empty where it is too large to be worth a look, or no file.
std::string beginning(const git::Repository& repository, const git::FileChange& file) {
  bool gone = file.kind == git::ChangeKind::deleted;
  auto mode = gone ? file.old_mode : file.new_mode;
  const auto& id = gone ? file.old_blob : file.new_blob;
  if (mode == kSubmodule || id.is_zero()) return {};
  if (repository.blob_size(id).value_or(1u << 30) > (4u << 20)) return {};
  auto text = repository.blob(id);
  return text ? text->substr(0, 1024) : std::string();
}

void add_atoms(Model& model, std::size_t index) {
  const auto& file = *model.changes[index].file;
  bool test = model.changes[index].role == Role::test;
  if (file.hunks.empty()) {
    model.atoms.push_back({.change = index, .test = test});
    return;
  }
  for (std::size_t h = 0; h < file.hunks.size(); ++h) {
    const auto& lines = file.hunks[h].lines;
    for (std::size_t i = 0; i < lines.size();) {
      if (lines[i].kind == ' ') {
        ++i;
        continue;
      }
      Atom atom{.change = index, .hunk = static_cast<int>(h), .first = static_cast<int>(i), .test = test};
      for (; i < lines.size() && lines[i].kind != ' '; ++i) ++(lines[i].kind == '+' ? atom.added : atom.removed);
      atom.last = static_cast<int>(i) - 1;
      model.atoms.push_back(std::move(atom));
    }
  }
}

}  // namespace

void collect(Model& model) {
  const auto& diff = *model.input->diff;
  const auto& repository = *model.input->repository;
  Packages before(repository, diff.base), after(repository, diff.head);
  auto has = [&](const git::Oid& side, const std::string& path) {
    return !side.is_zero() && repository.entry(side, path).has_value();
  };
  for (const auto& file : diff.files) {
    Change change{.file = &file};
    bool gone = file.kind == git::ChangeKind::deleted;
    change.role = role_of(file.path(), beginning(repository, file));
    change.package = gone ? before.of(file.old_path) : after.of(file.new_path);
    const auto& manifest = change.package.manifest;
    change.package_is_new = !gone && !manifest.empty() && !has(diff.base, manifest);
    change.package_is_gone = gone && !manifest.empty() && !has(diff.head, manifest);
    change.byte_identical = file.hunks.empty() && file.old_blob == file.new_blob && !file.mode_changed() &&
                            (file.kind == git::ChangeKind::renamed || file.kind == git::ChangeKind::copied);
    model.changes.push_back(std::move(change));
    add_atoms(model, model.changes.size() - 1);
  }
  for (auto& atom : model.atoms)
    if (model.change(atom).byte_identical) atom.rule = "byte-identical";
}

}  // namespace pika::explain
