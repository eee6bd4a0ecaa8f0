// Secrets in logs: masked in every spelling, however the output is cut into writes.
#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "log_support.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "runstore/secret_forms.hpp"
#include "runstore/secret_mask.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

using Pieces = std::vector<std::pair<std::string, LogStream>>;

struct Masked {
  std::string all;                             // as the log has it
  std::map<LogStream, std::string> by_stream;  // what a reader of one stream sees
};

Masked mask_pieces(const std::shared_ptr<const SecretPatterns>& patterns, const Pieces& pieces) {
  Masked out;
  SecretMask mask(patterns);
  auto emit = [&](std::string_view bytes, LogStream stream) {
    out.all += bytes;
    out.by_stream[stream] += bytes;
  };
  for (const auto& [bytes, stream] : pieces) mask.write(bytes, stream, emit);
  mask.finish(emit);
  return out;
}

std::string mask_text(const std::vector<std::string>& secrets, const std::string& text) {
  return mask_pieces(std::make_shared<SecretPatterns>(secrets), {{text, LogStream::out}}).all;
}

}  // namespace

TEST_CASE(
    "a secret is masked as it is, in base64 and base64url anywhere, in URLs, in JSON, in hex, in a shell's quotes") {
  std::string secret = "p4ss/w+rd \"ö\"'s?&";
  for (std::string before : {"", "u", "us", "usr", "user:"})
    for (std::string after : {"", "!", "@host"}) {
      auto text = pika::base64_encode(before + secret + after);
      auto masked = mask_text({secret}, text);
      CHECK(masked.find("***") != std::string::npos);
      // What stays are the characters that neighbours share, never a whole byte of the secret.
      CHECK(masked.size() <= text.size() - secret.size() * 8 / 6 + 4 + 3);
      std::string url = text;
      for (char& c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
      CHECK(mask_text({secret}, url).find("***") != std::string::npos);
    }
  for (std::string form :
       {std::string("p4ss/w+rd \"ö\"'s?&"), std::string("p4ss%2Fw%2Brd%20%22%C3%B6%22%27s%3F%26"),
        std::string("p4ss%2fw%2brd+%22%c3%b6%22%27s%3f%26"), std::string("p4ss/w%2Brd%20%22%C3%B6%22%27s%3F%26"),
        std::string("p4ss/w+rd%20%22%C3%B6%22's?&"), std::string("p4ss/w+rd \\\"ö\\\"'s?&"),
        std::string("p4ss\\/w+rd \\\"\\u00f6\\\"'s?&"), std::string("p4ss/w+rd \\\"\\u00F6\\\"'s?&"),
        std::string("p4ss/w+rd \"ö\"'\\''s?&"), pika::to_hex(secret)}) {
    CAPTURE(form);
    CHECK(mask_text({secret}, "x " + form + " y") == "x *** y");
  }
}

TEST_CASE("each line of a secret of several lines is masked, and its base64 in lines too") {
  std::string secret = "-----BEGIN KEY-----\r\nMIIBVgIBADANBgkq\r\nhkiG9w0B\r\nabc\r\n-----END KEY-----\r\n";
  CHECK(mask_text({secret}, "got MIIBVgIBADANBgkq and hkiG9w0B and abc") == "got *** and *** and abc");
  CHECK(mask_text({secret}, secret) == "***");
  CHECK(mask_text({secret}, R"({"key": "-----BEGIN KEY-----\r\nMIIBVgIBADANBgkq\r\nhkiG9w0B\r\nabc\r\n"})")
            .find("MIIB") == std::string::npos);
  auto text = pika::base64_encode(secret);
  std::string broken;
  for (std::size_t at = 0; at < text.size(); at += 76) broken += text.substr(at, 76) + "\n";
  auto masked = mask_text({secret}, broken);
  CHECK(masked.find(text.substr(20, 8)) == std::string::npos);
  CHECK(masked.find(text.substr(80, 8)) == std::string::npos);
}

TEST_CASE("a prompt without a newline appears at once; only what may still become a secret is held back") {
  auto patterns = std::make_shared<SecretPatterns>(std::vector<std::string>{"hunter2-and-more"});
  SecretMask mask(patterns);
  std::string seen;
  auto emit = [&](std::string_view bytes, LogStream) { seen += bytes; };
  mask.write("Password: ", LogStream::out, emit);
  CHECK(seen == "Password: ");
  mask.write("hunter2-", LogStream::out, emit);
  CHECK(seen == "Password: ");
  mask.write("and-mope", LogStream::out, emit);
  CHECK(seen == "Password: hunter2-and-mope");
  mask.write("hun", LogStream::err, emit);
  mask.finish(emit);
  CHECK(seen == "Password: hunter2-and-mopehun");
}

TEST_CASE("a secret split over writes and over streams is masked, whole secrets at once, parts that overlap too") {
  auto patterns = std::make_shared<SecretPatterns>(std::vector<std::string>{"abcdefgh", "efghijkl", "abcdefghXY"});
  auto out = LogStream::out, err = LogStream::err;
  CHECK(mask_pieces(patterns, {{"1abcd", out}, {"efgh2", out}}).all == "1***2");
  CHECK(mask_pieces(patterns, {{"1abcd", out}, {"efgh2", err}}).all == "1***2");
  // Each half of one stream, something of the other between.
  CHECK(mask_pieces(patterns, {{"1abcd", out}, {"xx", err}, {"efgh2", out}}).by_stream[out] == "1***2");
  CHECK(mask_pieces(patterns, {{"1abcdefgh", out}, {"ijkl2", out}}).all == "1***2");
  CHECK(mask_pieces(patterns, {{"1abcdefgh", out}, {"X", out}, {"Y2", out}}).all == "1***2");
  // One that is a secret already and may become a longer one waits; its mask comes with what decides it.
  SecretMask mask(patterns);
  std::string seen;
  auto emit = [&](std::string_view bytes, LogStream) { seen += bytes; };
  mask.write("1abcdefgh", out, emit);
  CHECK(seen == "1");
  mask.write("2", out, emit);
  CHECK(seen == "1***2");
}

TEST_CASE("what looks like a secret and is none comes out as it was") {
  auto patterns = std::make_shared<SecretPatterns>(std::vector<std::string>{"aaaaaaab", "abababac"});
  std::string text;
  for (int i = 0; i < 2'000; ++i) text += i % 7 == 0 ? "abababa" : "aaaaaa";
  for (std::size_t size : {1, 2, 3, 5, 64, 1'000}) {
    Pieces pieces;
    for (std::size_t at = 0; at < text.size(); at += size) pieces.emplace_back(text.substr(at, size), LogStream::out);
    auto whole = mask_text({"aaaaaaab", "abababac"}, text);
    CHECK(mask_pieces(patterns, pieces).all == whole);
  }
  CHECK(mask_text({"aaaaaaab"}, std::string(5'000, 'a')) == std::string(5'000, 'a'));
}

// JCI_MASK_ROUNDS=1000000 is what the nightly runs.
TEST_CASE("random writes on random streams: no secret in any spelling is left, and the rest is as it was") {
  const char* wanted = std::getenv("JCI_MASK_ROUNDS");
  const auto rounds = wanted ? pika::parse_number<int>(wanted).value_or(0) : 3'000;
  const char* seeded = std::getenv("JCI_SEED");
  std::mt19937_64 random(seeded ? pika::parse_number<std::uint64_t>(seeded).value_or(1) : 1);
  auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  auto word = [&](std::size_t size, std::string_view letters) {
    std::string out;
    while (out.size() < size) out += letters[pick(letters.size())];
    return out;
  };
  std::shared_ptr<const SecretPatterns> patterns;
  std::vector<std::string> forms;
  std::size_t masked_total = 0;
  for (int round = 0; round < rounds; ++round) {
    if (round % 50 == 0) {
      std::vector<std::string> secrets;
      // Few letters, so that secrets overlap each other and themselves; some with everything that is escaped.
      for (auto n = 1 + pick(3); n > 0; --n)
        secrets.push_back(pick(3) == 0 ? word(4 + pick(20), "aZ9/+ \"\\\n%&?\xc3\xb6") : word(4 + pick(12), "ab"));
      patterns = std::make_shared<SecretPatterns>(secrets);
      forms.clear();
      for (const auto& secret : secrets)
        for (auto& form : secret_forms(secret)) forms.push_back(form);
    }
    std::map<LogStream, std::string> texts;
    Pieces pieces;
    std::string text;
    for (auto parts = 1 + pick(6); parts > 0; --parts)
      text += pick(2) == 0 ? forms[pick(forms.size())] : word(pick(12), pick(2) == 0 ? "ab" : "xyz \n");
    for (std::size_t at = 0; at < text.size();) {
      auto size = 1 + pick(pick(2) == 0 ? 3 : 40);
      pieces.emplace_back(text.substr(at, size), pick(4) == 0 ? LogStream::err : LogStream::out);
      texts[pieces.back().second] += pieces.back().first;
      at += size;
    }
    auto got = mask_pieces(patterns, pieces);
    for (const auto& form : forms) {
      REQUIRE(got.all.find(form) == std::string::npos);
      for (auto& [stream, seen] : got.by_stream) REQUIRE(seen.find(form) == std::string::npos);
    }
    masked_total += got.all.find("***") != std::string::npos;
    // Nothing but secrets is lost: without one in any order nothing is changed.
    bool clean = patterns->masked(text) == text;
    for (auto& [stream, seen] : texts) clean = clean && patterns->masked(seen) == seen;
    if (clean && got.all.find("***") == std::string::npos) {
      for (auto& [stream, seen] : texts) REQUIRE(got.by_stream[stream] == seen);
    }
    if (pieces.size() > 0 && texts.size() == 1) REQUIRE(got.all == patterns->masked(text));
  }
  CHECK(masked_total > static_cast<std::size_t>(rounds) / 4);
}

TEST_CASE("a log holds no secret, on disk, at any time") {
  pika::TempDir folder("jci-log-");
  LogOptions options;
  options.secrets = std::make_shared<SecretPatterns>(std::vector<std::string>{"s3cr3t-value"});
  LogWriter log(folder.path(), options);
  log.write("token s3cr3t", LogStream::out, 1);
  CHECK(whole_log(folder.path()) == "token ");
  log.write("-value\n", LogStream::out, 2);
  CHECK(whole_log(folder.path()) == "token ***\n");
  log.write("s3cr3t-", LogStream::out, 3);
  log.close(4);
  CHECK(whole_log(folder.path()) == "token ***\ns3cr3t-");
}
