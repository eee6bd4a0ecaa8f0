// A job's command with its services beside it: one command again, for the `sh` of the job's own world. So every way to
// run a job, here and on the forge, has services, and what they start ends with the job.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "pikaci/catalogue.hpp"

namespace pikaci {

// What runs `command` while the services run: they begin in order, each when the one before it is ready. Exits as the
// command does, or 1 where a service was not ready or did not last; what the services wrote is shown then.
std::vector<std::string> with_services(const std::vector<std::pair<std::string, Service>>& services,
                                       const std::vector<std::string>& command);

// Such a command taken apart again, to be shown.
struct Served {
  std::vector<std::string> command, services;
};
// nullopt: it has no services.
std::optional<Served> without_services(const std::vector<std::string>& command);

}  // namespace pikaci
