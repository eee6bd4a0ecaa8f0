// What an open engine holds; the parts that run a job take what they need from here.
#pragma once
#include <optional>

#include "artifacts/artifact_store.hpp"
#include "caches/cache_store.hpp"
#include "exec/cgroup.hpp"
#include "exec/host_facts.hpp"
#include "exec/isolation.hpp"
#include "image/root_store.hpp"
#include "jerichoci/jerichoci.hpp"
#include "pika/base/fd.hpp"
#include "prepared/nix_store.hpp"
#include "prepared/output_store.hpp"
#include "run/bell.hpp"
#include "run/reach.hpp"
#include "run/slots.hpp"
#include "runstore/run_store.hpp"
#include "snapshot/checkouts.hpp"
#include "snapshot/object_store.hpp"

namespace jerichoci {

struct EngineParts {
  EngineParts(EngineConfig c, ObjectStore o, std::optional<std::uint32_t> uid)
      : config(std::move(c)),
        job_uid(uid),
        runs(config.state_root),
        objects(std::move(o)),
        checkouts(config.state_root, job_uid, config.fault),
        artifacts(config.state_root),
        caches(config.state_root, job_uid),
        outputs(config.state_root, config.fault),
        cgroups(CgroupHost::detect()),
        slots(config.state_root, config.slots),
        bell(slots.folder()),
        isolation(config, cgroups, job_uid) {}
  EngineParts(const EngineParts&) = delete;

  EngineConfig config;
  std::optional<std::uint32_t> job_uid;  // set when we are root
  RunStore runs;
  ObjectStore objects;
  Checkouts checkouts;
  ArtifactStore artifacts;
  CacheStore caches;
  OutputStore outputs;
  CgroupHost cgroups;
  Slots slots;
  Bell bell;
  Isolation isolation;
  HostFacts host_facts;
  RootStore roots{config.state_root};
  NixStore nix{config.state_root, job_uid};
  pika::UniqueFd lock;  // engine.lock, shared
};

// Passes a fault point: in a test the process may end here.
inline void reach(const EngineParts& engine, FaultPoint point) {
  reach(engine.config.fault, point);
}

}  // namespace jerichoci
