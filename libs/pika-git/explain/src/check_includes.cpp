// Headers of this repository that an added line includes and that nobody has written or moved there. Said only where
// the folder that it names has other headers, and nothing in the tree that the header could be made from.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "checks.hpp"
#include "pika/base/text.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

using syntax::Language;

constexpr std::size_t kMostIncludes = 200;
constexpr std::size_t kMostBuilders = 2000;
constexpr std::uint64_t kMostBytes = 256u << 10;
constexpr int kMostEntries = 50'000, kMostTold = 3;

bool header(std::string_view path) {
  static constexpr std::array<std::string_view, 4> kEndings = {"h", "hh", "hpp", "hxx"};
  return std::find(kEndings.begin(), kEndings.end(), extension_of(path)) != kEndings.end();
}

// What `#include "a/b.h"` or `#include <a/b.h>` names, where it names a folder and stays below it.
std::optional<std::string> included(std::string_view line) {
  line = trim(line);
  if (!line.starts_with('#')) return std::nullopt;
  line = trim(line.substr(1));
  if (!line.starts_with("include")) return std::nullopt;
  line = trim(line.substr(7));
  if (line.size() < 3 || (line[0] != '"' && line[0] != '<')) return std::nullopt;
  auto end = line.find(line[0] == '"' ? '"' : '>', 1);
  if (end == std::string_view::npos) return std::nullopt;
  auto path = line.substr(1, end - 1);
  if (path.find('/') == std::string_view::npos || path.find("..") != std::string_view::npos || path.front() == '/' ||
      !header(path))
    return std::nullopt;
  return std::string(path);
}

bool ends_with_path(std::string_view path, std::string_view tail) {
  return path.ends_with(tail) && (path.size() == tail.size() || path[path.size() - tail.size() - 1] == '/');
}

// Under an #if that is not the guard against being read twice.
bool conditional(const Side& side, int line) {
  int depth = 0;
  bool guard = true;
  for (int i = 1; i < line; ++i) {
    auto text = trim(side.line(i));
    if (!text.starts_with('#')) continue;
    text = trim(text.substr(1));
    if (text.starts_with("if")) {
      bool guards = guard && text.starts_with("ifndef") && trim(side.line(i + 1)).starts_with("#");
      if (guards && depth == 0)
        guard = false;
      else
        ++depth;
    } else if (text.starts_with("endif") && depth > 0) {
      --depth;
    }
  }
  return depth > 0;
}

// What may say that it makes a header.
bool builds(std::string_view path) {
  static constexpr std::array<std::string_view, 6> kNames = {"CMakeLists.txt", "configure.ac", "meson.build",
                                                             "BUILD",          "BUILD.bazel",  ".gitignore"};
  static constexpr std::array<std::string_view, 7> kEndings = {"mk", "cmake", "am", "gn", "gni", "py", "sh"};
  auto name = base_name(path);
  return name.find("akefile") != std::string_view::npos ||
         std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         std::find(kEndings.begin(), kEndings.end(), extension_of(name)) != kEndings.end();
}

struct Include {
  const Change* change = nullptr;
  int line = 0;
  std::string path;
  bool neighbours = false, known = false;
};

std::vector<Include> added_includes(const Model& model) {
  std::vector<Include> out;
  for (const auto& atom : model.atoms) {
    const auto* hunk = model.hunk(atom);
    const auto& change = model.change(atom);
    bool c = change.language == Language::c || change.language == Language::cpp;
    if (!hunk || !c || change.role == Role::generated || foreign(change.file->new_path)) continue;
    // Its author asks first whether it is there.
    if (change.after.text.find("__has_include") != std::string::npos) continue;
    for (int i = atom.first; i <= atom.last && out.size() < kMostIncludes; ++i) {
      const auto& line = hunk->lines[static_cast<std::size_t>(i)];
      // Where no token begins the line is inside of a comment.
      if (line.kind != '+' || change.after.tokens(line.new_line, line.new_line).empty()) continue;
      if (auto path = included(line.text); path && !conditional(change.after, line.new_line))
        out.push_back({&change, line.new_line, std::move(*path)});
    }
  }
  return out;
}

// Something that a header of that stem may be made from: a.h.in, a.proto, a.y; not what includes it.
bool makes(std::string_view entry, std::string_view stem) {
  static constexpr std::array<std::string_view, 6> kSources = {"c", "cc", "cpp", "cxx", "m", "mm"};
  auto name = base_name(entry);
  return name.size() > stem.size() && name.starts_with(stem) && name[stem.size()] == '.' && !header(entry) &&
         std::find(kSources.begin(), kSources.end(), extension_of(name)) == kSources.end();
}

void look(std::string_view entry, Include& include) {
  auto name = base_name(include.path);
  if (ends_with_path(entry, include.path) || makes(entry, name.substr(0, name.find('.')))) include.known = true;
  if (header(entry) && ends_with_path(folder_of(entry), folder_of(include.path))) include.neighbours = true;
}

}  // namespace

void check_includes(const Model& model, std::vector<Check>& out) {
  auto includes = added_includes(model);
  if (includes.empty()) return;
  const auto& repository = *model.input->repository;
  int entries = 0;
  std::vector<git::TreeEntry> builders;
  repository.walk(model.input->diff->head, [&](const git::TreeEntry& entry) {
    for (auto& include : includes)
      if (!include.known) look(entry.path, include);
    if (builds(entry.path) && (entry.mode & 0170000) == 0100000) builders.push_back(entry);
    return ++entries < kMostEntries;
  });
  if (entries >= kMostEntries) return;  // what was not looked at may have it
  std::erase_if(includes, [](const Include& i) { return i.known || !i.neighbours; });
  if (includes.empty() || builders.size() > kMostBuilders) return;
  for (const auto& builder : builders) {
    if (repository.blob_size(builder.id).value_or(kMostBytes + 1) > kMostBytes) continue;
    auto text = repository.blob(builder.id).value_or("");
    std::erase_if(includes, [&](const Include& i) { return text.contains(base_name(i.path)); });
  }
  int told = 0;
  for (const auto& include : includes) {
    if (told++ == kMostTold) return;
    out.push_back(
        {"missing_include", include.change->file->new_path, include.line,
         fmt::format("{} is included here, and no file of that name is in the repository.", code(include.path))});
  }
}

}  // namespace pika::explain
