// What single added lines say for themselves.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "checks.hpp"
#include "pika/base/text.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

using syntax::Language;
using syntax::TokenKind;

constexpr std::array<std::string_view, 11> kSilencers = {"NOLINT",
                                                         "# noqa",
                                                         "# type: ignore",
                                                         "pylint: disable",
                                                         "eslint-disable",
                                                         "@ts-ignore",
                                                         "@ts-expect-error",
                                                         "@SuppressWarnings",
                                                         "#[allow(",
                                                         "#pragma warning(disable",
                                                         "#pragma GCC diagnostic ignored"};

constexpr std::array<std::string_view, 3> kMarks = {"TODO", "FIXME", "HACK"};  // of work that is left
constexpr std::string_view kUnsafe = "unsafe";

bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Whether what follows the silencer names a rule, and not all of them.
bool names_rule(std::string_view silencer, std::string_view rest) {
  auto begins = [&](std::string_view words) { return rest.starts_with(words); };
  if (silencer == "NOLINT") return begins("(") || begins("NEXTLINE(") || begins("BEGIN(");
  if (silencer == "# noqa") return begins(":");
  if (silencer == "# type: ignore") return begins("[");
  if (silencer == "pylint: disable") return begins("=") && !begins("=all");
  if (silencer == "#[allow(") return !begins("warnings") && !begins("unused)") && !begins("clippy::all");
  if (silencer == "@SuppressWarnings") return !begins("(\"all");
  if (silencer != "eslint-disable") return false;
  for (std::string_view where : {"-next-line", "-line"})
    if (begins(where)) rest.remove_prefix(where.size());
  rest = trim(rest.substr(0, rest.find("--")));
  return !rest.empty() && !rest.starts_with('*');
}

// Why, in words behind the silencer and its rule: its author has said it already.
bool gives_reason(std::string_view silencer, std::string_view rest) {
  if (silencer == "eslint-disable") {
    auto dashes = rest.find("-- ");
    rest = dashes == std::string_view::npos ? std::string_view() : rest.substr(dashes);
  } else if (silencer == "#[allow(" || rest.starts_with('(') || rest.starts_with('[')) {
    auto end = rest.find_first_of(")]");
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  }
  int words = 0;
  for (auto word : split(rest, ' '))
    if (std::count_if(word.begin(), word.end(), letter) >= 2) ++words;
  return words >= 3;
}

// Work that is to be done later and says when: "once", "when", "in the next major version".
bool waits(std::string_view words) {
  auto text = lower(words.substr(0, 200));
  for (std::string_view word : {" once ", " when ", " until ", "next major", "next version", " after "})
    if (text.find(word) != std::string::npos) return true;
  return false;
}

// The author's words say that it is about what checks say.
bool about_checks(const std::vector<git::CommitInfo>& commits) {
  return std::any_of(commits.begin(), commits.end(), [](const git::CommitInfo& commit) {
    auto words = lower(commit.subject());
    for (std::string_view word : {"lint", "clippy", "warning", "tidy", "silence", "suppress", "mypy", "typing",
                                  "annotation", "deprecat", "allow"})
      if (words.find(word) != std::string::npos) return true;
    return false;
  });
}

// A line by itself, told once a kind: the first with how many more there are.
struct Told {
  const Change* change = nullptr;
  int line = 0, more = 0;
  std::string word;

  void add(const Change& where, int number, std::string_view what) {
    if (change) {
      ++more;
      return;
    }
    change = &where;
    line = number;
    word = what;
  }
};

class Lines {
 public:
  Lines(const Model& model, std::vector<Check>& out)
      : quiet_(about_checks(model.input->commits)), model_(model), out_(out) {}

  void run() {
    for (const auto& change : model_.changes)
      for (const auto& hunk : change.file->hunks)
        for (const auto& line : hunk.lines)
          if (line.kind == '-') {
            gone_.insert(trim(line.text));
            for (auto silencer : kSilencers)
              if (line.text.find(silencer) != std::string::npos) ++dropped_[silencer];
            for (std::string_view mark : {kMarks[0], kMarks[1], kMarks[2], kUnsafe})
              if (auto at = line.text.find(mark); at != std::string::npos && alone(line.text, at, mark.size()))
                ++dropped_[mark];
          }
    for (const auto& atom : model_.atoms) {
      const auto* hunk = model_.hunk(atom);
      const auto& change = model_.change(atom);
      if (!hunk || !atom.rule.empty() || atom.moved.line) continue;
      if (foreign(change.file->new_path)) continue;
      bool code = change.role == Role::source || change.role == Role::test;
      if (!code && change.role != Role::schema) continue;
      for (const auto& line : hunk->lines)
        if (line.kind == '+') fresh_.emplace(&change, line.new_line);
      for (int i = atom.first; i <= atom.last; ++i) {
        const auto& line = hunk->lines[static_cast<std::size_t>(i)];
        if (line.kind != '+') continue;
        if (change.role == Role::schema) statement(change, line.new_line, line.text);
        if (code && !was_there(line.text)) one(change, line.new_line, line.text);
      }
    }
    tell("silenced_lint", silenced_, "silences a check");
    tell("unsafe_added", unsafe_, "is new unsafe code");
    tell("todo_added", todo_, "leaves work to do");
    tell("destructive_migration", destructive_, "destroys data that is stored");
  }

 private:
  // A line that stood somewhere before says nothing new.
  bool was_there(std::string_view text) const { return gone_.contains(trim(text)); }

