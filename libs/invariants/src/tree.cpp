// Words in a text, and the tree of strings that tests use.
#include "pika/invariants/tree.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace pika::invariants {
namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_letter(char c) {
  return is_upper(c) || is_lower(c) || static_cast<unsigned char>(c) >= 0x80;
}
bool is_figure(char c) {
  return c >= '0' && c <= '9';
}
char small(char c) {
  return is_upper(c) ? static_cast<char>(c + 32) : c;
}

// Whether `before` and `after` stand together inside one word of an identifier.
bool joined(char before, char after) {
  if (is_figure(before) && is_figure(after)) return true;
  if (!is_letter(before) || !is_letter(after)) return false;
  return !(is_lower(before) && is_upper(after));  // forge|Client
}

class Finder {
 public:
  Finder(std::string_view text, const std::string& word)
      : text_(text), word_(word), any_case_(std::none_of(word.begin(), word.end(), is_upper)) {}

  // The next place at or after `from`; npos when there is none.
  std::size_t next(std::size_t from) const {
    for (auto at = candidate(from); at != text_.npos; at = candidate(at + 1))
      if (whole(at)) return at;
    return text_.npos;
  }

 private:
  std::size_t candidate(std::size_t from) const {
    if (!any_case_) return text_.find(word_, from);
    const char first = word_[0];
    const char capital = is_lower(first) ? static_cast<char>(first - 32) : first;
    while (from + word_.size() <= text_.size()) {
      const auto* begin = text_.data() + from;
      const auto span = text_.size() - from - word_.size() + 1;
      const auto* one = static_cast<const char*>(std::memchr(begin, first, span));
      const auto reach = one ? static_cast<std::size_t>(one - begin) : span;
      const auto* other = first == capital ? nullptr : static_cast<const char*>(std::memchr(begin, capital, reach));
      if (!one && !other) return text_.npos;
      from = static_cast<std::size_t>((other ? other : one) - text_.data());
      if (std::equal(word_.begin(), word_.end(), text_.begin() + static_cast<std::ptrdiff_t>(from),
                     [](char a, char b) { return a == small(b); }))
        return from;
      ++from;
    }
    return text_.npos;
  }

  bool whole(std::size_t at) const {
    const auto end = at + word_.size();
    if (at > 0 && joined(text_[at - 1], text_[at])) {
      // HTTPForge: the last of several capitals begins the next word.
      const bool capital =
          is_upper(text_[at - 1]) && is_upper(text_[at]) && word_.size() > 1 && is_lower(text_[at + 1]);
      if (!capital) return false;
    }
    return end >= text_.size() || !joined(text_[end - 1], text_[end]) ||
           (is_upper(text_[end - 1]) && is_upper(text_[end]) && end + 1 < text_.size() && is_lower(text_[end + 1]));
  }

  std::string_view text_;
  const std::string& word_;
  bool any_case_;
};

class MemoryTree : public TreeView {
 public:
  explicit MemoryTree(const std::map<std::string, std::string>& files) {
    for (const auto& [path, text] : files) {
      paths_.push_back(path);
      texts_.push_back(text);
      references_.push_back(scan(path, text));
    }
  }
  const std::vector<std::string>& paths() const override { return paths_; }
  const std::vector<Reference>& references(std::size_t file) const override { return references_[file]; }
  std::vector<Mention> mentions(std::size_t file, const std::vector<std::string>& words) const override {
    return find_mentions(texts_[file], words);
  }
  std::string text(std::size_t file) const override { return texts_[file]; }

 private:
  std::vector<std::string> paths_, texts_;
  std::vector<std::vector<Reference>> references_;
};

}  // namespace

std::vector<Mention> find_mentions(std::string_view text, const std::vector<std::string>& words) {
  if (text.substr(0, 8000).find('\0') != text.npos) return {};
  struct Place {
    std::size_t at;
    std::uint32_t word;
  };
  std::vector<Place> places;
  for (std::uint32_t i = 0; i < words.size(); ++i) {
    if (words[i].empty()) continue;
    const Finder finder(text, words[i]);
    std::size_t count = 0;
    for (auto at = finder.next(0); at != text.npos && count < kMostMentions; at = finder.next(at + 1), ++count)
      places.push_back({at, i});
  }
  std::sort(places.begin(), places.end(),
            [](const auto& a, const auto& b) { return std::tie(a.at, a.word) < std::tie(b.at, b.word); });
  if (places.size() > kMostMentions) places.resize(kMostMentions);
  std::vector<Mention> mentions;
  std::uint32_t line = 1;
  std::size_t begin = 0;
  for (const auto& place : places) {
    for (auto end = text.find('\n', begin); end < place.at; end = text.find('\n', begin)) {
      begin = end + 1;
      ++line;
    }
    mentions.push_back({line, static_cast<std::uint32_t>(place.at - begin + 1), place.word});
  }
  return mentions;
}

std::unique_ptr<TreeView> memory_tree(const std::map<std::string, std::string>& files) {
  return std::make_unique<MemoryTree>(files);
}

}  // namespace pika::invariants
