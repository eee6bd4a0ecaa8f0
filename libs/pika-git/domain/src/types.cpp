#include "pika/domain/types.hpp"

#include <algorithm>
#include <array>

namespace pika::domain {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::reader:
      return "reader";
    case Role::writer:
      return "writer";
    case Role::lander:
      return "lander";
    case Role::admin:
      return "admin";
  }
  return "reader";
}

std::optional<Role> parse_role(std::string_view word) {
  for (auto role : {Role::reader, Role::writer, Role::lander, Role::admin})
    if (word == to_string(role)) return role;
  return std::nullopt;
}

std::string_view to_string(BranchState state) {
  switch (state) {
    case BranchState::open:
      return "open";
    case BranchState::merged:
      return "merged";
    case BranchState::closed:
      return "closed";
  }
  return "open";
}

std::optional<BranchState> parse_branch_state(std::string_view word) {
  for (auto state : {BranchState::open, BranchState::merged, BranchState::closed})
    if (word == to_string(state)) return state;
  return std::nullopt;
}

std::string_view to_string(TutorialState state) {
  switch (state) {
    case TutorialState::pending:
      return "pending";
    case TutorialState::generating:
      return "generating";
    case TutorialState::ready:
      return "ready";
    case TutorialState::failed:
      return "failed";
  }
  return "pending";
}

std::optional<TutorialState> parse_tutorial_state(std::string_view word) {
  for (auto state : {TutorialState::pending, TutorialState::generating, TutorialState::ready, TutorialState::failed})
    if (word == to_string(state)) return state;
  return std::nullopt;
}

bool valid_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name == "." || name == ".." || name.ends_with(".git") ||
      name.ends_with(".lock"))
    return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

bool reserved_owner(std::string_view name) {
  constexpr std::array<std::string_view, 6> kReserved = {"api", "assets", "login", "admin", "inbox", "queue"};
  return name == "health" || std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

}  // namespace pika::domain
