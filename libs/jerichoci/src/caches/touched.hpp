// Which files of a workspace must look new to a build tool, because a cache it restores was filled from other content.
//
// Every file of a checkout has one fixed old time, so nothing that a cache holds is older. What would be missed then is
// a file that changed since: with each cache's generation the times are kept that paths of its workspace had. A path
// whose content is other than in the tree of that generation gets the present, also when it goes back to an old
// content; what got a time once keeps it as long as the cache lives, because a job may have built only a part.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "caches/cache_store.hpp"
#include "pika/gitx/repository.hpp"

namespace jerichoci {

// The times for a workspace of `tree` over a cache with these facts. Nothing when that cannot be known (its tree is
// gone, a path is none) or when more than some thousand paths changed: then the cache is as good as none.
std::optional<TouchedPaths> touched_paths(const pika::git::Repository& store, const GenerationFacts& facts,
                                          const pika::git::Oid& tree, pika::Micros now);

// A layer for an overlay: the touched files of the checkout, with their times. Throws SystemError.
void make_touched_layer(const std::vector<std::filesystem::path>& layers, const TouchedPaths& touched,
                        const std::filesystem::path& to, std::optional<std::uint32_t> owner);
// The same for a copy.
void touch_files(const std::filesystem::path& workspace, const TouchedPaths& touched);

}  // namespace jerichoci
