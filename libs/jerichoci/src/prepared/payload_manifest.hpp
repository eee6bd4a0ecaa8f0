// share/pikaci/payload-manifest.json of a prepared output: what it holds and where it wants to be mounted.
//
//   {"schema_version": 1,
//    "kind": "staged-linux-rust",                     a word of whoever made it, [a-z0-9_-]{1,64}
//    "entrypoints": ["bin/run-tests"],                programs: executable files of the payload
//    "asset_roots": ["share/assets"],                 folders of the payload
//    "mounts": [{"name": "workspace-deps",            as kind, each once
//                "relative_path": ".",                a folder of the payload; "." is all of it
//                "guest_path": "/staged/deps",        absolute, where a job sees it, each once
//                "read_only": true}]}                 always: many jobs share it
//
// All fields are needed and no others are known. Paths are relative, without "..", and meet no symlink on the way.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pika/base/result.hpp"

namespace jerichoci {

inline constexpr const char* kManifestPath = "share/pikaci/payload-manifest.json";

struct ManifestMount {
  std::string name, relative_path, guest_path;
};

struct PayloadManifest {
  std::string kind;
  std::vector<std::string> entrypoints, asset_roots;
  std::vector<ManifestMount> mounts;
};

pika::Result<PayloadManifest> parse_manifest(std::string_view text);
// The one of a payload, checked against what is there; nothing when it carries none.
pika::Result<std::optional<PayloadManifest>> read_manifest(const std::filesystem::path& payload);

}  // namespace jerichoci
