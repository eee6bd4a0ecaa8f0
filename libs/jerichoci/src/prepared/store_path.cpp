// Apart from nix_build.cpp for the small programs that run on other hosts.
#include "prepared/store_path.hpp"

#include <algorithm>
#include <string_view>

namespace jerichoci {

namespace {

constexpr std::string_view kStore = "/nix/store/";

bool is_base32(char c) {
  return ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')) && c != 'e' && c != 'o' && c != 'u' && c != 't';
}

bool is_name_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("+-._?=").find(c) != std::string_view::npos;
}

}  // namespace

bool is_store_path(const std::string& path) {
  if (!path.starts_with(kStore)) return false;
  auto entry = std::string_view(path).substr(kStore.size());
  if (entry.size() < 34 || entry.size() > 32 + 1 + 211 || entry[32] != '-') return false;
  return std::all_of(entry.begin(), entry.begin() + 32, is_base32) &&
         std::all_of(entry.begin() + 33, entry.end(), is_name_character);
}

}  // namespace jerichoci
