// Suggestions to lanes with names, and lanes to the text of a catalogue.
#include <fmt/format.h>

#include <map>
#include <set>

#include "init/survey.hpp"
#include "init/toml_text.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

namespace {

// "test"; "test-npm" where there are two of the kind; "test-web", and at last "test-web-2".
std::vector<std::string> ids_of(const std::vector<Suggestion>& suggestions) {
  auto unique = [&](auto key) {
    std::map<std::string, int> count;
    for (const auto& s : suggestions) ++count[key(s)];
    return count;
  };
  auto by_what = unique([](const Suggestion& s) { return s.what; });
  auto with_kind = [](const Suggestion& s) { return s.what + "-" + s.kind; };
  auto by_kind = unique(with_kind);
  std::vector<std::string> out;
  std::set<std::string> used;
  for (const auto& s : suggestions) {
    auto folder = id_part(s.folder);
    auto id = by_what[s.what] == 1                           ? s.what
              : by_kind[with_kind(s)] == 1 || folder.empty() ? with_kind(s)
                                                             : s.what + "-" + folder;
    auto whole = id;
    for (int n = 2; !used.insert(whole).second; ++n) whole = fmt::format("{}-{}", id, n);
    out.push_back(whole);
  }
  return out;
}

// A folder's name that means itself in a filter.
std::string as_filter(std::string_view folder) {
  std::string out;
  for (char c : folder) {
    if (std::string_view("\\*?[]{}!@").contains(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string cache_words(const Cache& cache) {
  if (cache.path.empty()) return in_toml(cache.name);
  auto keys = cache.key_files.empty() ? "" : ", key_files = " + toml_list(cache.key_files);
  return fmt::format("{{ name = {}, path = {}{} }}", in_toml(cache.name), in_toml(cache.path), keys);
}

std::string variable(std::string_view cache) {
  auto out = "$PIKA_CACHE_" + std::string(cache);
  for (auto& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::string in_shell(const Suggestion& s) {
  if (s.folder.empty()) return s.shell;
  std::string folder = "'";
  for (char c : s.folder) folder += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "cd " + folder + "' && " + s.shell;
}

// Each thing is explained where it comes first.
class Explained {
 public:
  std::string operator()(std::string_view comment) {
    return said_.insert(std::string(comment)).second ? std::string(comment) : std::string();
  }

 private:
  std::set<std::string> said_;
};

std::string lane_text(const Suggestion& s, const std::string& id, Explained& once) {
  std::string out =
      fmt::format("\n# {}\n# Because of {}.\n[[lane]]\nid = {}\n", s.explain, pika::quote_name(s.because), in_toml(id));
  if (s.folder.empty()) {
    out += once(
        "# Without `paths` it is chosen by every change. To leave it out when only documents change:\n"
        "# paths = [\"**\", \"!docs/**\", \"!**/*.md\"]\n");
  } else {
    out += once("# Chosen by what changes below this folder.\n");
    out += fmt::format("paths = {}\n", toml_list({as_filter(s.folder) + "/**"}));
  }
  out += fmt::format("command = [\"sh\", \"-c\", {}]\n", in_toml(in_shell(s)));
  if (!s.hosts.empty()) {
    out += once("# A job reaches nothing but what is listed here; without this line, nothing.\n");
    out += fmt::format("network = {}\n", toml_list(s.hosts));
  }
  if (!s.caches.empty()) {
    std::string words, folder;
    for (const auto& cache : s.caches) words += (words.empty() ? "" : ", ") + cache_words(cache);
    if (s.caches[0].path.empty()) folder = fmt::format("; {} is its folder", variable(s.caches[0].name));
    out += once(fmt::format("# Kept from run to run{}.\n", folder));
    out += fmt::format("caches = [{}]\n", words);
  }
  return out + once("# Then everything that it started is ended.\n") + "limits = { time = \"30m\" }\n";
}

// A job sees the programs of /usr and its kin, and has a home folder of its own that is empty.
bool in_jobs(const std::filesystem::path& program) {
  for (std::string_view top : {"/usr/", "/bin/", "/sbin/"})
    if (program.string().starts_with(top)) return true;
  return false;
}

void look_for_programs(const InitInput& input, const std::vector<Suggestion>& suggestions,
                       std::vector<std::string>& notes) {
  std::set<std::string> seen;
  for (const auto& s : suggestions)
    for (const auto& name : s.programs) {
      if (!seen.insert(name).second) continue;
      auto places = input.programs(name);
      if (places.empty()) {
        notes.push_back(fmt::format("{} is not installed here; the lanes that need it will fail until it is.", name));
      } else if (std::none_of(places.begin(), places.end(), in_jobs)) {
        notes.push_back(
            fmt::format("{} is at {}, where no job sees it: a job sees the host's /usr and not your home folder. "
                        "Install it for the "
                        "whole host, or name a root filesystem (docs/catalogue.md, `root`).",
                        name, pika::quote_name(places[0].string())));
      }
    }
}

constexpr std::string_view kHead =
    "# The checks of this repository: a lane is one check, chosen by what changed. Try it with `pikaci run`;\n"
    "# `pikaci lint` says what is wrong here. Every key is described in Pika's docs/catalogue.md.\n"
    "version = 1\n";

}  // namespace

FirstCatalogue first_catalogue(const InitInput& input) {
  Survey survey(input);
  if (!input.command.empty()) {
    survey.suggest({.what = "test",
                    .kind = "command",
                    .folder = "",
                    .because = "your words",
                    .explain = "What `pikaci init --command` was given.",
                    .shell = input.command,
                    .hosts = {},
                    .caches = {},
                    .programs = {}});
  } else {
    for (auto* look : {survey_cmake, survey_meson, survey_cargo, survey_go, survey_node, survey_python}) look(survey);
    // What lies deeper is often somebody else's; the root's Makefile knows better.
    bool at_root = std::any_of(survey.suggestions.begin(), survey.suggestions.end(),
                               [](const auto& s) { return s.folder.empty(); });
    if (!at_root) {
      auto deeper = std::move(survey.suggestions);
      survey.suggestions.clear();
      survey_make(survey);
      if (survey.suggestions.empty()) survey_nix(survey);
      if (survey.suggestions.empty()) survey.suggestions = std::move(deeper);
    }
    bool by_nix = std::any_of(survey.suggestions.begin(), survey.suggestions.end(),
                              [](const auto& s) { return s.kind == "nix"; });
    if (survey.has("flake.nix") && !by_nix)
      survey.note("There is a flake.nix too; a lane with `nix flake check` can be put beside these.");
    if (survey.has(".gitmodules"))
      survey.note("There are submodules: a job gets the tree without them, so what needs them will fail.");
  }
  FirstCatalogue out;
  out.notes = survey.notes;
  if (survey.suggestions.empty()) return out;
  look_for_programs(input, survey.suggestions, out.notes);
  auto ids = ids_of(survey.suggestions);
  Explained once;
  out.text = kHead;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    out.text += lane_text(survey.suggestions[i], ids[i], once);
    out.lanes.push_back({ids[i], survey.suggestions[i].because});
  }
  return out;
}

}  // namespace pikaci
