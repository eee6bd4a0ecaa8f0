// Paths that this change takes away and that the tree still names: in what builds and checks it, in documents, in code
// that opens files; links that lead nowhere since a document moved; scripts of package.json that are still called.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "checks.hpp"
#include "pika/base/text.hpp"
#include "pika/json/json.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

constexpr std::uint64_t kMostBytes = 256u << 10, kMostRead = 32u << 20;
constexpr std::size_t kMostGone = 2000;
constexpr int kMostFiles = 4000, kMostTold = 3;

bool path_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-+/@").contains(c);
}

// `path` as written in a file of `folder`, from the root; empty: it leads out.
std::string resolved(std::string_view folder, std::string_view path) {
  std::vector<std::string_view> parts;
  if (!folder.empty()) parts = split(folder, '/');
  for (auto part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
      continue;
    }
    if (parts.empty()) return {};
    parts.pop_back();
  }
  std::string out;
  for (auto part : parts) out += (out.empty() ? "" : "/") + std::string(part);
  return out;
}

// A log of what was is right to name what went; other people's code names its own files.
bool passed_over(std::string_view path) {
  auto name = lower(base_name(path));
  for (std::string_view word : {"change", "news", "history", "release", "migrat", "upgrad"})
    if (name.find(word) != std::string::npos) return true;
  return foreign(path);
}

// Names files of its own folder.
bool builds(std::string_view path) {
  auto name = base_name(path);
  for (std::string_view known : {"CMakeLists.txt", "Makefile", "makefile", "GNUmakefile", "Makefile.am", "meson.build",
                                 "BUILD", "BUILD.bazel", "Dockerfile"})
    if (name == known) return true;
  return extension_of(name) == "mk";
}

class Paths {
 public:
  Paths(const Model& model, std::vector<Check>& out) : model_(model), out_(out) {}

  void run() {
    find_gone();
    find_scripts();
    if (!gone_.empty() || !scripts_.empty()) walk();
    for (const auto& change : model_.changes)
      if (change.file->kind == git::ChangeKind::renamed && change.role == Role::docs) moved_links(change);
  }

 private:
  const git::Repository& repository() const { return *model_.input->repository; }
  const git::Oid& head() const { return model_.input->diff->head; }

  // A file of that name, or one that it is made from.
  bool there(const std::string& path) const {
    return repository().entry(head(), path).has_value() || repository().entry(head(), path + ".in").has_value();
  }

  void find_gone() {
    for (const auto& change : model_.changes) {
      const auto& file = *change.file;
      bool left = file.kind == git::ChangeKind::deleted || file.kind == git::ChangeKind::renamed;
      if (left && gone_.size() < kMostGone && !there(file.old_path)) gone_[file.old_path] = &file;
    }
  }

  static std::set<std::string> scripts_of(std::string_view text) {
    std::set<std::string> out;
    auto value = json::parse(text);
    if (!value) return out;
    if (const auto* scripts = json::find_object(*value, "scripts"))
      for (const auto& [name, words] : *scripts) out.insert(std::string(name));
    return out;
  }

  // Of the manifest at the root alone: which one another folder's command means is not sure.
  void find_scripts() {
    for (const auto& change : model_.changes) {
      const auto& file = *change.file;
      if (file.new_path != "package.json" || file.old_blob.is_zero() || file.new_blob.is_zero()) continue;
      auto now = scripts_of(repository().blob(file.new_blob).value_or(""));
      for (const auto& name : scripts_of(repository().blob(file.old_blob).value_or("")))
        if (!now.contains(name) && name.size() >= 3) scripts_.insert(name);
    }
  }

  void walk() {
    int files = 0;
    std::uint64_t read = 0;
    repository().walk(head(), [&](const git::TreeEntry& entry) {
      if ((entry.mode & 0170000) != 0100000 || passed_over(entry.path)) return true;
      auto role = role_of(entry.path, "");
      if (role == Role::lock || role == Role::asset || role == Role::generated) return true;
      auto size = repository().blob_size(entry.id).value_or(kMostBytes + 1);
      if (size > kMostBytes) return true;
      auto text = repository().blob(entry.id).value_or("");
      if (text.find('\0') == std::string::npos) one_file(entry.path, role, text);
      return ++files < kMostFiles && (read += size) < kMostRead && told_ < kMostTold;
    });
  }

  void one_file(const std::string& path, Role role, std::string_view text) {
    int number = 0;
    for (auto line : split(text, '\n')) {
      ++number;
      if (line.size() < 2000 && !gone_.empty()) paths_of(path, role, line, number);
      if (!scripts_.empty() && (role == Role::ci || path == "package.json" || role == Role::docs))
        scripts_of_line(path, line, number);
    }
  }

  void paths_of(const std::string& path, Role role, std::string_view line, int number) {
    for (std::size_t i = 0; i < line.size();) {
      if (!path_byte(line[i])) {
        ++i;
        continue;
      }
      auto end = i;
      while (end < line.size() && path_byte(line[end])) ++end;
      auto word = line.substr(i, end - i);
      while (word.ends_with('.')) word.remove_suffix(1);
      if (auto* file = meant(path, role, line, i, end, word); file && !beside(path, word))
        tell(*file, word, path, number);
      i = end;
    }
  }

