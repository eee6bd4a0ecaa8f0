// What the text of a step's script says of itself.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pikaci {

// Whether a line of it begins with this command, as far as its first words tell.
bool runs(std::string_view script, std::string_view command);
// Without lines that only install packages ("sudo apt-get install x", "brew install x"), which are told in `installs`:
// a job here is nobody's root, and what it needs is installed on the host, or in a root filesystem. Empty: nothing is
// left.
std::string without_installs(std::string_view script, std::vector<std::string>& installs);
// Hosts that its package managers reach, and those of addresses that it fetches.
std::vector<std::string> hosts_of(std::string_view script);
std::string quoted_for_shell(std::string_view text);
// Whether what comes next in the last line of this would stand in single quotes, where no variable means anything.
bool in_single_quotes(std::string_view script);

}  // namespace pikaci
