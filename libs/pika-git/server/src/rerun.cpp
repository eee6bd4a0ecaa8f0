#include "rerun.hpp"

#include <fmt/format.h>

namespace pika::server {

Result<int> rerun(Context& site, const store::Suite& suite, const std::string& what, const std::string& lane,
                  const std::string& by) {
  auto branch = site.store->branch(suite.branch);
  auto newest = site.store->newest_suite(suite.branch);
  if (!branch || branch->state != store::BranchState::open)
    return fail(ErrorKind::conflict, "the branch is not open any more; its lanes are history");
  if (!newest || newest->id != suite.id)
    return fail(ErrorKind::conflict, fmt::format("run #{} is not the newest of its branch", suite.number),
                newest ? fmt::format("rerun lanes of run #{}", newest->number) : "");
  int count = 0;
  bool known = false;
  auto now = system_clock().now();
  for (const auto& l : site.store->lanes(suite.id)) {
    bool wanted = what == "all" || (what == "failed" && l.newest().status != jerichoci::Status::passed) ||
                  (what == "lane" && l.lane.lane == lane);
    known = known || wanted;
    if (wanted && site.store->add_attempt(l.lane.id, fmt::format("rerun by {}", by), 0, now)) ++count;
  }
  if (what != "all" && what != "failed" && what != "lane")
    return fail(ErrorKind::invalid, "what to rerun is one of: all, failed, lane");
  if (what == "lane" && !known)
    return fail(ErrorKind::not_found, fmt::format("run #{} has no lane `{}`", suite.number, lane));
  site.gateway->kick();
  return count;
}

}  // namespace pika::server
