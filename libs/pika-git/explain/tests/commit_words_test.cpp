#include "commit_words.hpp"

#include <doctest/doctest.h>

using namespace pika::explain;

TEST_CASE("what a commit's message has for machines is left out") {
  CHECK(authors_words("Because.\n\nSigned-off-by: A <a@x>\nCo-authored-by: B <b@x>\n") == "Because.");
  CHECK(authors_words("PiperOrigin-RevId: 282373286\n").empty());
  CHECK(authors_words("Words.\n\n-------------\nCreated by MOE: https://example.org\nMOE_MIGRATED_REVID=192821751\n") ==
        "Words.");
  CHECK(authors_words("* One\n\n* Two\n\n---------\n\nCo-authored-by: A <a@x>\n") == "* One\n\n* Two");
  CHECK(authors_words(
            "Bumps x.\n\n---\nupdated-dependencies:\n- dependency-name: x\n...\n\nSigned-off-by: bot <b@x>\n") ==
        "Bumps x.");
  CHECK(authors_words("First \r\n\r\n\r\n\r\nsecond\t\n") == "First\n\nsecond");
}

TEST_CASE("what an author wrote for people stays, however much it looks like a trailer") {
  CHECK(authors_words("Note: this is slow.") == "Note: this is slow.");
  CHECK(authors_words("Fixes #12\nCloses: #13") == "Fixes #12\nCloses: #13");
  CHECK(authors_words("Heading\n---\ntext") == "Heading\n---\ntext");
  CHECK(authors_words("x-axis: the time\n\nIt was the other way round.") ==
        "x-axis: the time\n\nIt was the other way round.");
}
