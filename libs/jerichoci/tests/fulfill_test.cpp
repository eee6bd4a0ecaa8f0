// The far side of a prepared output: nothing leaves the job's folder, nothing is deleted, and there is always a result.
#include "jerichoci/fulfill.hpp"

#include <doctest/doctest.h>

#include "pika/base/files.hpp"

using namespace jerichoci;
namespace fs = std::filesystem;
namespace json = pika::json;

namespace {

struct Far {
  Far() {
    fs::create_directories(root.path() / "job/deep");
    fs::create_directories(root.path() / "store/out");
    request = {.node_id = "deps",
               .output_name = "out",
               .protocol = "prepared_store_v1",
               .realized_path = (root.path() / "store/out").string(),
               .job_folder = (root.path() / "job").string()};
  }
  FulfillResult fulfill(const std::string& exposure) {
    request.requested_exposures = {{.path = exposure}};
    pika::write_file_atomic(request_path(), json::print_pretty(to_json(request)));
    auto done = fulfill_prepared_output_request(request_path(), result_path());
    REQUIRE(done.has_value());
    auto value = *json::parse(*pika::read_file(result_path()));
    CHECK(fulfill_result_from_json(value)->fulfilled == done->fulfilled);  // it is written on failure too
    return *done;
  }
  fs::path request_path() const { return root.path() / "request.json"; }
  fs::path result_path() const { return root.path() / "result.json"; }
  pika::TempDir root{"jci-far-"};
  FulfillRequest request;
};

}  // namespace

TEST_CASE("an exposure is a symlink in the job's folder, and is replaced when it was one") {
  Far far;
  for (auto* path : {"mount-0", "deep/mount", "mount-0"}) {
    auto done = far.fulfill(path);
    CHECK_MESSAGE(done.fulfilled, done.error);
    CHECK(fs::read_symlink(far.root.path() / "job" / path) == far.request.realized_path);
    CHECK(load_fulfill_result(far.result_path(), far.request_path(), far.request)->fulfilled);
  }
}

TEST_CASE("an exposure outside of the job's folder, or over a folder or a file, is refused and nothing is deleted") {
  Far far;
  auto job = far.root.path() / "job";
  fs::create_directories(far.root.path() / "outside");
  fs::create_directory_symlink(far.root.path() / "outside", job / "link");
  pika::write_file_atomic(job / "deep/kept", "kept");
  pika::write_file_atomic(job / "file", "file");
  for (const auto& path :
       {std::string("../outside/x"), std::string("/tmp/x"), std::string("deep/../../x"), std::string("link/x"),
        std::string("deep"), std::string("file"), std::string("."), std::string("deep/"), std::string("none/x")}) {
    auto done = far.fulfill(path);
    CHECK_MESSAGE(!done.fulfilled, path);
    CHECK(!done.error.empty());
    CHECK(done.fulfilled_exposures.empty());
  }
  CHECK(*pika::read_file(job / "deep/kept") == "kept");
  CHECK(*pika::read_file(job / "file") == "file");
  CHECK(fs::is_empty(far.root.path() / "outside"));
}

TEST_CASE("one exposure that is refused leaves the others unmade, and none is asked for twice") {
  Far far;
  auto job = far.root.path() / "job";
  pika::write_file_atomic(job / "file", "file");
  far.request.requested_exposures = {{.path = "mount-0"}};
  for (const auto& bad : {std::string("file"), std::string("none/x"), std::string("./mount-0")}) {
    auto request = to_json(far.request);
    request.as_object()["requested_exposures"].as_array().push_back(
        json::Object{{"kind", "host_local_symlink_mounts_v1"}, {"path", bad}, {"access", "read_only"}});
    pika::write_file_atomic(far.request_path(), json::print_pretty(request));
    auto done = fulfill_prepared_output_request(far.request_path(), far.result_path());
    REQUIRE(done.has_value());
    CHECK_MESSAGE(!done->fulfilled, bad);
    CHECK(done->fulfilled_exposures.empty());
    CHECK(!fs::exists(fs::symlink_status(job / "mount-0")));
  }
}