  // The path that went and that a word of a file means; null: none, or not for sure.
  const git::FileChange* meant(const std::string& path, Role role, std::string_view line, std::size_t begin,
                               std::size_t end, std::string_view word) const {
    auto known = [&](const std::string& full) {
      auto found = gone_.find(full);
      return found == gone_.end() ? nullptr : found->second;
    };
    bool address = word.find("//") != std::string_view::npos || (begin > 0 && line[begin - 1] == ':');
    if (address || word.size() < 4) return nullptr;
    char before = begin > 0 ? line[begin - 1] : ' ', after = end < line.size() ? line[end] : ' ';
    if (std::string_view("*{$%~\\").contains(before) || after == '*' || after == '{')
      return nullptr;  // part of a pattern
    bool deep = word.find('/') != std::string_view::npos;
    if (role == Role::docs) {
      bool link = before == '(' && begin > 1 && line[begin - 2] == ']' && (after == ')' || after == '#');
      if (link) return known(resolved(folder_of(path), word));
      return deep ? known(resolved("", word)) : nullptr;
    }
    if (builds(path)) {
      if (auto* own = known(resolved(folder_of(path), word))) return own;
      return deep ? known(resolved("", word)) : nullptr;
    }
    if (role == Role::ci || role == Role::config || role == Role::manifest || extension_of(path) == "sh")
      return deep || (role == Role::ci && word.find('.') != std::string_view::npos) ? known(resolved("", word))
                                                                                    : nullptr;
    bool quoted = (before == '"' || before == '\'') && after == before;
    return deep && quoted ? known(resolved("", word)) : nullptr;
  }

  // Read from the folder of the file that names it, the path is there.
  bool beside(const std::string& path, std::string_view word) const {
    auto full = resolved(folder_of(path), word);
    return !full.empty() && there(full);
  }

  void tell(const git::FileChange& file, std::string_view word, const std::string& path, int line) {
    // Into a folder that paths are looked for in (src, include), as far as anybody can tell.
    if (file.kind == git::ChangeKind::renamed && file.new_path.ends_with("/" + std::string(word))) return;
    if (told_ >= kMostTold || !known_.insert(file.old_path).second) return;
    ++told_;
    auto what =
        file.kind == git::ChangeKind::renamed
            ? fmt::format("{} is still named here; it is {} now.", code_name(file.old_path), code_name(file.new_path))
            : fmt::format("{} is still named here; this change deletes it.", code_name(file.old_path));
    out_.push_back({"removed_path_named", path, line, std::move(what)});
  }

  void scripts_of_line(const std::string& path, std::string_view line, int number) {
    for (std::string_view call : {"npm run ", "pnpm run ", "yarn run ", "bun run ", "npm run-script "}) {
      auto at = line.find(call);
      if (at == std::string_view::npos) continue;
      auto begin = at + call.size(), end = begin;
      while (end < line.size() && (path_byte(line[end]) || line[end] == ':')) ++end;
      auto found = scripts_.find(std::string(line.substr(begin, end - begin)));
      if (found == scripts_.end() || told_ >= kMostTold) continue;
      ++told_;
      out_.push_back({"removed_script_named", path, number,
                      fmt::format("The script {} is still called here; {} no longer has it.", code(*found),
                                  code_name("package.json"))});
      scripts_.erase(found);
    }
  }

  // A document went to another folder: its links that led to files, and do no longer.
  void moved_links(const Change& change) {
    const auto& file = *change.file;
    auto was = folder_of(file.old_path), is = folder_of(file.new_path);
    if (was == is || repository().blob_size(file.new_blob).value_or(kMostBytes + 1) > kMostBytes) return;
    auto text = repository().blob(file.new_blob).value_or("");
    int number = 0, broken = 0, first = 0;
    std::string example;
    for (auto line : split(text, '\n')) {
      ++number;
      for (auto at = line.find("]("); at != std::string_view::npos; at = line.find("](", at + 2)) {
        auto end = line.find_first_of(")# \t", at + 2);
        if (end == std::string_view::npos) break;
        auto target = line.substr(at + 2, end - at - 2);
        if (target.empty() || target.front() == '/' || target.find(':') != std::string_view::npos) continue;
        auto before = resolved(was, target), after = resolved(is, target);
        if (before.empty() || !repository().entry(model_.input->diff->base, before)) continue;
        if (!after.empty() && repository().entry(head(), after)) continue;
        if (++broken == 1) first = number, example = target;
      }
    }
    if (broken == 0) return;
    auto more = broken == 1   ? std::string()
                : broken == 2 ? std::string("; so does 1 link more")
                              : fmt::format("; so do {} links more", broken - 1);
    out_.push_back(
        {"broken_link", file.new_path, first,
         fmt::format("The link to {} led to a file while this document was {}, and leads to none from here{}.",
                     code(example), code_name(file.old_path), more)});
  }

  const Model& model_;
  std::vector<Check>& out_;
  std::map<std::string, const git::FileChange*, std::less<>> gone_;
  std::set<std::string> known_, scripts_;
  int told_ = 0;
};

}  // namespace

void check_paths(const Model& model, std::vector<Check>& out) {
  Paths(model, out).run();
}

}  // namespace pika::explain
