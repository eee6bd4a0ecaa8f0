#include <time.h>

#include <algorithm>
#include <array>
#include <utility>

#include "pika/base/text.hpp"
#include "tree.hpp"

extern "C" {
const TSLanguage* tree_sitter_c();
const TSLanguage* tree_sitter_cpp();
const TSLanguage* tree_sitter_python();
const TSLanguage* tree_sitter_rust();
const TSLanguage* tree_sitter_go();
const TSLanguage* tree_sitter_java();
const TSLanguage* tree_sitter_javascript();
const TSLanguage* tree_sitter_typescript();
const TSLanguage* tree_sitter_tsx();
const TSLanguage* tree_sitter_bash();
const TSLanguage* tree_sitter_json();
const TSLanguage* tree_sitter_toml();
}

namespace pika::syntax {

namespace {

using Ending = std::pair<std::string_view, Language>;
// A .h file is read as C++: its grammar is a superset of C's in all that matters here.
constexpr std::array kEndings = {
    Ending{"c", Language::c},
    Ending{"h", Language::cpp},
    Ending{"cc", Language::cpp},
    Ending{"cpp", Language::cpp},
    Ending{"cxx", Language::cpp},
    Ending{"hpp", Language::cpp},
    Ending{"hh", Language::cpp},
    Ending{"hxx", Language::cpp},
    Ending{"ipp", Language::cpp},
    Ending{"inl", Language::cpp},
    Ending{"py", Language::python},
    Ending{"pyi", Language::python},
    Ending{"rs", Language::rust},
    Ending{"go", Language::go},
    Ending{"java", Language::java},
    Ending{"js", Language::javascript},
    Ending{"mjs", Language::javascript},
    Ending{"cjs", Language::javascript},
    Ending{"jsx", Language::javascript},
    Ending{"ts", Language::typescript},
    Ending{"mts", Language::typescript},
    Ending{"tsx", Language::tsx},
    Ending{"sh", Language::bash},
    Ending{"bash", Language::bash},
    Ending{"json", Language::json},
    Ending{"toml", Language::toml},
};

const TSLanguage* grammar(Language language) {
  switch (language) {
    case Language::none:
      return nullptr;
    case Language::c:
      return tree_sitter_c();
    case Language::cpp:
      return tree_sitter_cpp();
    case Language::python:
      return tree_sitter_python();
    case Language::rust:
      return tree_sitter_rust();
    case Language::go:
      return tree_sitter_go();
    case Language::java:
      return tree_sitter_java();
    case Language::javascript:
      return tree_sitter_javascript();
    case Language::typescript:
      return tree_sitter_typescript();
    case Language::tsx:
      return tree_sitter_tsx();
    case Language::bash:
      return tree_sitter_bash();
    case Language::json:
      return tree_sitter_json();
    case Language::toml:
      return tree_sitter_toml();
  }
  return nullptr;
}

struct ParserDeleter {
  void operator()(TSParser* parser) const { ts_parser_delete(parser); }
};

std::int64_t thread_micros() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

// tree-sitter asks every hundred operations. Ordinary source takes at most 14 such hundreds a KiB and 0.3 us a byte,
// measured over C++, Python, Rust and Bash; these limits are twice and ten times that. Operations decide wherever
// they can, as they do not depend on the host. But recovery from an error costs as much as the error is long, at each
// token, and counts as one operation: there the thread's own CPU time is the last resort.
struct Budget {
  explicit Budget(std::size_t bytes)
      : left(200 + bytes * 30 / 1024), until(thread_micros() + 100'000 + static_cast<std::int64_t>(bytes) * 3) {}
  std::uint64_t left;
  std::int64_t until;
  static bool spent(TSParseState* state) {
    auto* budget = static_cast<Budget*>(state->payload);
    return budget->left == 0 || --budget->left == 0 || thread_micros() > budget->until;
  }
};

struct Input {
  std::string_view text;
  static const char* read(void* payload, std::uint32_t at, TSPoint, std::uint32_t* size) {
    auto text = static_cast<Input*>(payload)->text;
    *size = at < text.size() ? static_cast<std::uint32_t>(text.size() - at) : 0;
    return *size ? text.data() + at : "";
  }
};

}  // namespace

Language language_of(std::string_view path, std::string_view content) {
  auto name = path.substr(path.rfind('/') + 1);
  auto dot = name.rfind('.');
  if (dot != std::string_view::npos && dot > 0) {
    auto ending = name.substr(dot + 1);
    auto found = std::find_if(kEndings.begin(), kEndings.end(), [&](const Ending& e) { return e.first == ending; });
    return found == kEndings.end() ? Language::none : found->second;
  }
  if (name == "Cargo.lock") return Language::toml;
  auto first = content.substr(0, std::min(content.find('\n'), std::size_t{200}));
  if (!first.starts_with("#!")) return Language::none;
  if (first.find("python") != std::string_view::npos) return Language::python;
  if (first.ends_with("sh") || first.find("bash") != std::string_view::npos) return Language::bash;
  if (first.find("node") != std::string_view::npos) return Language::javascript;
  return Language::none;
}

std::string_view language_name(Language language) {
  static constexpr std::array<std::string_view, 13> kNames = {
      "", "C", "C++", "Python", "Rust", "Go", "Java", "JavaScript", "TypeScript", "TSX", "Bash", "JSON", "TOML"};
  return kNames[static_cast<std::size_t>(language)];
}

Tree make_tree(Language language, std::string_view text) {
  const auto* g = grammar(language);
  // To a generated lexer NUL is the end of the file, and some scanners never get past it: such text is binary.
  if (!g || text.size() > kMostBytes || text.contains('\0')) return nullptr;
  std::unique_ptr<TSParser, ParserDeleter> parser(ts_parser_new());
  if (!ts_parser_set_language(parser.get(), g)) return nullptr;
  Budget budget(text.size());
  Input input{text};
  TSInput source{&input, Input::read, TSInputEncodingUTF8, nullptr};
  return Tree(ts_parser_parse_with_options(parser.get(), nullptr, source, {&budget, Budget::spent}));
}

std::optional<File> parse(Language language, std::string_view text) {
  auto tree = make_tree(language, text);
  if (!tree) return std::nullopt;
  auto root = ts_tree_root_node(tree.get());
  File file{.language = language, .has_errors = ts_node_has_error(root), .symbols = {}, .tokens = {}};
  find_tokens(root, text, file.tokens);
  find_symbols(language, root, text, file.symbols);
  return file;
}

}  // namespace pika::syntax
