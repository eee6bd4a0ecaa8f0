#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "pika/base/files.hpp"
#include "pika/server/site.hpp"

using namespace pika;
using namespace pika::server;

namespace {

const std::string kModel =
    "[model]\nprotocol = \"openai\"\nurl = \"http://127.0.0.1:8080\"\nmodel = \"small\"\nrepositories = [\"ada/*\"]\n";

struct Settings {
  TempDir folder;
  SiteOptions options;
  Status read(const std::string& text) {
    options = {};
    write_file_atomic(folder.path() / "server.toml", text, 0600);
    return read_settings(folder.path() / "server.toml", options);
  }
  // The sentences, without the file's name.
  std::string complaint(const std::string& text) {
    auto status = read(text);
    if (status) return "";
    auto file = (folder.path() / "server.toml").string();
    auto what = status.error().what;
    for (auto at = what.find(file); at != std::string::npos; at = what.find(file)) what.erase(at, file.size());
    return what;
  }
  bool says(const std::string& text, const std::string& words) {
    auto what = complaint(text);
    CAPTURE(what);
    CHECK(what.find(words) != std::string::npos);
    return what.find(words) != std::string::npos;
  }
};

std::string with(const std::string& line) {
  return kModel + line + "\n";
}
std::string without(const std::string& key) {
  std::string out;
  std::size_t at = 0;
  while (at < kModel.size()) {
    auto end = kModel.find('\n', at) + 1;
    if (!kModel.substr(at, end - at).starts_with(key)) out += kModel.substr(at, end - at);
    at = end;
  }
  return out;
}

}  // namespace

TEST_CASE("[model] is read, and there is none unless somebody writes it") {
  Settings s;
  REQUIRE(s.read("port = 1\n"));
  CHECK_FALSE(s.options.model);
  CHECK(model_words(s.options) == "no model is configured: no code is sent anywhere");
  REQUIRE(s.read(with("budget_tokens = 5000\ncall_deadline = \"90s\"\ndeadline = \"10m\"\nkey_file = \"model.key\"")));
  REQUIRE(s.options.model);
  const auto& p = s.options.model->provider;
  CHECK(p.url == "http://127.0.0.1:8080");
  CHECK(p.budget_tokens == 5000);
  CHECK(p.call_deadline == 90 * kSecond);
  CHECK(p.deadline == 600 * kSecond);
  CHECK(s.options.model_key_file == s.folder.path() / "model.key");
  CHECK(model_words(s.options) == "code of ada/* is sent to 127.0.0.1:8080 (model small)");
}

TEST_CASE("[model] without repositories sends nothing by surprise") {
  Settings s;
  s.says(without("repositories"), ":1:1: [model] does not say whose code may be sent");
  REQUIRE(s.read(without("repositories") + "repositories = []\n"));
  CHECK(model_words(s.options).starts_with("no code is sent anywhere"));
  s.says(without("repositories") + "repositories = [\"ada\"]\n", ":5:17: 'ada' names no repositories");
}

TEST_CASE("[model] is complained about at its place, with the right form") {
  Settings s;
  s.says(without("protocol"), "needs protocol");
  s.says(without("protocol") + "protocol = \"opnai\"\n", "did you mean 'openai'?");
  s.says(with("modle = \"x\""), ":6:1: unknown key 'modle'; did you mean 'model'?");
  s.says(with("deadline = \"soon\""), ":6:12: deadline is a time as in \"90s\"");
  s.says(with("deadline = \"0s\""), "deadline is a time");
  s.says(with("deadline = \"10s\""), ":6:12: the model's deadline is out of range: give at least the call_deadline");
  s.says(with("budget_tokens = -4"), ":6:17: the model's budget_tokens is out of range");
  s.says(with("key = \"sk-secret\""), "the key does not belong into this file");
  CHECK(s.complaint(with("key = \"sk-secret\"")).find("sk-secret") == std::string::npos);
  s.says(with("key_file = \"a\"\nkey_env = \"B\""), "either in key_file or in key_env");
  s.says(without("url") + "url = \"ftp://x\"\n", "url");
}

TEST_CASE("the model's key comes from a file that nobody else reads") {
  Settings s;
  auto file = s.folder.path() / "model.key";
  REQUIRE(s.read(with("key_file = \"model.key\"")));
  CHECK(load_model_key(s.options).error().what.find("can't be read") != std::string::npos);
  write_file_atomic(file, "sk-secret\n", 0644);
  ::chmod(file.c_str(), 0640);
  auto refused = load_model_key(s.options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("can be read by others") != std::string::npos);
  CHECK(refused.error().advice.find("chmod 600") != std::string::npos);
  CHECK(s.options.model->provider.key.empty());
  ::chmod(file.c_str(), 0600);
  REQUIRE(load_model_key(s.options));
  CHECK(s.options.model->provider.key == "sk-secret");
  CHECK(model_words(s.options).find("sk-secret") == std::string::npos);
  write_file_atomic(file, "\n", 0600);
  CHECK_FALSE(load_model_key(s.options));
  // In the clear over a network it is not sent.
  write_file_atomic(file, "sk-secret\n", 0600);
  REQUIRE(s.read(without("url") + "url = \"http://model.example.org\"\nkey_file = \"model.key\"\n"));
  auto clear = load_model_key(s.options);
  REQUIRE_FALSE(clear);
  CHECK(clear.error().text().find("sk-secret") == std::string::npos);
}

TEST_CASE("the model's key comes from the environment, and does not stay there") {
  Settings s;
  REQUIRE(s.read(with("key_env = \"PIKA_TEST_MODEL_KEY\"")));
  ::unsetenv("PIKA_TEST_MODEL_KEY");
  CHECK_FALSE(load_model_key(s.options));
  ::setenv("PIKA_TEST_MODEL_KEY", "sk-secret", 1);
  REQUIRE(load_model_key(s.options));
  CHECK(s.options.model->provider.key == "sk-secret");
  CHECK(std::getenv("PIKA_TEST_MODEL_KEY") == nullptr);
}
