#include "pika/explain/colours.hpp"

#include <algorithm>
#include <list>

#include "pika/base/sync.hpp"
#include "pika/syntax/syntax.hpp"

namespace pika::explain {

namespace {

constexpr std::uint64_t kLargestFile = 256 << 10;  // bytes
constexpr std::size_t kPageBudget = 1 << 20;       // bytes parsed for one page
constexpr std::size_t kRemembered = 256;           // files

// The newest files coloured by any page, most recently used first.
class Memory {
 public:
  std::shared_ptr<const ColouredLines> find(const git::Oid& blob) {
    auto at = index_.find(blob);
    if (at == index_.end()) return nullptr;
    order_.splice(order_.begin(), order_, at->second);
    return at->second->second;
  }
  void keep(const git::Oid& blob, std::shared_ptr<const ColouredLines> lines) {
    if (index_.contains(blob)) return;
    order_.emplace_front(blob, std::move(lines));
    index_[blob] = order_.begin();
    if (order_.size() <= kRemembered) return;
    index_.erase(order_.back().first);
    order_.pop_back();
  }

 private:
  std::list<std::pair<git::Oid, std::shared_ptr<const ColouredLines>>> order_;
  std::map<git::Oid, decltype(order_)::iterator> index_;
};

Sync<Memory>& memory() {
  static Sync<Memory> shared;
  return shared;
}

ColouredLines colour(syntax::Language language, std::string_view text) {
  ColouredLines lines(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  std::size_t line = 0, start = 0;
  for (const auto& span : syntax::highlight(language, text)) {
    if (span.paint == syntax::Paint::punctuation) continue;
    std::size_t begin = span.begin;
    // Spans come in order; one may cross lines and is cut at their ends.
    while (begin < span.end) {
      auto newline = text.find('\n', start);
      while (newline != std::string_view::npos && newline <= begin && newline < span.end) {
        if (newline == begin) begin = newline + 1;
        start = newline + 1;
        ++line;
        newline = text.find('\n', start);
      }
      if (begin >= span.end) break;
      auto end = std::min<std::size_t>(span.end, newline == std::string_view::npos ? text.size() : newline);
      if (end > begin)
        lines[line].push_back(
            {static_cast<int>(begin - start), static_cast<int>(end - start), syntax::paint_name(span.paint)});
      begin = end < span.end ? end + 1 : end;
    }
  }
  return lines;
}

}  // namespace

Colours::Colours(std::filesystem::path repository) : path_(std::move(repository)), budget_(kPageBudget) {}

std::shared_ptr<const ColouredLines> Colours::lines_of(const git::Oid& blob, std::string_view path) {
  if (auto known = memory().lock()->find(blob)) return known;
  auto language = syntax::language_of(path);
  if (language == syntax::Language::none || budget_ == 0) return nullptr;
  if (!repository_) {
    auto opened = git::Repository::open(path_);
    if (!opened) return nullptr;
    repository_ = std::make_unique<git::Repository>(std::move(*opened));
  }
  auto size = repository_->blob_size(blob);
  if (!size || *size > kLargestFile || *size > budget_) return nullptr;
  auto text = repository_->blob(blob);
  if (!text) return nullptr;
  budget_ -= static_cast<std::size_t>(*size);
  auto lines = std::make_shared<const ColouredLines>(colour(language, *text));
  memory().lock()->keep(blob, lines);
  return lines;
}

const std::vector<ColourSpan>& Colours::line(const git::FileChange& file, bool new_side, int number) {
  static const std::vector<ColourSpan> none;
  const auto& blob = new_side ? file.new_blob : file.old_blob;
  if (blob.is_zero() || number < 1) return none;
  auto at = seen_.find(blob);
  if (at == seen_.end()) at = seen_.emplace(blob, lines_of(blob, new_side ? file.new_path : file.old_path)).first;
  if (!at->second || static_cast<std::size_t>(number) > at->second->size()) return none;
  return (*at->second)[static_cast<std::size_t>(number) - 1];
}

}  // namespace pika::explain
