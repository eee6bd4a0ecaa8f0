// Which server and repository a folder of git belongs to: read from its remotes, http://host:port/O/N.git.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/ph/login.hpp"

namespace pika::ph {

struct Remote {
  std::string server;      // as server_of gives it
  std::string repository;  // "O/N"
};

// nullopt when the address is of another kind (ssh, a path) or another shape.
std::optional<Remote> parse_remote(std::string_view url);

// The remote of the work tree at `folder`: the current branch's own, else one with a login, else "origin", else the
// only one left. not_found with advice when there is none.
Result<Remote> find_remote(const std::filesystem::path& folder, const Logins& logins);

struct Checkout {
  std::string branch;  // "feature-x"; empty when detached
  std::string head;    // 40 hex digits
};
Result<Checkout> find_checkout(const std::filesystem::path& folder);

}  // namespace pika::ph
