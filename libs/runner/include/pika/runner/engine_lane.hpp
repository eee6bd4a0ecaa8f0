// EngineLane: a lane run by jerichoci on this host. Fetches the commit, takes its snapshot, runs the jobs, and carries
// what they print into the attempt's log while they run.
//
// The log of several jobs is one: pieces as they come, a line "== job NAME ==" where another job's bytes begin. With
// one job there is no such line and the bytes are the job's own.
#pragma once
#include <filesystem>
#include <string>

#include "jerichoci/jerichoci.hpp"
#include "pika/runner/loop.hpp"
#include "pika/runner/spool.hpp"

namespace pika::runner {

class EngineLane : public LaneRunner {
 public:
  // `stores`: folder of the bare stores that commits are fetched into; `token`: for fetching over http.
  EngineLane(jerichoci::Engine& engine, std::filesystem::path stores, std::string token)
      : engine_(engine), stores_(std::move(stores)), token_(std::move(token)) {}

  wire::AttemptResult run(const wire::Assign& assign, const std::string& run_id, AttemptLog& log,
                          const LaneReport& report, const jerichoci::CancelToken& cancel) override;

 private:
  Result<jerichoci::RunRequest> prepare(const wire::Assign& assign, const std::string& run_id, const LaneReport& report,
                                        const jerichoci::CancelToken& cancel);

  jerichoci::Engine& engine_;
  std::filesystem::path stores_;
  std::string token_;
};

// Whom a lane is trusted like, for caches and what else outlives a run. A branch has a domain of its own, which reads
// the repository's and nothing of other branches, nor what another push of the same branch left: its code is anybody's.
// No run writes into the repository's; what it has was taken over from branches that landed.
jerichoci::TrustDomain trust_of(const wire::Assign& assign);

// Takes the caches of branches that landed over into the repository's domain: those that runs on exactly the tree that
// landed had saved. Trouble is a line in the log.
void take_over_landed(jerichoci::Engine& engine, const wire::Assign& assign);

// The result of a run as the engine recorded it.
wire::AttemptResult result_of(const jerichoci::RunRecord& run);

// Every spooled attempt that had begun and has no result was lost with the runner that ran it: says so in its log and
// writes its result. Call after Engine::open, which has settled the runs. Gives everything that is spooled.
std::vector<SpooledAttempt> settle(Spool& spool, jerichoci::Engine& engine);

}  // namespace pika::runner
