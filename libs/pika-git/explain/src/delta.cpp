#include "delta.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "delta_pairs.hpp"
#include "pika/base/text.hpp"
#include "token_rule.hpp"

namespace pika::explain {

namespace {

using syntax::Symbol;
using syntax::SymbolKind;
using syntax::TokenKind;

class Delta {
 public:
  explicit Delta(const Model& model) : model_(model) {}

  std::vector<SymbolChange> run() {
    for (std::size_t i = 0; i < model_.changes.size(); ++i) one_file(i);
    pair_symbols(model_, out_);
    drop_doubtful(model_, out_);
    leave_out_members();
    auto where = [](const SymbolChange& c) {
      return std::tuple(c.after ? c.after_change : c.before_change, c.after == nullptr, c.symbol().begin);
    };
    std::sort(out_.begin(), out_.end(), [&](const auto& a, const auto& b) { return where(a) < where(b); });
    return std::move(out_);
  }

 private:
  const Side& before(std::size_t i) const { return model_.changes[i].before; }
  const Side& after(std::size_t i) const { return model_.changes[i].after; }

  // A blank name (Go, Python) names nothing.
  static bool worth(const Symbol& s) { return s.kind != SymbolKind::scope && s.name != "_"; }

  void one_file(std::size_t i) {
    const auto& a = before(i);
    const auto& b = after(i);
    bool added = model_.changes[i].file->old_mode == 0, deleted = model_.changes[i].file->new_mode == 0;
    // A side that could not be read would make every symbol of the other one new.
    if ((!added && !a.file) || (!deleted && !b.file)) return;
    std::map<SymbolKey, std::vector<const Symbol*>> old_ones;
    if (a.file)
      for (const auto& s : a.file->symbols)
        if (worth(s)) old_ones[key_of(s)].push_back(&s);
    std::vector<const Symbol*> left;
    if (b.file)
      for (const auto& s : b.file->symbols)
        if (worth(s)) left.push_back(&s);
    // Overloads, and twins under two conditions (#if): what stayed as it was finds itself first, then the same header.
    auto pair_by = [&](auto same_one) {
      std::erase_if(left, [&](const Symbol* s) {
        auto found = old_ones.find(key_of(*s));
        if (found == old_ones.end()) return false;
        auto& same = found->second;
        auto twin = std::find_if(same.begin(), same.end(), [&](const Symbol* o) { return same_one(*o, *s); });
        if (twin == same.end()) return false;
        compare(i, **twin, *s);
        same.erase(twin);
        return true;
      });
    };
    pair_by([&](const Symbol& x, const Symbol& y) { return a.text_of(x) == b.text_of(y); });
    pair_by([](const Symbol& x, const Symbol& y) { return x.header == y.header; });
    pair_by(same_header);
    for (const auto* s : left) {
      auto& same = old_ones[key_of(*s)];
      if (same.empty()) {
        out_.push_back({Deed::added, i, i, nullptr, s});
        continue;
      }
      bool body_too = s->kind == SymbolKind::function && behind(i, a, *same.front()) != behind(i, b, *s);
      out_.push_back({Deed::signature, i, i, same.front(), s, false, body_too});
      same.erase(same.begin());
    }
    for (const auto& [key, rest] : old_ones)
      for (const auto* s : rest) out_.push_back({Deed::removed, i, i, s, nullptr});
  }

  void compare(std::size_t i, const Symbol& x, const Symbol& y) {
    if (before(i).text_of(x) == after(i).text_of(y)) return;
    auto a = before(i).tokens(x), b = after(i).tokens(y);
    bool laid_out = layout_of(model_.changes[i].language) == Layout::free &&
                    std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](const auto& s, const auto& t) {
                      return before(i).text_of(s) == after(i).text_of(t);
                    });
    if (laid_out) return;
    auto language = model_.changes[i].language;
    out_.push_back({Deed::body, i, i, &x, &y, code_of(before(i), a, language) == code_of(after(i), b, language)});
  }

  // The code behind a header; empty where the header's own words are not found in it.
  std::string behind(std::size_t i, const Side& side, const Symbol& s) const {
    std::string code, header;
    for (auto token : code_of(side, side.tokens(s), model_.changes[i].language)) code += token;
    for (char c : s.header)
      if (c != ' ') header += c;
    std::erase_if(code, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
    auto at = header.empty() ? std::string::npos : code.find(header);
    return at == std::string::npos ? std::string() : code.substr(at + header.size());
  }

  // The tokens that do something: no comments, and of Python no string that is all of a statement.
  static std::vector<std::string_view> code_of(const Side& side, std::span<const syntax::Token> tokens,
                                               syntax::Language language) {
    std::vector<std::string_view> out;
    for (const auto& token : tokens) {
      if (token.kind == TokenKind::comment) continue;
      auto text = side.text_of(token);
      bool documents = language == syntax::Language::python && token.kind == TokenKind::string && !out.empty() &&
                       out.back() == ":" && trim(side.line(token.line)).starts_with(text.substr(0, 3));
      if (!documents) out.push_back(text);
    }
    return out;
  }

  void leave_out_members() {
    std::set<const Symbol*> whole, inner;
    for (const auto& c : out_) {
      if (c.deed == Deed::added || c.deed == Deed::moved || c.deed == Deed::reworked) whole.insert(c.after);
      if (c.deed == Deed::removed || c.deed == Deed::moved || c.deed == Deed::reworked) whole.insert(c.before);
    }
    auto parent = [](const Side& side, const Symbol* s) -> const Symbol* {
      return s && s->parent >= 0 ? &side.file->symbols[static_cast<std::size_t>(s->parent)] : nullptr;
    };
    auto in_whole = [&](const Side& side, const Symbol* s) {
      for (s = parent(side, s); s; s = parent(side, s))
        if (whole.contains(s)) return true;
      return false;
    };
    std::erase_if(out_, [&](const SymbolChange& c) {
      if (c.deed == Deed::removed) return in_whole(before(c.before_change), c.before);
      if (c.deed == Deed::added || c.deed == Deed::moved || c.deed == Deed::reworked)
        return in_whole(after(c.after_change), c.after);
      return false;
    });
    for (const auto& c : out_) {
      if (c.after)
        for (auto* p = parent(after(c.after_change), c.after); p; p = parent(after(c.after_change), p)) inner.insert(p);
      if (!c.after)
        for (auto* p = parent(before(c.before_change), c.before); p; p = parent(before(c.before_change), p))
          inner.insert(p);
    }
    std::erase_if(out_, [&](const SymbolChange& c) {
      return c.deed == Deed::body && (inner.contains(c.after) || inner.contains(c.before));
    });
  }

  const Model& model_;
  std::vector<SymbolChange> out_;
};

}  // namespace

std::vector<SymbolChange> symbol_delta(const Model& model) {
  return Delta(model).run();
}

}  // namespace pika::explain
