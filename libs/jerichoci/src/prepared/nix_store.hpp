// nix/<domain>: the nix store of a trust domain, shown as /nix to the nodes that build with nix.
//
//   nix/<domain>/store, nix/<domain>/var   as nix has them; jobs of the domain write them, nobody else reads them
//   nix/<domain>/var/nix/gcroots/<content> symlink to what the prepared output of that name was copied from
//   nix/.<domain>.lock                     held shared by who builds there; alone by who takes it away
//   nix/.gone-<random>                     on its way out
//
// It only saves builds: outputs are whole without it (nix_build.hpp). So it may go as a whole; and while it stays, nix
// itself removes what no root needs, once it has grown above the quota. A root goes with its output.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/base/fd.hpp"

namespace jerichoci {

class NixStore {
 public:
  NixStore(const std::filesystem::path& state_root, std::optional<std::uint32_t> owner);

  // In use while it lives.
  struct InUse {
    std::filesystem::path folder;
    pika::UniqueFd lock;
  };
  // Made when it is not there. Roots whose output is not among `outputs` are dropped. Throws SystemError.
  InUse use(const std::string& domain, const std::set<std::string>& outputs) const;
  // A fresh one in `folder` that nobody shares, for who may save nothing.
  InUse throw_away(const std::filesystem::path& folder) const;

  struct Kept {
    std::string domain;
    std::filesystem::path folder;
    pika::Micros used_at = 0;
  };
  std::vector<Kept> list() const;  // most recently used first
  // False when somebody builds there.
  bool remove(const std::string& domain) const;

 private:
  void make(const std::filesystem::path& folder) const;
  std::filesystem::path root_;
  std::optional<std::uint32_t> owner_;
};

}  // namespace jerichoci
