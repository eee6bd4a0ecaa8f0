#include "pika/forge_model/runner_protocol.hpp"

#include <doctest/doctest.h>

using namespace pika;
using namespace pika::forge_model;

namespace {
const AttemptKey kKey{AttemptId(17), Fence(3)};

template <class T>
T round_trip(const T& message) {
  auto frame = encode_frame(message);
  REQUIRE(frame);
  FrameReader reader;
  reader.feed(*frame);
  auto body = reader.next();
  REQUIRE(body);
  REQUIRE(*body);
  auto decoded = decode_message(**body);
  REQUIRE_MESSAGE(decoded, (decoded ? "" : decoded.error().what));
  REQUIRE(std::holds_alternative<T>(*decoded));
  CHECK(reader.buffered() == 0);
  return std::get<T>(*decoded);
}
}  // namespace

TEST_CASE("a log piece carries any bytes") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  auto log = round_trip(Log{kKey, 1u << 20, bytes});
  CHECK(log.bytes == bytes);
  CHECK(log.offset == 1u << 20);
  CHECK(log.key == kKey);
  CHECK(round_trip(Log{kKey, 0, ""}).bytes.empty());
}

TEST_CASE("hello carries what the runner has, so that the forge can say what it lacks") {
  Hello hello;
  hello.name = "host-1";
  hello.token = "t";
  hello.slots = 2;
  hello.isolation = {false, "no user namespaces", "sysctl ...", "copy", {"memory: none"}, true};
  hello.active = {{kKey, 1000, 7, true}};
  auto got = round_trip(hello);
  CHECK(got.version == kRunnerProtocolVersion);
  CHECK(got.isolation.why_not == "no user namespaces");
  CHECK(got.isolation.host_process);
  REQUIRE(got.active.size() == 1);
  CHECK(got.active[0].key == kKey);
  CHECK(got.active[0].log_offset == 1000);
  CHECK(got.active[0].event_seq == 7);
  CHECK(got.active[0].done);

  auto ok = round_trip(HelloOk{1, {Ack{kKey, 5, 900, false, true}}});
  REQUIRE(ok.acks.size() == 1);
  CHECK(ok.acks[0].log_offset == 900);
  CHECK(ok.acks[0].stale);
  CHECK_FALSE(ok.acks[0].done);
}

TEST_CASE("an assignment arrives whole, jobs untouched") {
  Assign assign;
  assign.key = kKey;
  assign.repository = "acme/rocket";
  assign.git_url = "http://127.0.0.1:8787/acme/rocket.git";
  assign.commit = std::string(40, 'a');
  assign.tree = std::string(40, 'b');
  assign.lane = "unit";
  assign.lane_title = "check-unit";
  assign.target = "unit";
  assign.jobs = {json::parse(R"({"id":"test","later_field":[1,2]})").value()};
  assign.changed_files = {"a b\n<script>", "\xff"};
  assign.labels = {{"branch", "133"}};
  assign.gate = false;
  assign.landed = {{"#132", std::string(40, 'c')}};
  auto got = round_trip(assign);
  REQUIRE(got.jobs.size() == 1);
  CHECK(got.jobs[0] == assign.jobs[0]);
  CHECK(got.changed_files[0] == "a b\n<script>");
  CHECK(got.changed_files[1] == "\xef\xbf\xbd");
  CHECK(got.labels == assign.labels);
  CHECK_FALSE(got.gate);
  CHECK(got.landed == assign.landed);
  CHECK(got.lane_title == "check-unit");
}

TEST_CASE("a result keeps words that this version does not know") {
  Done done{kKey, {"paused_by_moon", "tides", "late", 3, "01J", json::Value(json::Object{{"a", 1}})}, 10, 2};
  auto got = round_trip(done);
  CHECK(got.result.status == "paused_by_moon");
  CHECK(got.result.failure == "tides");
  CHECK(got.result.exit_code == 3);
  CHECK(got.log_bytes == 10);
  CHECK(got.event_seq == 2);
  CHECK_FALSE(round_trip(Done{kKey, {"passed", "", "", {}, {}, {}}, 0, 0}).result.exit_code);
}

TEST_CASE("an unknown message and unknown fields are passed over") {
  auto unknown = decode_message(R"({"type":"weather","x":1})");
  REQUIRE(unknown);
  CHECK(std::get<UnknownMessage>(*unknown).type == "weather");
  auto ack = decode_message(R"({"type":"ack","attempt":1,"fence":2,"log_offset":5,"mood":"good"})");
  REQUIRE(ack);
  CHECK(std::get<Ack>(*ack).log_offset == 5);
}

TEST_CASE("a wrong field is refused by name") {
  auto no_fence = decode_message(R"({"type":"cancel","attempt":1})");
  REQUIRE_FALSE(no_fence);
  CHECK(no_fence.error().what.find("'fence'") != std::string::npos);
  auto negative = decode_message(R"({"type":"log","attempt":1,"fence":1,"offset":-1,"bytes":""})");
  REQUIRE_FALSE(negative);
  CHECK(negative.error().what.find("'offset'") != std::string::npos);
  CHECK_FALSE(decode_message(R"({"type":"log","attempt":1,"fence":1,"offset":0,"bytes":"!!"})"));
  CHECK_FALSE(decode_message("[]"));
  CHECK_FALSE(decode_message("{}"));
  CHECK_FALSE(decode_message("\xff"));
}

TEST_CASE("frames come out whole wherever the stream is cut") {
  const std::string stream = *encode_frame(Heartbeat{{kKey}, false}) + *encode_frame(Cancel{kKey, "why"});
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    FrameReader reader;
    int frames = 0;
    for (auto piece : {stream.substr(0, cut), stream.substr(cut)}) {
      reader.feed(piece);
      while (auto frame = reader.next().value()) {
        CHECK(decode_message(*frame));
        ++frames;
      }
    }
    CHECK(frames == 2);
    CHECK(reader.buffered() == 0);
  }
}

TEST_CASE("a hostile length is refused before anything is kept for it") {
  FrameReader reader;
  reader.feed(std::string_view("\xff\xff\xff\xff", 4));
  auto frame = reader.next();
  REQUIRE_FALSE(frame);
  CHECK(frame.error().kind == ErrorKind::too_large);
  FrameReader empty;
  empty.feed(std::string_view("\0\0\0\0", 4));
  CHECK_FALSE(empty.next());
}

TEST_CASE("a message above the limit is an error of the sender, not of the receiver") {
  auto frame = encode_frame(Log{kKey, 0, std::string(13u << 20, 'x')});
  REQUIRE_FALSE(frame);
  CHECK(frame.error().kind == ErrorKind::too_large);
}
