// What a file is for, by its path and first bytes; and the package it belongs to, by the manifests of the tree.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "pika/gitx/repository.hpp"

namespace pika::explain {

enum class Role { source, test, manifest, lock, generated, schema, docs, ci, config, asset };

// `head` is the beginning of the content (a few hundred bytes do); it may be empty.
Role role_of(std::string_view path, std::string_view head);
std::string_view role_name(Role role);
bool foreign(std::string_view path);  // somebody else's code that the tree holds a copy of, by its folder

std::string_view base_name(std::string_view path);
std::string_view folder_of(std::string_view path);     // "" for the root
std::string_view extension_of(std::string_view path);  // "cpp"; "" when there is none

struct Package {
  std::string folder;    // "" is the root
  std::string name;      // as its manifest says, else the folder's name
  std::string manifest;  // path; empty: a plain folder
  std::string kind;      // "crate", "npm package", "Python package", "Go module", "library", "package", "folder"
};

// Finds packages of one side of a change: the nearest folder above a file with a manifest. Where that is the root,
// the first folders of the path stand for a package.
class Packages {
 public:
  Packages(const git::Repository& repository, git::Oid commit) : repository_(repository), commit_(commit) {}
  const Package& of(std::string_view path);

 private:
  std::optional<Package> with_manifest(const std::string& folder);
  const Package& plain(std::string_view path);
  const git::Repository& repository_;
  git::Oid commit_;
  std::map<std::string, std::optional<Package>, std::less<>> by_folder_;
  std::map<std::string, Package, std::less<>> plain_;
};

// A name for people: where the kind adds something, "the jerichoci crate".
std::string package_words(const Package& package);

}  // namespace pika::explain
