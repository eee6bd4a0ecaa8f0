// What a model may not say, whatever the words: praise, verdicts, that nothing changed.
#pragma once
#include <string_view>

namespace pika::model {

// The first such phrase of plain_words(), or nothing.
std::string_view praise_in(std::string_view plain);
std::string_view verdict_in(std::string_view plain);  // safe, reviewed, need not be read: the reviewer's part
std::string_view sameness_in(
    std::string_view plain);  // mechanical, the same behaviour: only of lines that match a rule

}  // namespace pika::model
