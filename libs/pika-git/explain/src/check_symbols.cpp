// What the change of symbols leaves behind: tests that went, expectations that changed in passing, definitions that did
// not only move, names that documents still tell of.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "checks.hpp"
#include "delta.hpp"
#include "headers.hpp"
#include "pika/base/text.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

using syntax::Symbol;
using syntax::SymbolKind;

constexpr int kMostDocuments = 400;
constexpr int kMostSources = 4000;  // looked through for a name, where a document has it
constexpr std::uint64_t kMostBytes = 256u << 10;
constexpr std::uint64_t kMostSourceBytes = 1u << 20;
constexpr std::size_t kMostMentions = 3;

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A name that is hardly a word of any language: find_needs, TreeCursor.
bool distinctive(std::string_view name) {
  bool low = false, high = false, line = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!is_word_byte(name[i])) return false;
    low |= name[i] >= 'a' && name[i] <= 'z';
    high |= i > 0 && name[i] >= 'A' && name[i] <= 'Z';
    line |= name[i] == '_' && i > 0 && i + 1 < name.size();
  }
  return name.size() >= 8 && (line || (low && high));
}

class Symbols {
 public:
  Symbols(const Model& model, std::vector<Check>& out) : model_(model), out_(out) {}

  void run() {
    moved_signatures();
    removed_tests();
    expectations();
    documents();
  }

 private:
  const git::FileChange& file(std::size_t change) const { return *model_.changes[change].file; }

  // A type's name without where it lives: std::vector is vector where somebody says using namespace.
  static std::string unqualified(std::string_view header) {
    std::string out;
    for (std::size_t i = 0; i < header.size();) {
      auto end = i;
      while (end < header.size() && is_word_byte(header[end])) ++end;
      auto joint = header.substr(end).starts_with("::") ? 2u : header.substr(end).starts_with(".") ? 1u : 0u;
      if (end > i && joint && end + joint < header.size() && is_word_byte(header[end + joint])) {
        i = end + joint;
        continue;
      }
      if (end == i) ++end;
      out += header.substr(i, end - i);
      i = end;
    }
    return out;
  }

  // How it is declared, without white space, without scopes (a definition outside of its class has one more), and
  // without words that say where code is made and not what it does.
  static std::string plain_header(const Symbol& symbol) {
    auto text = declared(symbol);
    for (std::string_view word : {"static ", "inline ", "constexpr ", "explicit ", "virtual "})
      if (text.starts_with(word)) text.remove_prefix(word.size());
    for (std::string_view word : {" override", " final"})
      if (text.ends_with(word)) text.remove_suffix(word.size());
    if (text.starts_with("struct ")) text.remove_prefix(7);  // whose members are public is told by its lines
    if (text.starts_with("class ")) text.remove_prefix(6);
    if (text.ends_with(" = default")) text.remove_suffix(10);
    if (text.starts_with("func ("))
      text.remove_prefix(std::min(text.size(), text.find(' ', 6)));  // Go: the receiver's name
    std::string out;
    for (char c : unqualified(text))
      if (c != ' ' && c != '\t' && c != '\n' && c != ')') out += c;
    return out;
  }

  // C++ says a default value once, in the class: where one of the two stands outside of it, neither counts.
  static bool same_declaration(const Symbol& a, const Symbol& b) {
    auto one = plain_header(a), other = plain_header(b);
    auto outside = [](const Symbol& s) { return s.header.contains("::" + s.name + "("); };
    return one == other || (outside(a) != outside(b) && without_defaults(one) == without_defaults(other));
  }

  static std::string without_defaults(std::string_view header) {
    std::string out;
    int depth = 0;
    bool value = false;
    for (char c : header) {
      if (c == '(') ++depth;
      if (c == '=' && depth > 0) value = true;
      if (c == ',') value = false;
      if (!value) out += c;
    }
    return out;
  }

  static std::string visibility_words(const std::string& was, const std::string& is, bool one) {
    const char *they = one ? "it" : "they", *are = one ? "is" : "are", *were = one ? "was" : "were";
    if (was.empty()) return fmt::format("{} {} {} here and {} not there", they, are, code(is), were);
    if (is.empty()) return fmt::format("{} {} {} there and {} not here", they, were, code(was), are);
    return fmt::format("{} {} {} there and {} {} here", they, were, code(was), are, code(is));
  }

