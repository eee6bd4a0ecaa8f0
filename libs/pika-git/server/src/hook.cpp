// This program run by git as pre-receive or post-receive: tells the server, prints its words to the pusher.
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <iterator>

#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/http/client.hpp"
#include "pika/json/json.hpp"
#include "pika/server/site.hpp"

namespace pika::server {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

json::Object message() {
  json::Array changes, options;
  std::string input{std::istreambuf_iterator<char>(std::cin), {}};
  for (auto line : split(input, '\n')) {
    auto parts = split(line, ' ');
    if (parts.size() < 3) continue;
    auto ref = line.substr(parts[0].size() + parts[1].size() + 2);
    changes.push_back(json::Object{{"from", parts[0]}, {"to", parts[1]}, {"ref", base64_encode(ref)}});
  }
  auto count = parse_number<int>(variable("GIT_PUSH_OPTION_COUNT")).value_or(0);
  for (int i = 0; i < count && i < 64; ++i)
    options.emplace_back(to_utf8(variable(fmt::format("GIT_PUSH_OPTION_{}", i).c_str())));
  return {{"changes", changes}, {"options", options}};
}

}  // namespace

int run_hook(const std::string& name) {
  auto socket = variable("PIKA_SOCKET"), push = variable("PIKA_PUSH");
  if (socket.empty() || push.empty()) {
    std::cerr << "pika: this repository takes pushes through its server only\n";
    return 1;
  }
  auto answer = http::fetch({.method = "POST",
                             .url = fmt::format("http://pika/admin/hooks/{}/{}", name, push),
                             .unix_socket = socket,
                             .headers = {{"Content-Type", "application/json"}},
                             .body = json::print(message()),
                             .timeout = 600 * kSecond});
  if (!answer) {
    std::cerr << "pika: the server did not answer: " << answer.error().what << "\n";
    return 1;
  }
  auto body = json::parse(answer->body, "the server's answer");
  if (answer->status != 200) {
    auto* error = body ? json::find(*body, "error") : nullptr;
    std::cerr << "pika: " << (error ? json::find_string(*error, "message").value_or("refused") : "refused") << "\n";
    if (auto advice = error ? json::find_string(*error, "advice").value_or("") : ""; !advice.empty())
      std::cerr << "      " << advice << "\n";
    return 1;
  }
  if (const auto* lines = body ? json::find_array(*body, "lines") : nullptr) {
    if (!lines->empty()) std::cerr << "\n";
    for (const auto& line : *lines) std::cerr << "  " << line.as_string().c_str() << "\n";
    if (!lines->empty()) std::cerr << "\n";
  }
  return 0;
}

}  // namespace pika::server
