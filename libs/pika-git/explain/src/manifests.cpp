#include "manifests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "pika/base/text.hpp"
#include "pika/json/json.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

using Named = std::map<std::string, std::string>;  // "section name" -> what the manifest says of it

bool plain(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./@").contains(static_cast<char>(c));
  });
}

// Lines are enough: a dependency is a key of a table called dependencies, or a table below it.
Named read_cargo(std::string_view text) {
  Named out;
  std::string section, table;
  int depth = 0;
  std::string* open = nullptr;
  for (auto line : split(text, '\n')) {
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    if (depth > 0) {
      if (open) *open += " " + std::string(line);
    } else if (line.starts_with('[')) {
      auto name = std::string(trim(line.substr(1, line.rfind(']') - 1)));
      auto at = name.find("dependencies");
      section = at != std::string::npos && name.substr(at) == "dependencies" ? name : "";
      table = at != std::string::npos && name.substr(at).starts_with("dependencies.") ? name.substr(at + 13) : "";
      open = nullptr;
      if (!table.empty() && plain(table)) open = &out[table];
      continue;
    } else if (!section.empty()) {
      auto equals = line.find('=');
      if (equals == std::string_view::npos) continue;
      auto key = trim(line.substr(0, equals));
      auto dot = key.find('.');
      auto name = std::string(trim(key.substr(0, dot)));
      open = plain(name) ? &out[name] : nullptr;
      if (open) *open += section + " " + std::string(line);
    } else if (!table.empty() && open) {
      *open += " " + std::string(line);
    }
    if (!section.empty())
      for (char c : line) depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    depth = std::max(depth, 0);
  }
  return out;
}

Named read_package_json(std::string_view text) {
  Named out;
  auto value = json::parse(text);
  if (!value) return out;
  for (std::string_view key : {"dependencies", "devDependencies", "peerDependencies", "optionalDependencies"})
    if (const auto* object = json::find_object(*value, key))
      for (const auto& [name, version] : *object)
        if (plain(std::string_view(name))) out[std::string(name)] += std::string(key) + " " + json::print(version);
  return out;
}

// "require path version", alone or in a block (go.dev/ref/mod, "go.mod files").
Named read_go(std::string_view text) {
  Named out;
  bool inside = false;
  for (auto line : split(text, '\n')) {
    line = trim(line.substr(0, line.find("//")));
    if (line.starts_with("require") && line.ends_with('(')) {
      inside = true;
      continue;
    }
    if (line == ")") inside = false;
    if (line.starts_with("require "))
      line = trim(line.substr(8));
    else if (!inside)
      continue;
    auto space = line.find(' ');
    auto path = line.substr(0, space);
    if (space != std::string_view::npos && plain(path))
      out[std::string(path)] = fmt::format("\"{}\"", trim(line.substr(space)));
  }
  return out;
}

// `name[extra]==1.0; marker` (PEP 508).
void add_requirement(Named& out, std::string_view words) {
  words = trim(words.substr(0, words.find(" #")));
  auto end = words.find_first_of("[<>=!~; @");
  auto name = words.substr(0, end);
  if (!plain(name) || name.starts_with('-') || name.starts_with('.')) return;
  auto rest = end == std::string_view::npos ? std::string_view() : trim(words.substr(end));
  if (rest.starts_with('[')) rest = trim(rest.substr(std::min(rest.size(), rest.find(']') + 1)));
  if (rest.starts_with("==")) rest = trim(rest.substr(2));
  while (rest.ends_with('\\') || rest.ends_with(' ')) rest.remove_suffix(1);
  out[std::string(name)] += fmt::format("\"{}\"", rest);
}

Named read_requirements(std::string_view text) {
  Named out;
  for (auto line : split(text, '\n')) {
    bool goes_on = line.starts_with(' ') || line.starts_with('\t');
    line = trim(line);
    if (!goes_on && !line.empty() && line.front() != '#') add_requirement(out, line);
  }
  return out;
}