  // To another file, and its header is another one there: one check for what went between two files. Where only who may
  // use it changed, that is what is said.
  void moved_signatures() {
    std::map<std::tuple<std::size_t, std::string, std::string>, std::vector<const SymbolChange*>> opened;
    std::map<std::pair<std::size_t, std::size_t>, std::vector<const SymbolChange*>> changed;
    for (const auto& c : model_.delta) {
      if (c.deed != Deed::reworked || c.before_change == c.after_change || c.after->test) continue;
      if (same_declaration(*c.before, *c.after)) continue;
      auto [was, before] = visibility(declared(*c.before));
      auto [is, after] = visibility(declared(*c.after));
      if (was.empty() && !is.empty()) continue;  // else nobody could use it there
      if (was != is && before == after)
        opened[{c.before_change, was, is}].push_back(&c);
      else
        changed[{c.before_change, c.after_change}].push_back(&c);
    }
    for (const auto& [files, moved] : changed) {
      const auto& c = *moved.front();
      auto [old_words, new_words] = differing_code(declared(*c.before), declared(*c.after));
      auto more = moved.size() == 1 ? std::string() : fmt::format("; {} more changed so on the way", moved.size() - 1);
      out_.push_back(
          {"moved_signature", file(c.after_change).new_path, c.after->line,
           fmt::format("{} did not only move from {}: it was {} there and is {} here{}.", code(c.after->name),
                       code_name(file(c.before_change).old_path), old_words, new_words, more)});
    }
    for (const auto& [key, moved] : opened) {
      const auto& [change, was, is] = key;
      std::vector<std::string> names;
      for (const auto* c : moved) names.push_back(code(one_line(c->after->name, 60)));
      out_.push_back({"moved_visibility", file(moved[0]->after_change).new_path, moved[0]->after->line,
                      fmt::format("{} did not only move from {}: {}.", list_words(names, 4),
                                  code_name(file(change).old_path), visibility_words(was, is, names.size() == 1))});
    }
  }

  // What is no longer there to be tested.
  std::set<std::string, std::less<>> removed_subjects() const {
    std::set<std::string, std::less<>> out;
    for (const auto& c : model_.delta)
      if ((c.deed == Deed::removed && !c.before->test) || c.deed == Deed::renamed) out.insert(c.before->name);
    for (const auto& change : model_.changes)
      if (change.file->new_mode == 0 && change.before.file)
        for (const auto& s : change.before.file->symbols)
          if (!s.test) out.insert(s.name);
    return out;
  }

  bool speaks_of(const SymbolChange& test, const std::set<std::string, std::less<>>& names) const {
    const auto& side = model_.changes[test.before_change].before;
    auto tokens = side.tokens(*test.before);
    return std::any_of(tokens.begin(), tokens.end(), [&](const auto& token) {
      return token.kind == syntax::TokenKind::identifier && names.contains(side.text_of(token));
    });
  }

  // Only where the file stays and no test comes: a test that got another name is no loss. Nor is one whose subject
  // went.
  void removed_tests() {
    if (announced()) return;
    std::map<std::size_t, std::vector<const Symbol*>> gone;
    std::set<std::size_t> fresh;
    std::size_t added = 0;
    auto subjects = removed_subjects();
    for (const auto& c : model_.delta) {
      if (c.deed == Deed::added && c.after->test) fresh.insert(c.after_change), ++added;
      if (c.deed == Deed::removed && c.before->test && c.before->kind == SymbolKind::function &&
          !speaks_of(c, subjects))
        gone[c.before_change].push_back(c.before);
    }
    std::erase_if(gone, [&](const auto& entry) {  // added in its file, or all of them in others
      return fresh.contains(entry.first) || entry.second.size() <= added ||
             file(entry.first).kind == git::ChangeKind::deleted;
    });
    if (gone.empty()) return;
    std::size_t more = 0;
    for (const auto& [change, tests] : gone)
      if (change != gone.begin()->first) more += tests.size();
    const auto& [change, tests] = *gone.begin();
    std::vector<std::string> names;
    for (const auto* test : tests) names.push_back(code(one_line(test->name, 60)));
    auto others = more == 0 ? std::string()
                            : fmt::format("; so {} {} in {}", more == 1 ? "is" : "are",
                                          plural(static_cast<std::int64_t>(more), "test more", "tests more"),
                                          plural(static_cast<std::int64_t>(gone.size() - 1), "other file"));
    out_.push_back({"test_removed", file(change).new_path, 0,
                    fmt::format("{} {} removed here, and no test is added in this file{}.", list_words(names, 3),
                                tests.size() == 1 ? "is" : "are", others)});
  }

