// Which scanner reads a file, and where in it the finds stand.
#include "pika/invariants/scan.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "scan/scanner.hpp"

namespace pika::invariants {
namespace {

struct Ending {
  std::string_view ending;
  Language language;
};
constexpr std::array kEndings = {
    Ending{"c", Language::c},
    Ending{"h", Language::c},
    Ending{"cc", Language::c},
    Ending{"hh", Language::c},
    Ending{"cpp", Language::c},
    Ending{"hpp", Language::c},
    Ending{"cxx", Language::c},
    Ending{"hxx", Language::c},
    Ending{"c++", Language::c},
    Ending{"h++", Language::c},
    Ending{"C", Language::c},
    Ending{"H", Language::c},
    Ending{"ipp", Language::c},
    Ending{"tpp", Language::c},
    Ending{"inl", Language::c},
    Ending{"inc", Language::c},
    Ending{"def", Language::c},
    Ending{"cppm", Language::c},
    Ending{"ixx", Language::c},
    Ending{"cu", Language::c},
    Ending{"cuh", Language::c},
    Ending{"m", Language::c},
    Ending{"mm", Language::c},
    Ending{"py", Language::python},
    Ending{"pyi", Language::python},
    Ending{"rs", Language::rust},
    Ending{"js", Language::javascript},
    Ending{"mjs", Language::javascript},
    Ending{"cjs", Language::javascript},
    Ending{"jsx", Language::javascript},
    Ending{"ts", Language::javascript},
    Ending{"mts", Language::javascript},
    Ending{"cts", Language::javascript},
    Ending{"tsx", Language::javascript},
    Ending{"go", Language::go},
    Ending{"cmake", Language::cmake},
};

// Found is in any order; positions are counted in one pass.
std::vector<Reference> place(std::string_view text, FoundList& found) {
  const auto order = [](const Found& a, const Found& b) {
    return std::tie(a.offset, a.kind, a.text, a.context) < std::tie(b.offset, b.kind, b.text, b.context);
  };
  if (!std::is_sorted(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; }))
    std::sort(found.begin(), found.end(), order);
  std::vector<Reference> placed;
  placed.reserve(found.size());
  std::size_t line_begin = 0;
  std::uint32_t line = 1;
  for (auto& each : found) {
    const auto offset = std::min(each.offset, text.size());
    for (auto next = text.find('\n', line_begin); next < offset; next = text.find('\n', line_begin)) {
      line_begin = next + 1;
      ++line;
    }
    placed.push_back({each.kind, line, static_cast<std::uint32_t>(offset - line_begin + 1), std::move(each.text),
                      std::move(each.context)});
  }
  return placed;
}

void scan_as(Language language, std::string_view text, FoundList& found) {
  switch (language) {
    case Language::none:
      return;
    case Language::c:
      return scan_c(text, found);
    case Language::python:
      return scan_python(text, found);
    case Language::rust:
      return scan_rust(text, found);
    case Language::javascript:
      return scan_javascript(text, found);
    case Language::go:
      return scan_go(text, found);
    case Language::cargo:
      return scan_cargo(text, found);
    case Language::npm:
      return scan_npm(text, found);
    case Language::tsconfig:
      return scan_tsconfig(text, found);
    case Language::go_mod:
      return scan_go_mod(text, found);
    case Language::cmake:
      return scan_cmake(text, found);
    case Language::pyproject:
      return scan_pyproject(text, found);
  }
}

Language of_ending(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == name.npos || dot == 0) return Language::none;
  const auto ending = name.substr(dot + 1);
  const auto* row = std::find_if(kEndings.begin(), kEndings.end(), [&](const auto& e) { return e.ending == ending; });
  return row == kEndings.end() ? Language::none : row->language;
}

}  // namespace

Language language_of(std::string_view path) {
  auto name = path.substr(path.rfind('/') + 1);
  if (name == "Cargo.toml") return Language::cargo;
  if (name == "package.json") return Language::npm;
  if (name == "go.mod") return Language::go_mod;
  if (name == "CMakeLists.txt") return Language::cmake;
  if (name == "pyproject.toml") return Language::pyproject;
  for (std::string_view template_ending : {".in", ".cmake"})  // config.h.in, from which a build makes config.h
    if (name.ends_with(template_ending)) {
      const auto made = of_ending(name.substr(0, name.size() - template_ending.size()));
      if (made == Language::c) return made;
    }
  if ((name.starts_with("tsconfig") || name.starts_with("jsconfig")) && name.ends_with(".json"))
    return Language::tsconfig;
  return of_ending(name);
}

std::vector<Reference> scan(std::string_view path, std::string_view text) {
  const auto language = language_of(path);
  if (language == Language::none || text.size() > kMostScanned || text.find('\0') != text.npos) return {};
  FoundList found;
  scan_as(language, text, found);
  return place(text, found);
}

}  // namespace pika::invariants