TEST_CASE("a realised path of the nix store is an entry of it and nothing that goes up from there") {
  Far far;
  far.request.protocol = "nix_store_path_v1";
  for (auto* path :
       {"/nix/store/../x", "/nix/store/../../etc/passwd-0123456789012345678901234567890123", "/nix/store",
        "/etc/passwd", "nix/store/x", "/nix/store/short", "/nix/store//0123456789012345678901234567890123"}) {
    far.request.realized_path = path;
    CHECK_MESSAGE(!fulfill_request_from_json(to_json(far.request)), path);  // whatever may lie there
    auto done = far.fulfill("mount-0");
    CHECK(!done.fulfilled);
    // By its name alone: whether there is such a path is not even asked.
    CHECK_MESSAGE(done.error.find(" is no ") != std::string::npos, done.error);
    CHECK(!fs::exists(fs::symlink_status(far.root.path() / "job/mount-0")));
  }
}

TEST_CASE(
    "every field of request, launch and result is checked: missing, of another type, unknown, of another version") {
  Far far;
  far.request.requested_exposures = {{.path = "m"}};
  FulfillResult result{"/r", "deps", "out", "/x", true, {{.path = "m"}}, ""};
  FulfillLaunch launch{"/request", "/result", "/program"};
  auto reads = [](const json::Value& v, int which) {
    return which == 0   ? fulfill_request_from_json(v).has_value()
           : which == 1 ? fulfill_result_from_json(v).has_value()
                        : fulfill_launch_from_json(v).has_value();
  };
  int which = 0;
  for (const auto& good : {to_json(far.request), to_json(result), to_json(launch)}) {
    CHECK(reads(good, which));
    for (const auto& [key, item] : good.as_object()) {
      auto without = good.as_object();
      without.erase(key);
      CHECK_MESSAGE(!reads(without, which), std::string(key));
      auto other = good.as_object();
      other[key] = json::Object{{"x", 1}};
      CHECK_MESSAGE(!reads(other, which), std::string(key));
    }
    auto more = good.as_object();
    more["surplus"] = 1;
    CHECK(!reads(more, which));
    auto newer = good.as_object();
    newer["schema_version"] = 2;
    CHECK(!reads(newer, which));
    ++which;
  }
  auto counted = to_json(result).as_object();
  counted["fulfilled_exposures_count"] = 7;
  CHECK(!reads(counted, 1));
}

TEST_CASE("a result that says another thing than what was asked is refused, and a request that is none has a result") {
  Far far;
  CHECK(far.fulfill("mount-0").fulfilled);
  auto asked = far.request;
  asked.requested_exposures = {{.path = "mount-1"}};
  CHECK(!load_fulfill_result(far.result_path(), far.request_path(), asked).has_value());
  CHECK(!load_fulfill_result(far.result_path(), "/another", far.request).has_value());
  asked = far.request;
  asked.realized_path = "/elsewhere";
  CHECK(!load_fulfill_result(far.result_path(), far.request_path(), asked).has_value());
  // Also one that failed is an answer to this question, or to none yet.
  FulfillResult failed{far.request_path(), "another", "out", far.request.realized_path, false, {}, "no"};
  REQUIRE(write_fulfill_result(far.result_path(), failed).has_value());
  CHECK(!load_fulfill_result(far.result_path(), far.request_path(), far.request).has_value());
  failed.node_id = failed.output_name = failed.realized_path = "";
  REQUIRE(write_fulfill_result(far.result_path(), failed).has_value());
  CHECK(load_fulfill_result(far.result_path(), far.request_path(), far.request)->error == "no");
  pika::write_file_atomic(far.request_path(), "{\"schema_version\": 1, \xff");
  auto done = fulfill_prepared_output_request(far.request_path(), far.result_path());
  CHECK(!done->fulfilled);
  CHECK(fs::exists(far.result_path()));
}