  // The author's words say that something goes.
  bool announced() const {
    const auto& commits = model_.input->commits;
    return std::any_of(commits.begin(), commits.end(), [](const git::CommitInfo& commit) {
      auto words = lower(commit.message);
      for (std::string_view word : {"revert", "remov", "drop", "deprecat", "delet"})
        if (words.find(word) != std::string::npos) return true;
      return false;
    });
  }

  // The author's words say that nothing behaves otherwise; a changed expectation says that something does.
  bool claims_nothing() const {
    const auto& commits = model_.input->commits;
    auto claims = [](std::string_view subject) {
      auto words = lower(subject);
      // What else it does, or that it is about the tests themselves.
      for (std::string_view word : {"fix", "add", "test", "change", "remove"})
        if (words.find(word) != std::string::npos) return false;
      for (std::string_view word : {"refactor", "rename", "clean up", "cleanup", "reformat", "no functional change",
                                    "tidy", "style:", "simplify"})
        if (words.find(word) != std::string::npos) return true;
      return false;
    };
    return !commits.empty() &&
           std::all_of(commits.begin(), commits.end(), [&](const auto& c) { return claims(c.subject()); });
  }

  static bool expects(std::string_view line) {
    line = trim(line);
    for (std::string_view word :
         {"assert", "CHECK", "EXPECT_", "ASSERT_", "REQUIRE", "expect(", "self.assert", "t.Fatal", "t.Error"})
      if (line.starts_with(word)) return true;
    return false;
  }

  // A line with the names that its change gives to what it renames.
  std::string renamed(std::string_view line) const {
    std::string out;
    for (std::size_t i = 0; i < line.size();) {
      auto end = i;
      while (end < line.size() && is_word_byte(line[end])) ++end;
      if (end == i) ++end;
      auto word = line.substr(i, end - i);
      auto found = std::find_if(model_.delta.begin(), model_.delta.end(), [&](const SymbolChange& c) {
        return c.deed == Deed::renamed && c.before->name == word;
      });
      out += found == model_.delta.end() ? word : std::string_view(found->after->name);
      i = end;
    }
    return out;
  }

  void expectations() {
    if (!claims_nothing()) return;
    for (const auto& atom : model_.atoms) {
      const auto* hunk = model_.hunk(atom);
      if (!hunk || !atom.test || !atom.rule.empty() || !atom.added || !atom.removed) continue;
      const git::DiffLine* now = nullptr;
      bool before = false;
      std::set<std::string, std::less<>> stays;  // only its indentation is another, or the names
      for (int i = atom.first; i <= atom.last; ++i) {
        const auto& line = hunk->lines[static_cast<std::size_t>(i)];
        if (line.kind == '-' && expects(line.text))
          stays.insert({std::string(trim(line.text)), renamed(trim(line.text))});
      }
      for (int i = atom.first; i <= atom.last; ++i) {
        const auto& line = hunk->lines[static_cast<std::size_t>(i)];
        if (!expects(line.text)) continue;
        if (line.kind == '-') before = true;
        if (line.kind == '+' && !now && !stays.contains(trim(line.text))) now = &line;
      }
      if (!before || !now) continue;
      out_.push_back({"expectation_changed", model_.file(atom).new_path, now->new_line,
                      "An expectation changes here, in a change whose words claim no other behaviour."});
      return;  // one says it
    }
  }

