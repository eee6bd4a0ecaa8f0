// The way of a request to fulfil a prepared output, and back: there is always an answer, and it is to this question.
#include "jerichoci/fulfill_transport.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "pika/base/files.hpp"

using namespace jerichoci;
namespace fs = std::filesystem;
namespace json = pika::json;

namespace {

// Both sides in one folder; the launcher and the program are scripts that a test writes.
struct Road {
  Road() {
    for (auto* name : {"job", "store/out", "near"}) fs::create_directories(root.path() / name);
    request = {.node_id = "deps",
               .output_name = "out",
               .protocol = "prepared_store_v1",
               .realized_path = root.path() / "store/out",
               .job_folder = root.path() / "job",
               .requested_exposures = {{.path = "mount-0"}}};
    transport.launcher = root.path() / "launcher";
    transport.program = root.path() / "program";
    transport.near_folder = transport.far_folder = root.path() / "near";
    script("launcher", "exec false");
    script("program", "exec false");
  }
  void script(const std::string& name, const std::string& text) {
    std::ofstream(root.path() / name) << "#!/bin/sh\n" << text << "\n";
    ::chmod((root.path() / name).c_str(), 0755);
  }
  fs::path near(const std::string& name) const { return root.path() / "near" / name; }
  // A result as the program would write it, at near/prepared.json for scripts to copy.
  void prepare_result(const FulfillRequest& asked) {
    pika::write_file_atomic(near("asked.json"), json::print_pretty(to_json(asked)));
    auto done = fulfill_prepared_output_request(near("asked.json"), near("prepared.json"));
    auto value = json::parse(*pika::read_file(near("prepared.json")))->as_object();
    value["request_path"] = near("request.json").string();
    pika::write_file_atomic(near("prepared.json"), json::print_pretty(value));
  }
  pika::TempDir root{"jci-road-"};
  FulfillRequest request;
  FulfillTransport transport;
};

}  // namespace

TEST_CASE("a request goes to the far side and its result comes back, on one host and behind a prefix") {
  Road road;
  road.prepare_result(road.request);
  road.script("launcher", "[ \"$1\" = \"" + road.near("launch.json").string() + "\" ] && cp \"" +
                              road.near("prepared.json").string() + "\" \"" + road.near("result.json").string() + "\"");
  auto done = send_fulfillment(road.transport, road.request);
  REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().text()));
  CHECK(done->fulfilled);
  CHECK(fs::read_symlink(road.root.path() / "job/mount-0") == road.request.realized_path);
  auto launch = fulfill_launch_from_json(*json::parse(*pika::read_file(road.near("launch.json"))));
  REQUIRE(launch.has_value());
  CHECK(launch->program == road.transport.program);
  road.transport.kind = "command_v1";
  road.transport.prefix = {"/usr/bin/env", "HOST=far"};
  CHECK(send_fulfillment(road.transport, road.request)->fulfilled);
}

TEST_CASE("a far side that says nothing, too late, nonsense or another thing is an error with its last words") {
  Road road;
  auto gone = send_fulfillment(road.transport, road.request);
  REQUIRE(!gone.has_value());
  CHECK(gone.error().what.find("exit code 1") != std::string::npos);
  road.script("launcher", "echo no route to the host >&2; exit 255");
  CHECK(send_fulfillment(road.transport, road.request).error().what.find("no route to the host") != std::string::npos);
  road.transport.launcher = "/nonexistent/launcher";
  CHECK(!send_fulfillment(road.transport, road.request));
  road.transport.launcher = road.root.path() / "launcher";
  road.script("launcher", "exec sleep 600");
  road.transport.timeout = 200'000;
  auto late = send_fulfillment(road.transport, road.request);
  REQUIRE(!late.has_value());
  CHECK(late.error().what.find("too long") != std::string::npos);
  road.transport.timeout = 60 * pika::kSecond;
  auto other = road.request;
  other.node_id = "another";
  road.prepare_result(other);
  road.script("launcher",
              "cp \"" + road.near("prepared.json").string() + "\" \"" + road.near("result.json").string() + "\"");
  CHECK(send_fulfillment(road.transport, road.request).error().what.find("says another thing") != std::string::npos);
  road.script("launcher", "printf '{\\377' > \"" + road.near("result.json").string() + "\"");
  CHECK(!send_fulfillment(road.transport, road.request));
  // What is no result is not removed, and is no answer.
  road.script("launcher", "exec true");
  CHECK(send_fulfillment(road.transport, road.request).error().kind == pika::ErrorKind::conflict);
  CHECK(fs::exists(road.near("result.json")));
}

