#include "locks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "pika/base/text.hpp"
#include "pika/json/json.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

constexpr std::uint64_t kMostBytes = 8u << 20;
constexpr std::size_t kMostListed = 20;

struct Locked {
  std::string name, version, text;
};

struct Lock {
  std::map<std::string, Locked> others;  // by what tells one from the next
  std::string rest;
};

// "x" of `name = "x"`
std::string quoted(std::string_view line) {
  auto first = line.find('"'), last = line.rfind('"');
  return first == std::string_view::npos || last <= first ? "" : std::string(line.substr(first + 1, last - first - 1));
}

// A line inside a package as Cargo writes it. TOML has other ways to say the same, and only somebody who has something
// to hide would use them.
bool as_cargo_writes(std::string_view line) {
  if (line.empty() || line == "]" || line == "dependencies = [") return true;
  if (line.starts_with('"') && line.ends_with("\",")) return true;
  for (std::string_view key : {"name", "version", "source", "checksum", "replace"})
    if (line.starts_with(key) && line.substr(key.size()).starts_with(" = \"") && line.ends_with('"')) return true;
  return false;
}

// Blocks of [[package]]. In Cargo.lock one without a source is the repository's own.
std::optional<Lock> read_blocks(std::string_view text, bool own_without_source) {
  Lock lock;
  Locked now;
  bool inside = false, source = false;
  auto close = [&] {
    if (inside && (source || !own_without_source)) {
      auto key = now.name + "\n" + now.version;
      while (lock.others.contains(key)) key += "+";  // the same from two places
      lock.others[key] = now;
    }
    now = {};
    inside = source = false;
  };
  for (auto line : split(text, '\n')) {
    line = trim(line);
    if (line == "[[package]]") {
      close();
      inside = true;
      continue;
    }
    // A table of the package is a part of it; any other is not.
    if (line.starts_with('[') && !line.starts_with("[package.") && !line.starts_with("[[package.") && inside &&
        line.ends_with(']') && line.find('=') == std::string_view::npos && line.find('"') == std::string_view::npos)
      close();
    if (!inside) {
      lock.rest += std::string(line) + "\n";
      continue;
    }
    if (own_without_source && !as_cargo_writes(line)) return std::nullopt;
    if (now.name.empty() && line.starts_with("name =")) now.name = quoted(line);
    if (now.version.empty() && line.starts_with("version =")) now.version = quoted(line);
    source |= line.starts_with("source =");
    now.text += std::string(line) + "\n";
  }
  close();
  return lock;
}

std::size_t count_keys(const json::Value& value) {
  std::size_t n = 0;
  if (const auto* object = value.if_object())
    for (const auto& [key, inner] : *object) n += 1 + count_keys(inner);
  if (const auto* array = value.if_array())
    for (const auto& inner : *array) n += count_keys(inner);
  return n;
}

// How many keys are written in a text that is JSON: strings before a colon.
std::size_t written_keys(std::string_view text) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    n += text[i] == ':';
    if (text[i] != '"') continue;
    for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\';
  }
  return n;
}

// The second and third form of npm's: "packages" by their place. A key that is there twice means one thing to us and
// another to others.
std::optional<Lock> read_npm(std::string_view text) {
  auto value = json::parse(text);
  if (!value || count_keys(*value) != written_keys(text)) return std::nullopt;
  const auto* packages = json::find_object(*value, "packages");
  if (!packages) return std::nullopt;
  Lock lock;
  // What older npm reads is here too ("dependencies").
  for (const auto& [key, rest] : value->as_object())
    if (key != "packages" && key != "name" && key != "version")
      lock.rest += std::string(key) + " " + json::print(rest) + "\n";
  for (const auto& [place, package] : *packages) {
    auto at = std::string_view(place).rfind("node_modules/");
    bool own = at == std::string_view::npos;
    if (own && !json::find(package, "resolved") && !json::find(package, "integrity")) continue;
    lock.others[std::string(place)] = {std::string(std::string_view(place).substr(own ? 0 : at + 13)),
                                       json::find_string(package, "version").value_or(""), json::print(package)};
  }
  return lock;
}