  // Types and functions that went for good, by name, where a document at the head still has the whole word.
  void documents() {
    std::map<std::string, const SymbolChange*, std::less<>> gone;
    for (const auto& c : model_.delta)
      if (c.deed == Deed::removed && !c.before->test && distinctive(c.before->name) &&
          (c.before->kind == SymbolKind::type || c.before->kind == SymbolKind::function))
        gone.emplace(c.before->name, &c);
    if (gone.empty() || gone.size() > 200) return;
    for (const auto& change : model_.changes)
      if (change.after.file) {
        for (const auto& token : change.after.file->tokens)
          if (token.kind == syntax::TokenKind::identifier)
            if (auto found = gone.find(change.after.text_of(token)); found != gone.end()) gone.erase(found);
      }
    if (gone.empty()) return;
    const auto& repository = *model_.input->repository;
    std::vector<Mention> mentions;
    int seen = 0;
    repository.walk(model_.input->diff->head, [&](const git::TreeEntry& entry) {
      if ((entry.mode & 0170000) != 0100000 || role_of(entry.path, "") != Role::docs || history(entry.path))
        return true;
      if (repository.blob_size(entry.id).value_or(kMostBytes + 1) > kMostBytes) return true;
      document(entry.path, repository.blob(entry.id).value_or(""), gone, mentions);
      return ++seen < kMostDocuments && mentions.size() < kMostMentions && !gone.empty();
    });
    forget_what_stays(mentions);
    for (const auto& m : mentions)
      out_.push_back({"removed_name_in_docs", m.path, m.line,
                      fmt::format("{} is still named here; this change removes it from {}.", code(m.name),
                                  code_name(file(m.removed->before_change).old_path))});
  }

  struct Mention {
    std::string path, name;
    int line = 0;
    const SymbolChange* removed = nullptr;
  };

  // Other code has something of that name, and the document may mean it. Where there is more code than is looked at,
  // nothing is said.
  void forget_what_stays(std::vector<Mention>& mentions) const {
    const auto& repository = *model_.input->repository;
    int seen = 0;
    if (mentions.empty()) return;
    repository.walk(model_.input->diff->head, [&](const git::TreeEntry& entry) {
      auto role = role_of(entry.path, "");
      if ((entry.mode & 0170000) != 0100000 || (role != Role::source && role != Role::test)) return true;
      if (++seen > kMostSources) {
        mentions.clear();
        return false;
      }
      if (repository.blob_size(entry.id).value_or(kMostSourceBytes + 1) > kMostSourceBytes) return true;
      auto text = repository.blob(entry.id).value_or("");
      std::erase_if(mentions, [&](const Mention& m) { return has_word(text, m.name); });
      return !mentions.empty();
    });
  }

  static bool has_word(std::string_view text, std::string_view word) {
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
      auto end = at + word.size();
      if ((at == 0 || !is_word_byte(text[at - 1])) && (end == text.size() || !is_word_byte(text[end]))) return true;
    }
    return false;
  }

  // A log of what was is right to name what went, and so are the documents of an older version.
  static bool history(std::string_view path) {
    for (auto part : split(folder_of(path), '/')) {
      auto digits = part.starts_with('v') ? part.substr(1) : std::string_view();
      if (part.starts_with("version") || part == "archive" ||
          (!digits.empty() && digits.find_first_not_of("0123456789._-x") == std::string_view::npos))
        return true;
    }
    auto name = lower(base_name(path));
    for (std::string_view word : {"change", "news", "history", "release", "migrat", "upgrad"})
      if (name.find(word) != std::string::npos) return true;
    return false;
  }

  void document(const std::string& path, const std::string& text,
                std::map<std::string, const SymbolChange*, std::less<>>& gone, std::vector<Mention>& mentions) {
    int number = 0;
    for (auto line : split(text, '\n')) {
      ++number;
      for (std::size_t i = 0; i < line.size();) {
        if (!is_word_byte(line[i])) {
          ++i;
          continue;
        }
        auto end = i;
        while (end < line.size() && is_word_byte(line[end])) ++end;
        if (auto found = gone.find(line.substr(i, end - i)); found != gone.end()) {
          mentions.push_back({path, found->first, number, found->second});
          gone.erase(found);
          if (mentions.size() == kMostMentions) return;
        }
        i = end;
      }
    }
  }

  const Model& model_;
  std::vector<Check>& out_;
};

}  // namespace

void check_symbols(const Model& model, std::vector<Check>& out) {
  Symbols(model, out).run();
}

}  // namespace pika::explain
