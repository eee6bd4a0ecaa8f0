// Words as the text of a catalogue.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pikaci {

// A string of one line, literal where that is possible, since commands are full of quotes.
std::string in_toml(std::string_view text);
// The same over several lines.
std::string lines_in_toml(std::string_view text);
std::string toml_list(const std::vector<std::string>& words);
// What of a name may stand in an id; empty where nothing may.
std::string id_part(std::string_view text);

}  // namespace pikaci
