#include "run/job_secrets.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pika/base/text.hpp"
#include "runstore/secret_forms.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;

namespace {

pika::Status check_value(const JobSpec& job, const SecretUse& use, const std::string& value) {
  auto name = pika::quote_name(use.name);
  if (value.size() < kShortestSecret)
    return fail(ErrorKind::invalid,
                fmt::format("the secret {} of job '{}' is shorter than {} bytes: it could not be masked in the log",
                            name, job.id, kShortestSecret),
                "give a longer one");
  if (value.size() > kLongestSecret)
    return fail(ErrorKind::invalid, fmt::format("the secret {} of job '{}' is longer than {}", name, job.id,
                                                pika::format_bytes(kLongestSecret)));
  if (!use.as_file && value.find('\0') != std::string::npos)
    return fail(ErrorKind::invalid,
                fmt::format("the secret {} of job '{}' holds a NUL byte and cannot be a variable", name, job.id),
                "ask for it as a file");
  // Its variables go by JSON, and what is no text by a script on the disk.
  if (!use.as_file && job.runtime == Runtime::oci && !pika::is_utf8(value))
    return fail(
        ErrorKind::invalid,
        fmt::format("the secret {} of job '{}' is no UTF-8 and cannot be a variable of an OCI job", name, job.id),
        "ask for it as a file");
  return {};
}

}  // namespace

pika::Result<JobSecrets> JobSecrets::pick(const JobSpec& job, const std::map<std::string, std::string>& given) {
  JobSecrets out;
  std::vector<std::string> values;
  for (const auto& use : job.secrets) {
    auto it = given.find(use.name);
    if (it == given.end())
      return fail(ErrorKind::invalid,
                  fmt::format("job '{}' needs the secret {}, which was not given", job.id, pika::quote_name(use.name)),
                  "give it with the request; a rerun takes none from the run before");
    PIKA_TRY(check_value(job, use, it->second));
    values.push_back(it->second);
    if (use.as_file) {
      out.file_of_[use.env] = use.name;
      out.contents_[use.name] = it->second;
    } else {
      out.values_[use.env] = it->second;
    }
  }
  if (!values.empty()) out.patterns_ = std::make_shared<SecretPatterns>(values);
  return out;
}

void JobSecrets::set_environment(std::map<std::string, std::string>& env, const std::string& folder) const {
  for (const auto& [variable, value] : values_) env[variable] = value;
  for (const auto& [variable, name] : file_of_) env[variable] = folder + "/" + name;
}

SecretFiles JobSecrets::files(const std::string& folder, std::optional<std::uint32_t> owner) const {
  SecretFiles out{folder, {}, owner};
  for (const auto& [name, content] : contents_) out.files.emplace_back(folder + "/" + name, content);
  return out;
}

void JobSecrets::set_environment_in_memory(std::map<std::string, std::string>& env) {
  set_environment(env, {});
  std::map<std::string, std::string> paths;
  for (const auto& [name, content] : contents_) {
    pika::UniqueFd fd(::memfd_create("secret", MFD_CLOEXEC));
    if (!fd || ::fchmod(fd.get(), 0400) != 0) throw pika::SystemError("memfd_create");
    pika::write_all(fd.get(), content);
    paths[name] = fmt::format("/proc/{}/fd/{}", ::getpid(), fd.get());
    memory_.push_back(std::move(fd));
  }
  for (const auto& [variable, name] : file_of_) env[variable] = paths[name];
}

}  // namespace jerichoci
