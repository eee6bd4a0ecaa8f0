// One prepare node of a run: from the part of the tree that it reads to an output that jobs mount.
//
// It runs like a job: under its id in jobs/<id>, sandboxed, supervised, with its own limits and network, on a checkout
// of only its inputs. Its command fills the folder $PIKA_OUTPUT; outputs that it needs are at /prepared/<id>, told by
// $PIKA_PREPARED_<ID>. Whether the output is there already is decided by its name alone (output_name.hpp): of the run's
// trust domain, else of the one that domain may read.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "exec/job_mount.hpp"
#include "jerichoci/model.hpp"
#include "prepared/output_store.hpp"
#include "run/engine_parts.hpp"
#include "runstore/journal.hpp"

namespace jerichoci {

struct PrepareContext {
  EngineParts& engine;
  std::string run_id;
  pika::git::Oid tree;  // of the run
  TrustDomain trust;
  std::map<std::string, OutputInUse> needed;  // by node id
  BusyMark& busy;
  Journal& journal;
  int cancel_fd = -1, kill_fd = -1;
};

struct Prepared {
  PreparedOutputRecord record;
  OutputInUse output;  // when it passed
};

PreparedOutputRecord new_prepared_record(const PrepareSpec& spec);

// Never throws: what the host does not give is an infrastructure failure of the record.
Prepared run_prepare(const PrepareContext& context, const PrepareSpec& spec, PreparedOutputRecord record);

// PIKA_PREPARED_<ID>
std::string prepared_variable(const std::string& id);

// What a job is shown of the outputs it names: at the path it gives; else where the payload's manifest says; else
// where the role has its place (workspace_deps at /staged/linux-rust/workspace-deps, workspace_build at
// /staged/linux-rust/workspace-build); else at /prepared/<id>. invalid when two would lie at the same place.
pika::Result<std::vector<JobMount>> mounts_of(const JobSpec& job, const std::vector<PrepareSpec>& specs,
                                              const std::map<std::string, OutputInUse>& outputs);

}  // namespace jerichoci
