// Prepared outputs by `nix build` of one installable, in the job's sandbox like a command.
//
// There the trust domain's nix store (nix_store.hpp) is /nix, for nix as a single user without its daemon: an ordinary
// user's engine can, and nothing of the host's own nix is read or written. The sandbox is the job's, not nix's:
// builders see the host's /usr, which is why the host's tools are part of an output's name. The network is the node's:
// off means nothing is fetched, neither inputs of a flake nor finished builds of others.
//
// What was built is copied, with everything that it refers to, into the folder of the output:
//   result                      a symlink to /nix/store/<hash>-<name>, the path that was built
//   store/<hash>-<name>/...     that path and all it refers to, as jobs see them in /nix/store
// so that an output is whole by itself: the nix store may be emptied at any time, and costs another build then.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "jerichoci/jerichoci.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

// An installable is of the tree: ".", ".#deps", "./sub#deps", "path:./sub#deps"; or {"-f", "default.nix", "deps"}, the
// last may be missing. Another flake ("github:...", "nixpkgs#hello") is refused: such a name says another thing
// tomorrow, and the name of an output must not. What a flake needs from elsewhere stands in its flake.lock.
pika::Status check_installable(const PrepareSpec& spec);

// The command of the node's job. `root` names the garbage collector's root that keeps the result in the nix store;
// `collect`: what no root needs is removed from that first.
std::vector<std::string> nix_command(const std::filesystem::path& nix, const PrepareSpec& spec, const std::string& root,
                                     bool collect);
// Variables that nix needs there, in front of the node's own: NIX_CONFIG is put together of both.
std::map<std::string, std::string> nix_environment(const PrepareSpec& spec);

// unavailable where the program is not there.
pika::Status check_nix(const std::filesystem::path& nix);

// Whether it is there, where a sandbox shows it, and of a version that knows flakes (2.4 or later).
NixReport look_for_nix(const EngineConfig& config);

// What the job's record says after a failure of nix_command's own steps, in the words of the installable.
void explain_nix_failure(const PrepareSpec& spec, JobRecord& job);

// The path that was built, "/nix/store/<hash>-<name>", of a payload as above, which hostile hands may have filled:
// invalid when it is no entry of the nix store, or none that was copied, or no folder.
pika::Result<std::string> built_path(const std::filesystem::path& payload);

}  // namespace jerichoci