  // Something is no longer looked at. Not where a test must do what is wrong, not at an import, and not a rule by its
  // name where the code is new as well: who writes it knows it. One that only got other words is no new one.
  bool silences(const Change& change, int number, std::string_view text, std::string_view silencer) {
    auto at = text.find(silencer);
    if (at == std::string_view::npos || quiet_ || change.role != Role::source || tests(change, number) ||
        !in_comment_or_attribute(change, number, silencer))
      return false;
    auto rest = text.substr(at + silencer.size());
    if ((!rest.empty() && letter(rest[0]) && letter(silencer.back()) && !rest.starts_with("NEXTLINE") &&
         !rest.starts_with("BEGIN")) ||
        gives_reason(silencer, rest))
      return false;
    auto code = trim(text);
    if (code.starts_with("#include") || code.starts_with("import ") || code.starts_with("from ")) return false;
    return !instead(silencer) && (!names_rule(silencer, rest) || stays(change, number, text.substr(0, at)));
  }

  // For a line that goes and has the same word: it only got other words.
  bool instead(std::string_view word) {
    auto dropped = dropped_.find(word);
    return dropped != dropped_.end() && dropped->second-- > 0;
  }

  // In a test, or on the lines that lead one.
  static bool tests(const Change& change, int number) {
    return change.after.in_test(number) || change.after.in_test(number + 1) || change.after.in_test(number + 2);
  }

  // As it stands there, with its rule.
  static std::string_view silencer_words(std::string_view text, std::string_view silencer) {
    auto words = trim(text.substr(text.find(silencer)));
    if (silencer == "#[allow(") return words.substr(0, words.find(']') + 1);
    if (silencer.starts_with("@ts")) return silencer;
    return trim(words.substr(0, words.find("*/")));
  }

  // The code that it is about: what stands before it on its line, or the next line.
  bool stays(const Change& change, int number, std::string_view before) const {
    for (std::string_view mark : {"//", "/*", "#"})
      if (auto at = before.rfind(mark); at != std::string_view::npos) before = before.substr(0, at);
    before = trim(before);
    return before.empty() ? !fresh_.contains({&change, number + 1}) : was_there(before);
  }

  void one(const Change& change, int number, std::string_view text) {
    for (auto silencer : kSilencers)
      if (silences(change, number, text, silencer))
        silenced_.add(change, number, one_line(silencer_words(text, silencer), 80));
    if (change.role != Role::source || !change.after.file) return;
    for (const auto& token : change.after.tokens(number, number)) {
      auto words = change.after.text_of(token);
      if (change.language == Language::rust && token.kind == TokenKind::word && words == kUnsafe && !instead(kUnsafe))
        unsafe_.add(change, number, "unsafe");
      if (token.kind == TokenKind::comment)
        for (auto mark : kMarks)
          if (auto at = words.find(mark); at != std::string_view::npos && alone(words, at, mark.size())) {
            if (!waits(words.substr(at)) && !instead(mark)) todo_.add(change, number, one_line(words.substr(at), 80));
            break;
          }
    }
  }

  static bool alone(std::string_view text, std::size_t at, std::size_t size) {
    auto word = [&](std::size_t i) {
      return i < text.size() &&
             ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') || text[i] == '_');
    };
    return (at == 0 || !word(at - 1)) && !word(at + size);
  }

  // Not in a string: a linter's own sources are full of such words.
  static bool in_comment_or_attribute(const Change& change, int number, std::string_view silencer) {
    if (!change.after.file) return false;
    bool comment = silencer.front() != '#' || silencer.starts_with("# ");
    if (silencer == "@SuppressWarnings") comment = false;
    for (const auto& token : change.after.tokens(number, number)) {
      if (comment && token.kind == TokenKind::comment &&
          change.after.text_of(token).find(silencer) != std::string_view::npos)
        return true;
      if (!comment && token.kind == TokenKind::string &&
          change.after.text_of(token).find(silencer) != std::string_view::npos)
        return false;
    }
    return !comment && trim(change.after.line(number)).starts_with(silencer);
  }

  void statement(const Change& change, int number, std::string_view text) {
    auto words = lower(trim(text));
    for (std::string_view start : {"drop table", "drop column", "truncate ", "drop schema", "drop database"})
      if (words.starts_with(start) || (words.starts_with("alter table") && words.find(start) != std::string::npos))
        return destructive_.add(change, number, start);
  }

  void tell(const char* kind, const Told& told, const char* what) {
    if (!told.change) return;
    auto more = told.more == 0
                    ? std::string()
                    : fmt::format("; so {} {} more", told.more == 1 ? "does" : "do", plural(told.more, "line"));
    out_.push_back({kind, told.change->file->new_path, told.line,
                    fmt::format("This added line {} ({}){}.", what, code(trim(told.word)), more)});
  }

  bool quiet_;                                         // silencers are what it is about
  std::unordered_set<std::string_view> gone_;          // removed lines, wherever they stood
  std::unordered_map<std::string_view, int> dropped_;  // silencers and marks on them
  std::set<std::pair<const Change*, int>> fresh_;      // added lines
  const Model& model_;
  std::vector<Check>& out_;
  Told silenced_, unsafe_, todo_, destructive_;
};

}  // namespace

void check_lines(const Model& model, std::vector<Check>& out) {
  Lines(model, out).run();
}

}  // namespace pika::explain
