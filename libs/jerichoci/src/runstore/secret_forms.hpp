// In which spellings a secret may turn up in a log.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace jerichoci {

// Shorter ones cannot be masked: every log holds them by chance. Longer ones are no secrets.
inline constexpr std::size_t kShortestSecret = 4, kLongestSecret = 64 * 1024;

// Every spelling that is masked, each at least kShortestSecret bytes, none twice:
//   as it is · base64 and base64url at each of the three places that it may have in a longer text, and in lines of 64
//   and 76 characters · percent-encoded, for paths, queries and forms · escaped for JSON · hexadecimal · in single
//   quotes of a shell · each of its lines of 6 bytes or more, as it is, in base64 and escaped for JSON.
std::vector<std::string> secret_forms(std::string_view value);

}  // namespace jerichoci
