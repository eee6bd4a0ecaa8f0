#include "pika/ph/login.hpp"

#include <fmt/format.h>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/json/json.hpp"

namespace pika::ph {

Result<Logins> read_logins(const fs::path& file) {
  const auto text = read_file(file);
  if (!text) return Logins{};
  const auto value = PIKA_TRY(json::parse(*text, file.string()));
  const auto* servers = json::find_object(value, "servers");
  if (!servers)
    return fail(ErrorKind::invalid, fmt::format("{}: there is no object 'servers' in it", file.string()),
                "remove the file and use 'ph login URL' again");
  Logins logins;
  for (const auto& [server, login] : *servers)
    logins[std::string(server)] = {json::find_string(login, "token").value_or(""),
                                   json::find_string(login, "name").value_or("")};
  return logins;
}

void write_logins(const fs::path& file, const Logins& logins) {
  json::Object servers;
  for (const auto& [server, login] : logins)
    servers[server] = json::Object{{"token", login.token}, {"name", to_utf8(login.name)}};
  make_dirs(file.parent_path(), 0700);
  write_file_atomic(
      file, json::print_pretty(json::Value(json::Object{{"schema_version", 1}, {"servers", std::move(servers)}})),
      0600);
}

Result<std::string> server_of(std::string_view url) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorKind::invalid, fmt::format("{} is no address of a forge: {}", quote_name(url), why),
                "give one like http://127.0.0.1:8787");
  };
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return wrong("it does not begin with http:// or https://");
  const auto scheme = lower(url.substr(0, colon));
  if (scheme != "http" && scheme != "https") return wrong("it does not begin with http:// or https://");
  auto host = url.substr(colon + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const auto at = host.rfind('@'); at != std::string_view::npos) host = host.substr(at + 1);
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
  if (host.empty() || host.find_first_not_of(kAllowed) != std::string_view::npos) return wrong("it names no host");
  const std::string_view own_port = scheme == "http" ? ":80" : ":443";
  if (host.ends_with(own_port)) host.remove_suffix(own_port.size());
  return scheme + "://" + lower(host);
}

}  // namespace pika::ph
