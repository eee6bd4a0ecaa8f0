// A store in a folder of its own with one repository, and short words for what most tests need of it.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "pika/base/files.hpp"
#include "pika/store/store.hpp"

namespace pika::store {

struct Scene {
  TempDir folder{"pika-store-"};
  std::unique_ptr<Store> store;
  Repository repository;

  Scene();
  void reopen();  // what a restart does
  Pushed push(const std::string& branch, char head, Micros at);
  // A suite of the pushed version with lanes of these names.
  Suite suite(const Pushed& pushed, const std::vector<std::string>& lanes, Micros at,
              std::vector<RunningLease>* superseded = nullptr);
  Attempt newest(const Suite& suite, std::size_t lane = 0);
  Landing landing(const Pushed& pushed, char commit, Micros at);
};

std::string object(char digit);  // an object id of forty equal digits

}  // namespace pika::store
