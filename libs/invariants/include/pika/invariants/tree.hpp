// A tree of files as rules see it: which paths there are, and what each file says that it depends on.
//
// Reading and caching are the source's matter (source.hpp); tests give a tree of strings (memory_tree). A view belongs
// to one thread.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pika/invariants/scan.hpp"

namespace pika::invariants {

// A word that was found in a file.
struct Mention {
  std::uint32_t line = 1, column = 1;  // from 1; columns in bytes
  std::uint32_t word = 0;              // index in the list that was looked for
  bool operator==(const Mention&) const = default;
};

class TreeView {
 public:
  virtual ~TreeView() = default;
  // Every file, symlinks too, sorted by bytes, unique.
  virtual const std::vector<std::string>& paths() const = 0;
  // What scan() gives for the file; valid as long as the view.
  virtual const std::vector<Reference>& references(std::size_t file) const = 0;
  // What find_mentions() gives for the file's text; at most kMostMentions.
  virtual std::vector<Mention> mentions(std::size_t file, const std::vector<std::string>& words) const = 0;
  // The text of a small file that a rule needs (CODEOWNERS); empty when it cannot be read.
  virtual std::string text(std::size_t file) const = 0;
};

inline constexpr std::size_t kMostMentions = 100;

// Where the words stand in a text, in its order, at most kMostMentions. A word is found as a word of its own or as a
// part of an identifier: "forge" in "forge_client", "ForgeClient" and "the forge.", not in "forgery". A word of small
// letters is found in capitals too; one with a capital only as it is written. Binary text (a NUL in its first 8,000
// bytes, as git tells) mentions nothing.
std::vector<Mention> find_mentions(std::string_view text, const std::vector<std::string>& words);

// Path to content.
std::unique_ptr<TreeView> memory_tree(const std::map<std::string, std::string>& files);

}  // namespace pika::invariants
