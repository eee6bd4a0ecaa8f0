#include "pika/provider/provider.hpp"

#include <doctest/doctest.h>

#include "pika/base/files.hpp"

using namespace pika;
using namespace pika::model;

namespace {

ProviderConfig good() {
  return {.protocol = Protocol::openai, .url = "https://models.example", .model = "m", .key = "s3cret-key"};
}

// The sentence that refuses it; empty: it is taken.
std::string refusal(const ProviderConfig& config) {
  auto status = check(config);
  return status ? "" : status.error().text();
}

std::string with_url(const std::string& url, const std::string& key = "s3cret-key") {
  auto config = good();
  config.url = url, config.key = key;
  return refusal(config);
}

}  // namespace

TEST_CASE("protocols have a word each") {
  for (auto protocol : {Protocol::anthropic, Protocol::openai, Protocol::ollama})
    CHECK(parse_protocol(to_string(protocol)) == protocol);
  CHECK(to_string(Protocol::anthropic) == "anthropic");
  CHECK(!parse_protocol("OpenAI"));
  CHECK(!parse_protocol(""));
}

TEST_CASE("a provider that is configured well is taken") {
  CHECK(refusal(good()) == "");
  CHECK(with_url("https://models.example:8443/proxy/a") == "");
  CHECK(with_url("https://models.example/") == "");
  CHECK(with_url("http://192.168.1.7:11434", "") == "");
}

TEST_CASE("a key goes in the clear to this host only") {
  CHECK(with_url("http://127.0.0.1:11434") == "");
  CHECK(with_url("http://127.3.2.1") == "");
  CHECK(with_url("http://localhost:8080") == "");
  CHECK(with_url("http://[::1]:8080") == "");
  for (auto url : {"http://models.example", "http://192.168.1.7:11434", "http://127.example",
                   "http://127.0.0.1.example", "http://localhost.example", "http://127.0.0.01", "http://127.1",
                   "http://2130706433", "http://[::2]", "http://[::ffff:10.0.0.1]", "http://0x7f.0.0.1"}) {
    CAPTURE(url);
    CHECK(with_url(url).find("in the clear") != std::string::npos);
  }
}

TEST_CASE("an address that programs read differently is refused") {
  for (auto url : {"",
                   "models.example",
                   "ftp://models.example",
                   "https://",
                   "https:///v1",
                   "HTTPS://models.example",
                   "https://user:s3cret-key@models.example",
                   "http://127.0.0.1@models.example",
                   "http://127.0.0.1\\@models.example",
                   "http://127.0.0.1#.models.example",
                   "https://models.example?x=1",
                   "https://models.example/a?x",
                   "https://models.example/#f",
                   "https://models.example:0",
                   "https://models.example:65536",
                   "https://models.example:",
                   "https://models.example:8a",
                   "https://models .example",
                   "https://models.example/a b",
                   "https://models.example/\r\nX: y",
                   "https://models.example/../x",
                   "https://models.example//x",
                   "https://.example",
                   "https://[::1",
                   "https://[]",
                   "https://a..b",
                   "http://127.0.0.1%2eexample",
                   "https://m\xc3\xb6.example"}) {
    CAPTURE(url);
    CHECK(with_url(url, "").starts_with("the model's url "));
  }
}

TEST_CASE("the path that a protocol adds is not written twice") {
  CHECK(with_url("https://models.example/v1").find("leave out /v1") != std::string::npos);
  CHECK(with_url("https://models.example/v1/").find("leave out /v1") != std::string::npos);
  auto config = good();
  config.protocol = Protocol::ollama, config.url = "http://127.0.0.1:11434/api";
  CHECK(refusal(config).find("leave out /api") != std::string::npos);
}

TEST_CASE("each field that is wrong is named") {
  auto wrong = [](auto change) {
    auto config = good();
    change(config);
    return refusal(config);
  };
  CHECK(wrong([](auto& c) { c.model = ""; }).starts_with("the model's name "));
  CHECK(wrong([](auto& c) { c.model = "a\nb"; }).starts_with("the model's name "));
  CHECK(wrong([](auto& c) { c.model = std::string(201, 'm'); }).starts_with("the model's name "));
  CHECK(wrong([](auto& c) { c.key = "a b"; }).starts_with("the model's key "));
  CHECK(wrong([](auto& c) { c.budget_tokens = 999; }).starts_with("the model's budget_tokens "));
  CHECK(wrong([](auto& c) { c.call_deadline = 0; }).starts_with("the model's call_deadline "));
  CHECK(wrong([](auto& c) { c.deadline = c.call_deadline - 1; }).starts_with("the model's deadline "));
  CHECK(wrong([](auto& c) { c.attempts = 0; }).starts_with("the model's attempts "));
  CHECK(wrong([](auto& c) { c.attempts = 11; }).starts_with("the model's attempts "));
}

TEST_CASE("no refusal says the key") {
  for (auto url : {"http://models.example", "https://u:s3cret-key@models.example", "s3cret-key", "https://s3cret-key?"})
    CHECK(with_url(url).find("s3cret-key") == std::string::npos);
  auto config = good();
  config.key = "s3cret-key\n";
  CHECK(refusal(config) != "");
  CHECK(refusal(config).find("s3cret-key") == std::string::npos);
}

TEST_CASE("the place that code goes to is a host and its port") {
  auto config = good();
  CHECK(host_of(config) == "models.example");
  config.url = "http://LOCALHOST:11434/a/";
  CHECK(host_of(config) == "localhost:11434");
  config.url = "https://[::1]:8443";
  CHECK(host_of(config) == "[::1]:8443");
  config.url = "none";
  CHECK(host_of(config) == "");
}

TEST_CASE("a key is read from a file that nobody else may read") {
  const TempDir folder;
  const auto file = folder.path() / "key";
  write_file_atomic(file, " s3cret-key \n", 0600);
  CHECK(read_key_file(file).value() == "s3cret-key");
  const auto refusal_of = [&](const fs::path& path) {
    auto key = read_key_file(path);
    REQUIRE(!key);
    CHECK(!key.error().text().contains("s3cret"));
    return key.error().text();
  };
  write_file_atomic(file, "s3cret-key", 0640);
  CHECK(refusal_of(file).contains("can be read by others\ntake that from them: chmod 600 "));
  write_file_atomic(file, " \n", 0600);
  CHECK(refusal_of(file).contains("is empty"));
  CHECK(refusal_of(folder.path()).contains("is no plain file"));
  CHECK(refusal_of(folder.path() / "none").contains("can't be read"));
}