std::optional<Lock> read_lock(std::string_view name, std::string_view text) {
  if (name == "package-lock.json") return read_npm(text);
  if (name == "Cargo.lock") return read_blocks(text, true);
  if (name == "poetry.lock" || name == "uv.lock") return read_blocks(text, false);
  return std::nullopt;
}

// By name, where each side has one version of it; else every version for itself.
std::map<std::string, std::vector<const Locked*>> by_name(const std::map<std::string, Locked>& packages,
                                                          const std::map<std::string, Locked>& other) {
  std::map<std::string, std::vector<const Locked*>> out;
  for (const auto& [key, package] : packages) {
    auto twin = other.find(key);
    if (twin == other.end() || twin->second.text != package.text) out[package.name].push_back(&package);
  }
  return out;
}

std::string item(const LockedPackage& p, bool changed) {
  if (!changed) return fmt::format("{} {}", code(p.name), escape(one_line(p.from + p.to, 40)));
  if (p.from == p.to) return fmt::format("{} {}, not its version", code(p.name), escape(one_line(p.to, 40)));
  return fmt::format("{} {} to {}", code(p.name), escape(one_line(p.from, 40)), escape(one_line(p.to, 40)));
}

std::string listed(const char* verb, const std::vector<LockedPackage>& packages, bool changed) {
  std::string out;
  for (std::size_t i = 0; i < packages.size() && i < kMostListed; ++i)
    out += fmt::format("- {} {}\n", verb, item(packages[i], changed));
  if (packages.size() > kMostListed) out += fmt::format("- {} {} more\n", verb, packages.size() - kMostListed);
  return out;
}

}  // namespace

LockDelta lock_delta(const Model& model, const Change& change) {
  LockDelta out;
  const auto& file = *change.file;
  if (change.role != Role::lock || file.old_blob.is_zero() || file.new_blob.is_zero()) return out;
  const auto& repository = *model.input->repository;
  std::optional<Lock> sides[2];
  for (int s = 0; s < 2; ++s) {
    const auto& id = s ? file.new_blob : file.old_blob;
    if (repository.blob_size(id).value_or(kMostBytes + 1) > kMostBytes) return out;
    sides[s] = read_lock(base_name(s ? file.new_path : file.old_path), repository.blob(id).value_or(""));
    if (!sides[s]) return out;
  }
  out.read = true;
  out.rest_differs = sides[0]->rest != sides[1]->rest;
  auto gone = by_name(sides[0]->others, sides[1]->others), fresh = by_name(sides[1]->others, sides[0]->others);
  for (auto& [name, packages] : gone) {
    auto found = fresh.find(name);
    // Of several versions the same one first: what changed of it is not its version.
    if (found != fresh.end())
      std::erase_if(packages, [&](const Locked* p) {
        auto& others = found->second;
        auto twin =
            std::find_if(others.begin(), others.end(), [&](const Locked* o) { return o->version == p->version; });
        if (twin == others.end()) return false;
        out.other.push_back({name, p->version, p->version});
        others.erase(twin);
        return true;
      });
    if (packages.size() == 1 && found != fresh.end() && found->second.size() == 1) {
      out.other.push_back({name, packages[0]->version, found->second[0]->version});
      fresh.erase(found);
      continue;
    }
    for (const auto* p : packages) out.removed.push_back({name, p->version, {}});
  }
  for (const auto& [name, packages] : fresh)
    for (const auto* p : packages) out.added.push_back({name, {}, p->version});
  return out;
}

std::string lock_words(const LockDelta& delta) {
  if (!delta.any()) return {};
  return "**Pinned packages**\n\n" + listed("adds", delta.added, false) + listed("drops", delta.removed, false) +
         listed("changes", delta.other, true) + "\n";
}

void fold_locks(Model& model) {
  for (std::size_t i = 0; i < model.changes.size(); ++i) {
    auto delta = lock_delta(model, model.changes[i]);
    if (!delta.read || delta.any() || delta.rest_differs) continue;
    for (auto& atom : model.atoms)
      if (atom.change == i && atom.hunk >= 0)
        atom.rule = "lock file: no third-party package is added, dropped or pinned otherwise";
  }
}

}  // namespace pika::explain
