// Logins: the tokens a person stored, by server. One file, mode 0600: {"schema_version": 1, "servers":
// {"http://127.0.0.1:8787": {"token": "...", "name": "ann"}}}. A token is sent to its own server only.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "pika/base/result.hpp"

namespace pika::ph {

struct Login {
  std::string token, name;
};

using Logins = std::map<std::string, Login>;  // by server, as server_of gives it

// None when there is no file. invalid, naming the file, when it does not read.
Result<Logins> read_logins(const std::filesystem::path& file);
// Throws SystemError when the disk refuses.
void write_logins(const std::filesystem::path& file, const Logins& logins);

// "http://host:port" of an address; scheme and host in lower case, the scheme's own port and everything after the host
// left out, also a user's name. invalid when it is not http or https.
Result<std::string> server_of(std::string_view url);

}  // namespace pika::ph
