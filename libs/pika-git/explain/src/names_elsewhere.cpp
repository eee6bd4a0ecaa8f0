#include "names_elsewhere.hpp"

#include <algorithm>

#include "pika/base/text.hpp"

namespace pika::explain {

namespace {

using syntax::Language;
using syntax::TokenKind;

// Some 0.3 s of reading.
constexpr std::size_t kMostBytes = 48u << 20;
constexpr std::size_t kMostFiles = 20'000;
constexpr int kMostParsed = 40;

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

template <typename Each>
void each_word(std::string_view text, Each each) {
  for (std::size_t i = 0; i < text.size();) {
    auto begin = i;
    while (i < text.size() && is_word_byte(text[i])) ++i;
    if (i > begin) each(text.substr(begin, i - begin));
    if (i == begin) ++i;
  }
}

class Search {
 public:
  Search(const Model& model, const Names& names, const Names& modules)
      : model_(model), left_(names), modules_(modules) {
    for (const auto& change : model.changes) changed_.insert(change.file->new_path);
  }

  Names run() {
    const auto& repository = *model_.input->repository;
    bool all = true;
    repository.walk(model_.input->diff->head, [&](const git::TreeEntry& entry) {
      if ((entry.mode & 0170000) != 0100000 || changed_.contains(entry.path)) return true;
      path(entry.path);
      auto language = syntax::language_of(entry.path);
      if (language == Language::none || language == Language::json || language == Language::toml) return true;
      auto text = repository.blob(entry.id).value_or("");
      bytes_ += text.size();
      if (++files_ > kMostFiles || bytes_ > kMostBytes) return all = false;
      read(language, std::move(text));
      return !left_.empty();
    });
    if (!all) found_.insert(left_.begin(), left_.end());
    return std::move(found_);
  }

 private:
  void path(std::string_view path) {
    if (modules_.empty()) return;
    auto parts = split(path, '/');
    if (auto dot = parts.back().rfind('.'); dot != std::string_view::npos) parts.back() = parts.back().substr(0, dot);
    for (auto part : parts)
      if (modules_.contains(part)) found(part);
  }

  void found(std::string_view name) {
    found_.emplace(name);
    if (auto at = left_.find(name); at != left_.end()) left_.erase(at);
  }

  void read(Language language, std::string text) {
    Names here;
    each_word(text, [&](std::string_view word) {
      if (left_.contains(word)) here.emplace(word);
    });
    if (here.empty()) return;
    if (++parsed_ <= kMostParsed)
      if (auto side = make_side(language, std::move(text)); side.file) {
        for (const auto& token : side.file->tokens)
          if (token.kind != TokenKind::comment && token.kind != TokenKind::string)
            each_word(side.text_of(token), [&](std::string_view word) {
              if (here.contains(word)) found(word);
            });
        return;
      }
    for (const auto& name : here) found(name);
  }

  const Model& model_;
  Names left_;
  const Names& modules_;
  std::set<std::string, std::less<>> changed_;
  Names found_;
  std::size_t bytes_ = 0, files_ = 0;
  int parsed_ = 0;
};

}  // namespace

Names names_elsewhere(const Model& model, const Names& names, const Names& modules) {
  return Search(model, names, modules).run();
}

}  // namespace pika::explain
