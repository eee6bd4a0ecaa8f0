// Names of paths in a nix store.
#pragma once
#include <string>

namespace jerichoci {

// /nix/store/<32 characters of nix's base 32>-<name>, and nothing after it.
bool is_store_path(const std::string& path);

}  // namespace jerichoci
