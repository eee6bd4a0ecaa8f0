// What a job's outcome may depend on beside its tree: kernel, machine, and the tools that the host shows. Names and
// digests for the record and for replay; no secrets.
#pragma once
#include <cstdint>
#include <string>

#include "jerichoci/model.hpp"
#include "pika/base/sync.hpp"

namespace jerichoci {

class HostFacts {
 public:
  // host_tools is the SHA-256 of the package database and os-release; it is computed again only when one of them
  // changed. Empty where the host has neither. Thread-safe.
  EnvironmentRecord environment();

 private:
  struct Tools {
    std::string signature, digest;
  };
  pika::Sync<Tools> tools_;
};

}  // namespace jerichoci
