// The engine's verbs of prepared outputs.
#include <fmt/format.h>

#include "prepared/nix_build.hpp"
#include "run/engine_impl.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;
using pika::Result;

std::vector<PreparedOutput> Engine::list_prepared_outputs(std::vector<std::string>* warnings) {
  return impl_->outputs.list(warnings);
}

pika::Status Engine::pin_prepared_output(const std::string& content, const std::string& name) {
  return guarded([&] { return impl_->outputs.pin(content, name); });
}

pika::Status Engine::unpin_prepared_output(const std::string& content, const std::string& name) {
  return guarded([&] { return impl_->outputs.unpin(content, name); });
}

Result<std::vector<PreparedOutput>> Engine::collect_prepared_outputs(const PreparedQuota& quota, DryRun dry_run) {
  return guarded([&]() -> Result<std::vector<PreparedOutput>> { return impl_->outputs.collect(quota, dry_run); });
}

Result<std::string> Engine::root_digest(const std::string& name) const {
  return guarded([&]() -> Result<std::string> {
    auto configured = impl_->config.roots.find(name);
    if (configured == impl_->config.roots.end())
      return fail(ErrorKind::not_found, fmt::format("this engine has no root filesystem called '{}'", name));
    return PIKA_TRY(impl_->roots.ensure(configured->second)).digest;
  });
}

NixReport Engine::nix() const {
  return look_for_nix(impl_->config);
}

}  // namespace jerichoci
