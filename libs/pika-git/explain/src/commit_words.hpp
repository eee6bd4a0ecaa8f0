// What an author wrote in a commit's message for people, without what is in it for machines.
#pragma once
#include <string>
#include <string_view>

namespace pika::explain {

// Left out: trailers (git-interpret-trailers(1) and what mirrors and bots add in their manner), lines of a rule that
// separate nothing any more, white space at ends of lines, and all but one of several blank lines.
std::string authors_words(std::string_view body);

}  // namespace pika::explain
