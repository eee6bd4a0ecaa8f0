// Which files a branch has moved, as git tells it (half of the lines alike), so that what stood in them is not new.
#pragma once
#include <filesystem>
#include <optional>

#include "pika/base/result.hpp"
#include "pika/gitx/repository.hpp"
#include "pika/invariants/evaluate.hpp"

namespace pika::invariants {

// From `base` to a commit, or to the work tree at `root` with files that nobody added yet. Needs git; an Error is its
// words.
Result<Renames> renames_since(const git::Repository& repository, const std::filesystem::path& root,
                              const git::Oid& base, const std::optional<git::Oid>& head);

// Of `git diff --name-status -z --diff-filter=R`; anything else in it is left out.
Renames parse_renames(std::string_view bytes);

}  // namespace pika::invariants