// The strings of [project] dependencies, of its optional ones and of groups; poetry's tables.
Named read_pyproject(std::string_view text) {
  Named out;
  std::string section;
  bool inside = false;
  for (auto line : split(text, '\n')) {
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    if (!inside && line.starts_with('[') && line.ends_with(']')) {
      section = std::string(line.substr(1, line.size() - 2));
      continue;
    }
    auto equals = line.find('=');
    auto key = equals == std::string_view::npos ? std::string_view() : trim(line.substr(0, equals));
    if (section.starts_with("tool.poetry") && section.ends_with("dependencies")) {
      if (plain(key)) out[std::string(key)] += section + " " + std::string(trim(line.substr(equals + 1)));
      continue;
    }
    bool listed = (section == "project" && key == "dependencies") || section == "project.optional-dependencies" ||
                  section == "dependency-groups";
    if (!inside && (!listed || line.find('[', equals) == std::string_view::npos)) continue;
    auto items = inside ? line : line.substr(line.find('[', equals) + 1);
    inside = true;
    for (auto first = items.find('"'); first != std::string_view::npos; first = items.find('"', first)) {
      auto last = items.find('"', first + 1);
      if (last == std::string_view::npos) break;
      add_requirement(out, items.substr(first + 1, last - first - 1));
      first = last + 1;
    }
    if (items.ends_with(']')) inside = false;
  }
  return out;
}

using Reader = Named (*)(std::string_view);

// How a manifest is read; null: its dependencies are not known.
Reader reader_of(std::string_view path) {
  auto name = base_name(path), ext = extension_of(path);
  if (name == "Cargo.toml") return read_cargo;
  if (name == "package.json") return read_package_json;
  if (name == "go.mod") return read_go;
  if (name == "pyproject.toml") return read_pyproject;
  return ext == "txt" || ext == "in" ? read_requirements : nullptr;
}

// The version that a manifest's words about a dependency name; empty: none, or not for sure.
std::string version_of(std::string_view words) {
  auto at = words.find("version");
  auto first = words.find('"', at == std::string_view::npos ? 0 : at);
  auto last = first == std::string_view::npos ? first : words.find('"', first + 1);
  if (last == std::string_view::npos) return {};
  auto version = words.substr(first + 1, last - first - 1);
  bool sane = !version.empty() && version.size() <= 40 &&
              version.find_first_not_of("0123456789.^~<>=* |-+abcdefghijklmnopqrstuvwxyz") == std::string_view::npos &&
              version.find_first_of("0123456789*") != std::string_view::npos;
  return sane ? std::string(version) : "";
}

}  // namespace

Dependencies dependency_delta(const Model& model, const Change& change) {
  Dependencies out;
  const auto& file = *change.file;
  auto read = reader_of(file.path());
  if (change.role != Role::manifest || !read || file.old_blob.is_zero() || file.new_blob.is_zero()) return out;
  const auto& repository = *model.input->repository;
  Named sides[2];
  for (int s = 0; s < 2; ++s) {
    const auto& id = s ? file.new_blob : file.old_blob;
    if (repository.blob_size(id).value_or(1u << 30) > (1u << 20)) return out;
    auto text = repository.blob(id).value_or("");
    sides[s] = read(text);
  }
  for (const auto& [dependency, words] : sides[1]) {
    auto before = sides[0].find(dependency);
    if (before == sides[0].end())
      out.added.push_back(dependency);
    else if (before->second != words) {
      auto from = version_of(before->second), to = version_of(words);
      out.changed.push_back(dependency);
      out.versions.push_back(from.empty() || to.empty() || from == to ? "" : from + " to " + to);
    }
  }
  for (const auto& [dependency, words] : sides[0])
    if (!sides[1].contains(dependency)) out.removed.push_back(dependency);
  return out;
}

std::string dependency_words(const Dependencies& delta, bool marked) {
  std::vector<std::string> parts;
  auto part = [&](const char* verb, const std::vector<std::string>& names) {
    std::vector<std::string> words;
    for (const auto& n : names) words.push_back(marked ? code(n) : one_line(n, 40));
    if (!words.empty()) parts.push_back(std::string(verb) + " " + list_words(words, marked ? 12 : 3));
  };
  part(marked ? "adds" : "add", delta.added);
  part(marked ? "drops" : "drop", delta.removed);
  std::vector<std::string> changed;
  for (std::size_t i = 0; i < delta.changed.size(); ++i) {
    changed.push_back(marked ? code(delta.changed[i]) : one_line(delta.changed[i], 40));
    if (!delta.versions[i].empty())
      changed.back() += fmt::format(" ({})", marked ? code(delta.versions[i]) : delta.versions[i]);
  }
  if (!changed.empty()) parts.push_back((marked ? "changes " : "change ") + list_words(changed, marked ? 12 : 3));
  return join(parts, ", ");
}

}  // namespace pika::explain
