// The secrets of one job: what of the request's reaches it, and how.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exec/secret_files.hpp"
#include "jerichoci/model.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"
#include "runstore/secret_mask.hpp"

namespace jerichoci {

class JobSecrets {
 public:
  // Exactly those that the job names. invalid: the request lacks one, or its value cannot be given or masked.
  static pika::Result<JobSecrets> pick(const JobSpec& job, const std::map<std::string, std::string>& given);

  // For its log and the sentences of its record; null when it has none. Only its own: masking those of other jobs
  // would tell it, by what is masked, whether it guessed one.
  const std::shared_ptr<const SecretPatterns>& patterns() const { return patterns_; }
  std::string masked(std::string message) const { return patterns_ ? patterns_->masked(message) : std::move(message); }

  // Sets the variables: values, and paths of files in `folder` as the job sees it.
  void set_environment(std::map<std::string, std::string>& env, const std::string& folder) const;
  // The files, to be placed in `folder` of the job's own mounts.
  SecretFiles files(const std::string& folder, std::optional<std::uint32_t> owner) const;
  // For a job without mounts of its own, of the same user as we are: the files are memory of this process while this
  // object lives, and the variables name their descriptors.
  void set_environment_in_memory(std::map<std::string, std::string>& env);

 private:
  std::map<std::string, std::string> values_;    // variable -> value
  std::map<std::string, std::string> file_of_;   // variable -> name of the file
  std::map<std::string, std::string> contents_;  // name -> content
  std::shared_ptr<const SecretPatterns> patterns_;
  std::vector<pika::UniqueFd> memory_;
};

}  // namespace jerichoci
