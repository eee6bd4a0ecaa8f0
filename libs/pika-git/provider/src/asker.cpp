#include "asker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "pika/base/log.hpp"
#include "pika/base/text.hpp"

namespace pika::model {

namespace {

constexpr std::uint64_t kMaxResponse = 4 << 20;  // an answer is at most 256 KiB; as JSON, with what else comes along
constexpr Micros kLongestWait = 120 * kSecond;   // asked to wait longer: this version is told later, or not
constexpr Micros kConnect = 10 * kSecond;
constexpr std::size_t kSecretBytes = 8;  // a shorter key is a word that a local server wants to see

std::string without(std::string text, const std::string& secret) {
  if (secret.size() < kSecretBytes) return text;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
    text.replace(at, secret.size(), "[key]");
  return text;
}

// "3 minutes", "45 seconds"
std::string span_words(Micros span) {
  const auto seconds = std::max<Micros>((span + kSecond / 2) / kSecond, 1);
  return seconds % 60 == 0 ? plural(seconds / 60, "minute") : plural(seconds, "second");
}

Reply no_answer(const Error& error, Micros span) {
  Reply reply;
  reply.why = one_line(error.what);
  if (error.kind == ErrorKind::too_large) {
    reply.plain = "gave an answer without end";
  } else if (error.kind != ErrorKind::unavailable) {
    reply.plain = "could not be asked";
  } else {
    reply.outcome = Outcome::passes;
    const bool slow = error.what.contains("timed out");
    reply.plain = slow ? "did not answer within " + span_words(span) : "could not be reached, or broke off";
    if (slow) reply.why = "no answer within " + span_words(span);
  }
  return reply;
}

}  // namespace

Micros back_off(int failure, unsigned random) {
  const Micros whole = std::min<Micros>((2 * kSecond) << std::clamp(failure - 1, 0, 5), 60 * kSecond);
  return whole / 2 + static_cast<Micros>(random) % (whole / 2 + 1);
}

Asker::Asker(const ProviderConfig& config, const Patience& patience, std::vector<Sent>& sent)
    : config_(config), patience_(patience), sent_(sent), started_(now()) {}

Micros Asker::now() const {
  return patience_.clock ? patience_.clock->now() : monotonic_now();
}

bool Asker::stopped() const {
  return patience_.stopped && patience_.stopped();
}

bool Asker::wait(Micros span) const {
  if (patience_.wait) return patience_.wait(span);
  constexpr Micros kSlice = kSecond / 10;
  for (; span > 0 && !stopped(); span -= kSlice)
    std::this_thread::sleep_for(std::chrono::microseconds(std::min(span, kSlice)));
  return !stopped();
}

Reply Asker::ask(const Question& question, const char* purpose, int hunks, int attempts) {
  Reply over{.outcome = Outcome::late, .why = "the time for this version is over"};
  over.plain = "was asked for longer than " + span_words(config_.deadline) + " in all";
  Reply stop{.outcome = Outcome::stopped, .why = "stopped", .plain = "was not asked to the end"};
  for (int failures = 0;;) {
    if (stopped()) return stop;
    const Micros left = config_.deadline - (now() - started_);
    if (left <= 0) return over;
    Reply reply = once(question, purpose, hunks, std::min(config_.call_deadline, left));
    if (stopped() && reply.outcome != Outcome::answered) return stop;
    if (const auto other = next_form(form_, reply)) {
      form_ = *other;
      continue;
    }
    if (reply.outcome != Outcome::passes || ++failures >= attempts) return reply;
    const Micros span = std::max(back_off(failures, std::random_device{}()), reply.wait.value_or(0));
    if (span > kLongestWait || now() - started_ + span >= config_.deadline) return reply;
    if (!wait(span)) return stop;
  }
}

Reply Asker::once(const Question& question, const char* purpose, int hunks, Micros span) {
  http::ClientRequest request = request_of(config_, question, form_);
  request.timeout = std::max<Micros>(span, 1000);
  request.connect_timeout = std::min(kConnect, *request.timeout);
  request.max_body = kMaxResponse;
  request.go_on = [this] { return !stopped(); };
  const Clock& wall = patience_.clock ? *patience_.clock : system_clock();
  Sent sent{.at = wall.now(),
            .host = host_of(config_),
            .model = config_.model,
            .purpose = purpose,
            .bytes = request.body.size(),
            .hunks = hunks};
  const Micros began = now();
  const auto response = http::fetch(request);
  sent.took = now() - began;
  Reply reply = response ? reply_of(config_.protocol, *response, wall.now()) : no_answer(response.error(), span);
  reply.why = without(std::move(reply.why), config_.key);
  sent.status = response ? response->status : 0;
  sent.tokens_in = reply.tokens_in, sent.tokens_out = reply.tokens_out;
  sent.outcome = reply.outcome == Outcome::answered ? "answered" : reply.why;
  log_info("model", "{} sent to {}, model {} ({}, {}): {} after {}, {} and {} tokens", format_bytes(sent.bytes),
           sent.host, sent.model, purpose, plural(hunks, "hunk"), sent.outcome, format_duration(sent.took),
           sent.tokens_in, sent.tokens_out);
  sent_.push_back(std::move(sent));
  return reply;
}

}  // namespace pika::model
