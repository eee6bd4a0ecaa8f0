// Whether two folders are the same, as far as names, kinds, modes, sizes and times tell.
#pragma once
#include <filesystem>

namespace jerichoci {

// Throws SystemError when one cannot be read.
bool same_tree(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace jerichoci
