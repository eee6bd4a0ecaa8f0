// Cargo.toml, pyproject.toml and CMake's lists.
#include <algorithm>
#include <array>

#include "pika/toml/toml.hpp"
#include "scan/scanner.hpp"

namespace pika::invariants {
namespace {

// Byte offset of a line and column in code points, both from 1.
class Offsets {
 public:
  explicit Offsets(std::string_view text) : text_(text) {
    for (std::size_t i = 0; i < text.size(); ++i)
      if (text[i] == '\n') lines_.push_back(i + 1);
  }
  std::size_t operator()(toml::Position at) const {
    if (at.line < 1 || static_cast<std::size_t>(at.line) > lines_.size()) return 0;
    auto i = lines_[static_cast<std::size_t>(at.line) - 1];
    for (int column = 1; column < at.column && i < text_.size(); ++column) do
        ++i;
      while (i < text_.size() && (static_cast<unsigned char>(text_[i]) & 0xC0) == 0x80);
    return i;
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> lines_ = {0};
};

std::string text_of(const toml::Value& table, std::string_view key) {
  const auto* entry = table.find(key);
  return entry && entry->value.kind == toml::Kind::string ? entry->value.text : std::string();
}

class Cargo {
 public:
  Cargo(std::string_view text, FoundList& found) : offsets_(text), found_(found) {}

  void read(const toml::Value& root) {
    if (const auto* package = table(root, "package")) {
      const auto* edition = package->value.find("edition");
      auto year = text_of(package->value, "edition");
      if (edition && edition->value.kind == toml::Kind::table) year = "workspace";
      add(RefKind::cargo_package, package->at, text_of(package->value, "name"), year);
    }
    if (const auto* library = table(root, "lib"))
      add(RefKind::cargo_library, library->at, text_of(library->value, "path"), text_of(library->value, "name"));
    for (auto kind : {"bin", "test", "example", "bench"})
      if (const auto* list = root.find(kind); list && list->value.kind == toml::Kind::array)
        for (const auto& item : list->value.items)
          if (auto path = text_of(item, "path"); !path.empty()) add(RefKind::cargo_root, item.at, path, kind);
    dependencies(root, RefKind::cargo_dependency);
    if (const auto* targets = table(root, "target"))
      for (const auto& target : targets->value.entries) dependencies(target.value, RefKind::cargo_dependency);
    if (const auto* workspace = table(root, "workspace")) dependencies(workspace->value, RefKind::cargo_shared);
  }

 private:
  static const toml::Entry* table(const toml::Value& parent, std::string_view key) {
    const auto* entry = parent.find(key);
    return entry && entry->value.kind == toml::Kind::table ? entry : nullptr;
  }

  void add(RefKind kind, toml::Position at, std::string text, std::string context) {
    found_.push_back({kind, offsets_(at), std::move(text), std::move(context)});
  }

  void dependencies(const toml::Value& parent, RefKind kind) {
    for (auto section : {"dependencies", "dev-dependencies", "build-dependencies"}) {
      const auto* list = table(parent, section);
      if (!list) continue;
      for (const auto& each : list->value.entries) {
        const auto* shared = each.value.find("workspace");
        add(kind, each.at, each.key,
            text_of(each.value, "path") + "\n" + text_of(each.value, "package") + "\n" +
                (shared && shared->value.boolean ? "workspace" : ""));
      }
    }
  }

  Offsets offsets_;
  FoundList& found_;
};

// https://packaging.python.org/en/latest/specifications/pyproject-toml/, and the sections of uv and Poetry that name
// folders.
class Pyproject {
 public:
  Pyproject(std::string_view text, FoundList& found) : offsets_(text), found_(found) {}

  void read(const toml::Value& root) {
    const toml::Value none;
    const auto& project = below(root, "project", none);
    const auto& tool = below(root, "tool", none);
    const auto& poetry = below(tool, "poetry", none);
    for (const auto* table : {&project, &poetry})
      if (const auto* name = table->find("name"); name && name->value.kind == toml::Kind::string)
        add(RefKind::python_project, name->at, normal(name->value.text), {});
    list(project.find("dependencies"));
    for (const auto* groups : {&below(project, "optional-dependencies", none), &below(root, "dependency-groups", none)})
      for (const auto& group : groups->entries) list(&group);
    for (const auto& source : below(below(tool, "uv", none), "sources", none).entries) from_folder(source);
    for (auto section : {"dependencies", "dev-dependencies"})
      for (const auto& each : below(poetry, section, none).entries) from_folder(each);
    for (const auto& group : below(poetry, "group", none).entries)
      for (const auto& each : below(group.value, "dependencies", none).entries) from_folder(each);
  }

 private:
  static const toml::Value& below(const toml::Value& parent, std::string_view key, const toml::Value& none) {
    const auto* entry = parent.kind == toml::Kind::table ? parent.find(key) : nullptr;
    return entry && entry->value.kind == toml::Kind::table ? entry->value : none;
  }

