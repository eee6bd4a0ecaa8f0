// Colours of source lines for pages, by the same grammars that the explainer reads with.
//
// One object serves one page: it colours a file when its first line is asked for, and stops colouring when the page has
// had its share, so that a page's cost has a bound. Files seen by any page are remembered by blob id. One thread.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "pika/gitx/diff.hpp"
#include "pika/gitx/repository.hpp"

namespace pika::explain {

struct ColourSpan {
  int begin = 0, end = 0;  // bytes of the line
  std::string_view paint;  // "keyword", "type", "function", "string", "number", "comment", "constant", "property"
};
using ColouredLines = std::vector<std::vector<ColourSpan>>;  // by line, from 0

class Colours {
 public:
  explicit Colours(std::filesystem::path repository);
  // Of line `line` (from 1) of the file's old or new side; empty where it is not coloured.
  const std::vector<ColourSpan>& line(const git::FileChange& file, bool new_side, int line);

 private:
  std::shared_ptr<const ColouredLines> lines_of(const git::Oid& blob, std::string_view path);
  std::filesystem::path path_;
  std::unique_ptr<git::Repository> repository_;
  std::map<git::Oid, std::shared_ptr<const ColouredLines>> seen_;
  std::size_t budget_;
};

}  // namespace pika::explain
