#include <fmt/format.h>

#include <iostream>

#include "commands.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/http/client.hpp"
#include "pika/json/json.hpp"
#include "pika/server/site.hpp"

using namespace pika;

namespace {

struct Answer {
  int status = 0;
  std::string body;
};

// By the running server, or in this process on the data folder when none runs.
Result<Answer> ask(const std::string& data, const std::string& method, std::vector<std::string> path,
                   const json::Value& body) {
  auto socket = fs::absolute(data) / "run/admin.sock";
  std::string address = "http://pika";
  for (const auto& part : path) address += "/" + part;
  std::error_code ignored;
  if (fs::exists(socket, ignored)) {
    auto answer = http::fetch({.method = method,
                               .url = address,
                               .unix_socket = socket.string(),
                               .headers = {{"Content-Type", "application/json"}},
                               .body = method == "GET" ? "" : json::print(body),
                               .timeout = 3600 * kSecond});
    if (answer) return Answer{answer->status, std::move(answer->body)};
    if (answer.error().what.find("onnect") == std::string::npos) return std::unexpected(answer.error());
  }
  if (!fs::exists(fs::path(data), ignored))
    return fail(ErrorKind::not_found, fmt::format("there is no data folder '{}'", data),
                "start a server on it first: pika-git serve --data DIR");
  server::SiteOptions options;
  options.data = data;
  options.start_runner = false;
  PIKA_TRY(server::read_settings(options.data / "server.toml", options));
  auto site = PIKA_TRY(server::Site::open(options));
  http::Request request;
  request.method = method;
  request.target = address.substr(11);
  request.segments = std::move(path);
  request.body = json::print(body);
  auto response = site->administer(std::move(request));
  return Answer{response.status, std::move(response.body)};
}

int complain(const Error& error) {
  std::cerr << "pika-git: " << error.what << "\n";
  if (!error.advice.empty()) std::cerr << "  " << error.advice << "\n";
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::internal ? 4 : 2;
}

int run(const std::string& data, const std::string& method, std::vector<std::string> path, const json::Value& body,
        const std::function<int(const json::Value&)>& print) {
  auto answer = ask(data, method, std::move(path), body);
  if (!answer) return complain(answer.error());
  auto value = json::parse(answer->body.empty() ? "{}" : answer->body, "the server's answer");
  if (!value) return complain(value.error());
  if (answer->status == 200) return print(*value);
  Error error{answer->status >= 500 ? ErrorKind::unavailable : ErrorKind::invalid, "the server refused", ""};
  if (const auto* e = json::find(*value, "error")) {
    error.what = json::find_string(*e, "message").value_or(error.what);
    error.advice = json::find_string(*e, "advice").value_or("");
  }
  return complain(error);
}

}  // namespace

int repo_create(const std::string& data, const std::string& name, const std::string& import,
                const std::string& target) {
  json::Object body{{"name", to_utf8(name)}};
  if (!import.empty()) body["import"] = fs::absolute(import).string();
  if (!target.empty()) body["target"] = target;
  return run(data, "POST", {"admin", "repositories"}, body, [](const json::Value& v) {
    fmt::print("{}\n  page   {}\n  git    {}\n", json::find_string(v, "name").value_or(""),
               json::find_string(v, "url").value_or(""), json::find_string(v, "git").value_or(""));
    return 0;
  });
}

int repo_list(const std::string& data) {
  return run(data, "GET", {"admin", "repositories"}, json::Object{}, [](const json::Value& v) {
    if (const auto* list = json::find_array(v, "repositories"))
      for (const auto& r : *list)
        fmt::print("{}\t{}\t{}\n", json::find_string(r, "name").value_or(""),
                   json::find_string(r, "target").value_or(""), json::find_string(r, "url").value_or(""));
    return 0;
  });
}

int user_create(const std::string& data, const std::string& name, const std::string& role) {
  return run(data, "POST", {"admin", "users"}, json::Object{{"name", to_utf8(name)}, {"role", role}},
             [](const json::Value& v) {
               fmt::print("{} ({})\n", json::find_string(v, "name").value_or(""),
                          json::find_string(v, "role").value_or(""));
               return 0;
             });
}

int user_login_link(const std::string& data, const std::string& name) {
  return run(data, "POST", {"admin", "login-links"}, json::Object{{"user", to_utf8(name)}}, [](const json::Value& v) {
    fmt::print("{}\n", json::find_string(v, "url").value_or(""));
    return 0;
  });
}

int token_create(const std::string& data, const std::string& user, const std::string& name) {
  return run(data, "POST", {"admin", "tokens"}, json::Object{{"user", to_utf8(user)}, {"name", to_utf8(name)}},
             [](const json::Value& v) {
               fmt::print("{}\n", json::find_string(v, "token").value_or(""));
               return 0;
             });
}

int verify(const std::string& data) {
  return run(data, "GET", {"admin", "verify"}, json::Object{}, [](const json::Value& v) {
    const auto* faults = json::find_array(v, "faults");
    for (std::size_t i = 0; faults && i < faults->size(); ++i)
      fmt::print("fault: {}\n", (*faults)[i].as_string().c_str());
    fmt::print("{} landings checked, {} faults\n", json::find_int(v, "landings").value_or(0),
               faults ? faults->size() : 0);
    return faults && !faults->empty() ? 1 : 0;
  });
}
