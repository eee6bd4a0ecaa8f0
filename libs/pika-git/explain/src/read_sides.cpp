#include <algorithm>

#include "model.hpp"

namespace pika::explain {

namespace {

// What is parsed of one change, so that a huge one still takes seconds. Beyond it hunks speak for themselves.
constexpr std::size_t kMostParsed = 24u << 20;
constexpr int kMostGivenUp = 8;

class Reader {
 public:
  explicit Reader(Model& model) : model_(model) {}

  void run() {
    for (auto& change : model_.changes) {
      const auto& file = *change.file;
      if (file.hunks.empty() ||
          (change.role != Role::source && change.role != Role::test && change.role != Role::schema))
        continue;
      if (file.kind == git::ChangeKind::type_changed) continue;  // a symlink on one side
      auto text = content(file.new_blob), old_text = content(file.old_blob);
      change.language = syntax::language_of(file.path(), text.empty() ? old_text : text);
      if (change.language == syntax::Language::none) continue;
      if (!file.old_blob.is_zero()) change.before = parsed(change.language, std::move(old_text));
      if (!file.new_blob.is_zero()) change.after = parsed(change.language, std::move(text));
    }
  }

 private:
  std::string content(const git::Oid& id) const {
    const auto& repository = *model_.input->repository;
    if (id.is_zero() || repository.blob_size(id).value_or(syntax::kMostBytes + 1) > syntax::kMostBytes) return {};
    return repository.blob(id).value_or("");
  }

  Side parsed(syntax::Language language, std::string text) {
    if (text.empty() || spent_ + text.size() > kMostParsed || given_up_ >= kMostGivenUp) return {};
    spent_ += text.size();
    auto side = make_side(language, std::move(text));
    given_up_ += !side.file;
    return side;
  }

  Model& model_;
  std::size_t spent_ = 0;
  int given_up_ = 0;
};

constexpr int kLongRun = 40, kPiece = 16;  // lines
constexpr int kLongPiece = 60;             // of one symbol: its members may begin the next

// The parts of a run of only added or only removed lines, cut where a top-level symbol begins, or a member of a long
// one.
std::vector<Atom> cut(const Model& model, const Atom& atom) {
  const auto* hunk = model.hunk(atom);
  bool added = atom.removed == 0;
  const auto& side = added ? model.change(atom).after : model.change(atom).before;
  if (!hunk || !side.file || (atom.added && atom.removed) || atom.lines() < kLongRun) return {atom};
  std::vector<Atom> out;
  Atom now = atom;
  auto close = [&](int last) {
    now.last = last;
    (added ? now.added : now.removed) = last - now.first + 1;
    out.push_back(now);
    if (now.moved.line) now.moved.line += now.lines();
    now.first = last + 1;
  };
  std::size_t next = 0;
  const auto& symbols = side.file->symbols;
  const syntax::Symbol* open = nullptr;  // a symbol that is not yet over: its members begin nothing
  for (int i = atom.first; i <= atom.last; ++i) {
    const auto& line = hunk->lines[static_cast<std::size_t>(i)];
    int number = added ? line.new_line : line.old_line;
    bool begins = false, member = false;
    for (; next < symbols.size() && symbols[next].first_line <= number; ++next) {
      const auto& s = symbols[next];
      if (s.kind == syntax::SymbolKind::scope) continue;
      if (open && open->last_line >= s.last_line) {
        member |= s.first_line == number;
        continue;
      }
      open = &s;
      begins |= s.first_line == number;
    }
    bool here = (begins && i - now.first >= kPiece) || (member && i - now.first >= kLongPiece);
    if (here && atom.last - i >= kPiece / 2) close(i - 1);
  }
  close(atom.last);
  return out;
}

}  // namespace

void read_sides(Model& model) {
  Reader(model).run();
  std::vector<Atom> atoms;
  for (const auto& atom : model.atoms)
    for (auto& piece : cut(model, atom)) atoms.push_back(std::move(piece));
  model.atoms = std::move(atoms);
  for (auto& atom : model.atoms) {
    const auto* hunk = model.hunk(atom);
    if (!hunk) continue;
    const auto& change = model.change(atom);
    for (int i = atom.first; i <= atom.last; ++i) {
      const auto& line = hunk->lines[static_cast<std::size_t>(i)];
      const auto& side = line.kind == '+' ? change.after : change.before;
      int number = line.kind == '+' ? line.new_line : line.old_line;
      const auto* symbol = side.top_symbol(number);
      if (!symbol) continue;
      atom.symbol = symbol->qualified;
      atom.test = atom.test || side.in_test(number);
      break;
    }
  }
}

}  // namespace pika::explain