TEST_CASE("a launch whose program dies, is missing or writes nothing has a result that says so") {
  Road road;
  FulfillLaunch launch{road.near("request.json"), road.near("result.json"), road.transport.program};
  auto run = [&] {
    pika::write_file_atomic(road.near("launch.json"), json::print_pretty(to_json(launch)));
    return launch_fulfillment(road.near("launch.json"), 60 * pika::kSecond);
  };
  road.script("program", "echo dying >&2; kill -9 $$");
  for (auto* words : {"dying", "exec"}) {
    auto done = run();
    REQUIRE(done.has_value());
    CHECK(!done->fulfilled);
    CHECK_MESSAGE(done->error.find(words) != std::string::npos, done->error);
    auto written = fulfill_result_from_json(*json::parse(*pika::read_file(road.near("result.json"))));
    REQUIRE(written.has_value());
    CHECK(written->error == done->error);
    launch.program = "/nonexistent/program";
  }
  // The same by the whole way: an answer, not an error.
  pika::write_file_atomic(road.near("launch.json"), "{}");
  CHECK(!launch_fulfillment(road.near("launch.json"), pika::kSecond));
  CHECK(!launch_fulfillment(road.near("none.json"), pika::kSecond));
  fs::create_symlink("/etc/passwd", road.near("link.json"));
  CHECK(!launch_fulfillment(road.near("link.json"), pika::kSecond));
  ::mkfifo(road.near("pipe.json").c_str(), 0600);
  CHECK(!launch_fulfillment(road.near("pipe.json"), pika::kSecond));
}

TEST_CASE("a launch starts no other program than the one of the name that it was told, nor one that others may write") {
  Road road;
  road.prepare_result(road.request);
  auto answer =
      "cp \"" + road.near("prepared.json").string() + "\" \"$2\"; touch \"" + road.near("ran").string() + "\"";
  road.script("helper", answer);
  road.script("other", answer);
  auto launch = [&](const std::string& program) {
    pika::write_file_atomic(
        road.near("launch.json"),
        json::print_pretty(to_json(FulfillLaunch{road.near("request.json"), road.near("result.json"), program})));
    fs::remove(road.near("ran"));
    return launch_fulfillment(road.near("launch.json"), 60 * pika::kSecond, -1, "helper");
  };
  auto helper = road.root.path() / "helper";
  auto done = launch(helper);
  REQUIRE(done.has_value());
  CHECK_MESSAGE(done->fulfilled, done->error);
  for (const auto& program : {std::string("/bin/sh"), (road.root.path() / "other").string(),
                              std::string("/none/helper"), (road.root.path() / "near").string()}) {
    auto refused = launch(program);
    REQUIRE_MESSAGE(refused.has_value(), program);
    CHECK_MESSAGE(!refused->fulfilled, program);
    CHECK(!fs::exists(road.near("ran")));
    CHECK(fulfill_result_from_json(*json::parse(*pika::read_file(road.near("result.json"))))->error == refused->error);
  }
  ::chmod(helper.c_str(), 0777);
  auto open = launch(helper);
  CHECK(!open->fulfilled);
  CHECK_MESSAGE(open->error.find("may have written it") != std::string::npos, open->error);
  CHECK(!fs::exists(road.near("ran")));
}

TEST_CASE("the program is told its files, and what an earlier launch answered is not taken for its answer") {
  Road road;
  road.prepare_result(road.request);
  FulfillLaunch launch{road.near("request.json"), road.near("result.json"), road.transport.program};
  pika::write_file_atomic(road.near("launch.json"), json::print_pretty(to_json(launch)));
  road.script("program", "[ \"$1\" = --result-path ] && [ \"$3\" = \"" + launch.request_path + "\" ] && cp \"" +
                             road.near("prepared.json").string() + "\" \"$2\"");
  CHECK(launch_fulfillment(road.near("launch.json"), 60 * pika::kSecond)->fulfilled);
  road.script("program", "exec true");
  CHECK(!launch_fulfillment(road.near("launch.json"), 60 * pika::kSecond)->fulfilled);
}

TEST_CASE(
    "every field of a transport is checked: missing, of another type, unknown, of another version, or senseless") {
  Road road;
  auto good = to_json(road.transport).as_object();
  auto read = fulfill_transport_from_json(good);
  REQUIRE(read.has_value());
  CHECK(*read == road.transport);
  for (const auto& [key, item] : good) {
    auto without = good, other = good;
    without.erase(key);
    CHECK_MESSAGE(!fulfill_transport_from_json(without), std::string(key));
    other[key] = json::Object{{"x", 1}};
    CHECK_MESSAGE(!fulfill_transport_from_json(other), std::string(key));
  }
  auto with = [&](const char* key, json::Value value) {
    auto out = good;
    out[key] = std::move(value);
    return fulfill_transport_from_json(out).has_value();
  };
  CHECK(!with("surplus", 1));
  CHECK(!with("schema_version", 2));
  CHECK(!with("kind", "carrier_pigeon_v1"));
  CHECK(!with("kind", "command_v1"));  // without a prefix
  CHECK(!with("prefix", json::Array{"/usr/bin/ssh"}));
  CHECK(!with("far_folder", "/elsewhere"));
  for (auto* path : {"", "launcher", "/a/../b", "/a//b", "/"}) CHECK_MESSAGE(!with("launcher", path), path);
  for (std::int64_t ms : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{3'600'001}, INT64_MAX, INT64_MIN})
    CHECK(!with("timeout_ms", ms));
  auto far = good;
  far["kind"] = "command_v1";
  far["far_folder"] = "/elsewhere";
  for (auto& prefix : {json::Array{"ssh"}, json::Array{"/usr/bin/ssh", ""}, json::Array{"/usr/bin/ssh", 1}}) {
    far["prefix"] = prefix;
    CHECK(!fulfill_transport_from_json(far));
  }
  far["prefix"] = json::Array{"/usr/bin/ssh", "host"};
  CHECK(fulfill_transport_from_json(far).has_value());
}
