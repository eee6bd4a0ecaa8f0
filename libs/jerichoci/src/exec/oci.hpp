// Jobs in an image, by an OCI runtime (runc): namespaces, mounts and capabilities as its config.json says, which is
// made here (runtime-spec, config.md); overlay, cgroups, network gate, supervision and the filter of system calls are
// the same as a sandbox's, by our leader.
//
// The job is uid 0 of a user namespace of its own, which is the job's user outside, without any capability and without
// a way to get one: so files of an image that belong to root read as its own. The image's user is therefore not
// looked at; its environment counts, its working folder does not: commands run in the workspace. The runtime makes no
// cgroups: those of the host are read-only for it.
//
// If the image has /bin/sh, that is the first process and waits for the command: the kernel keeps signals from the
// first process of a namespace.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "exec/sandbox.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

// Where its job's mounts are staged: not /sys, below which it looks for control groups.
inline constexpr const char* kOciStage = "/mnt";

struct OciSpec {
  std::filesystem::path runc;
  SandboxSpec job;                    // with a root
  std::filesystem::path root_folder;  // its files as the engine sees them
};

// The runtime's configuration is JSON, and so has no words that are not UTF-8: a command or variable that holds some
// goes by a shell script at this place. Empty when there is none, or no shell: then U+FFFD stands for such bytes.
inline constexpr const char* kOciScript = "/run/jericho-command";
std::optional<std::string> oci_script(const OciSpec& spec);

// The runtime's configuration.
pika::json::Value oci_config(const OciSpec& spec);

// As start_sandbox.
std::unique_ptr<JobProcess> start_oci(const OciSpec& spec);

}  // namespace jerichoci