  // https://packaging.python.org/en/latest/specifications/name-normalization/
  static std::string normal(std::string_view name) {
    std::string out;
    for (char c : name) {
      const bool mark = c == '-' || c == '_' || c == '.';
      if (mark && !out.empty() && out.back() == '-') continue;
      out += mark ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return out;
  }

  // "name[extra] >= 1; marker"
  void list(const toml::Entry* entry) {
    if (!entry || entry->value.kind != toml::Kind::array) return;
    for (const auto& item : entry->value.items) {
      if (item.kind != toml::Kind::string) continue;
      const auto is_part = [](char c) { return is_word(c) || c == '-' || c == '.'; };
      const auto end = std::find_if_not(item.text.begin(), item.text.end(), is_part);
      add(RefKind::python_dependency, item.at, normal(std::string(item.text.begin(), end)), {});
    }
  }

  void from_folder(const toml::Entry& entry) {
    auto path = entry.value.kind == toml::Kind::table ? text_of(entry.value, "path") : std::string();
    add(RefKind::python_dependency, entry.at, normal(entry.key), std::move(path));
  }

  void add(RefKind kind, toml::Position at, std::string text, std::string context) {
    if (!text.empty()) found_.push_back({kind, offsets_(at), std::move(text), std::move(context)});
  }

  Offsets offsets_;
  FoundList& found_;
};

// Commands and their words: https://cmake.org/cmake/help/latest/manual/cmake-language.7.html
class Lists {
 public:
  Lists(std::string_view text, FoundList& found) : text_(text), found_(found) {}

  void run() {
    while (skip(), at_ < text_.size()) {
      if (!is_word_start(text_[at_])) {
        ++at_;
        continue;
      }
      std::string command;
      for (; at_ < text_.size() && is_word(text_[at_]); ++at_)
        command += static_cast<char>(text_[at_] >= 'A' && text_[at_] <= 'Z' ? text_[at_] + 32 : text_[at_]);
      skip();
      if (at_ >= text_.size() || text_[at_] != '(') continue;
      ++at_;
      words_.clear();
      words();
      use(command);
    }
  }

 private:
  struct Word {
    std::size_t offset;
    std::string_view text;
  };

  // After [[ ]] or [=[ ]=] at `at_`; npos when none begins here.
  std::size_t after_bracket() const {
    auto i = at_ + 1;
    while (i < text_.size() && text_[i] == '=') ++i;
    if (i >= text_.size() || text_[i] != '[') return text_.npos;
    const auto close = "]" + std::string(i - at_ - 1, '=') + "]";
    const auto end = text_.find(close, i + 1);
    return end == text_.npos ? text_.size() : end + close.size();
  }

  void skip() {
    while (at_ < text_.size()) {
      if (is_blank(text_[at_]) || text_[at_] == '\n' || text_[at_] == ';') {
        ++at_;
      } else if (text_[at_] == '#') {
        ++at_;
        const auto end = at_ < text_.size() && text_[at_] == '[' ? after_bracket() : text_.npos;
        at_ = end == text_.npos ? end_of_line(text_, at_) : end;
      } else {
        return;
      }
    }
  }

  void words() {
    for (int depth = 1; skip(), at_ < text_.size();) {
      const char c = text_[at_];
      const auto from = at_;
      if (c == '(' || c == ')') {
        ++at_;
        depth += c == '(' ? 1 : -1;
        if (depth == 0) return;
      } else if (c == '"') {
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
          if (text_[at_] == '\\') ++at_;
        at_ = std::min(at_ + 1, text_.size());
        words_.push_back({from, text_.substr(from + 1, at_ - from - 2)});
      } else if (const auto end = c == '[' ? after_bracket() : text_.npos; end != text_.npos) {
        at_ = end;
      } else {
        while (at_ < text_.size() && !is_blank(text_[at_]) &&
               std::string_view("\n;()\"#").find(text_[at_]) == std::string_view::npos)
          at_ += text_[at_] == '\\' ? 2 : 1;
        at_ = std::min(at_, text_.size());
        words_.push_back({from, text_.substr(from, at_ - from)});
      }
    }
  }

  void use(const std::string& command) {
    if (words_.empty()) return;
    if (command == "add_library" || command == "add_executable") {
      add(RefKind::cmake_target, words_[0]);
    } else if (command == "target_link_libraries") {
      for (std::size_t i = 1; i < words_.size(); ++i)
        if (!keyword(words_[i].text)) add(RefKind::cmake_link, words_[i]);
    } else if (command == "target_include_directories" || command == "include_directories") {
      for (std::size_t i = command[0] == 't' ? 1 : 0; i < words_.size(); ++i)
        if (!keyword(words_[i].text)) add(RefKind::cmake_include_folder, words_[i]);
    }
  }

  static bool keyword(std::string_view word) {
    constexpr std::array<std::string_view, 13> kWords = {
        "PUBLIC", "PRIVATE",   "INTERFACE", "LINK_PUBLIC", "LINK_PRIVATE", "LINK_INTERFACE_LIBRARIES",
        "debug",  "optimized", "general",   "SYSTEM",      "BEFORE",       "AFTER",
        "ALIAS"};
    for (auto each : kWords)
      if (each == word) return true;
    return false;
  }

  void add(RefKind kind, const Word& word) { found_.push_back({kind, word.offset, std::string(word.text), {}}); }

  std::string_view text_;
  FoundList& found_;
  std::size_t at_ = 0;
  std::vector<Word> words_;
};

}  // namespace

// https://doc.rust-lang.org/cargo/reference/manifest.html; a file that is no TOML says nothing.
void scan_cargo(std::string_view text, FoundList& found) {
  if (auto root = toml::parse(text, "Cargo.toml")) Cargo(text, found).read(*root);
}

void scan_pyproject(std::string_view text, FoundList& found) {
  if (auto root = toml::parse(text, "pyproject.toml")) Pyproject(text, found).read(*root);
}

void scan_cmake(std::string_view text, FoundList& found) {
  Lists(text, found).run();
}

}  // namespace pika::invariants
