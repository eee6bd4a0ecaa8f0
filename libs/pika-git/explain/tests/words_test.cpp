#include "words.hpp"

#include <doctest/doctest.h>

using namespace pika::explain;

TEST_CASE("lines that the author's editor wrapped flow again, those that the author ended stay") {
  std::string wrapped =
      "Globs lead a walk that follows no symlink and reads only regular files;\n"
      "the workspace of an overlay is mounted once more.\n"
      "\n"
      "Short line.\n"
      "Another one that begins a thought of its own, and is long enough to wrap:\n"
      "- a list whose first line is long enough to be taken for running text, too\n"
      "- and its second\n"
      "    indented code stays where it is, however long that line of code may be\n"
      "1. numbered";
  CHECK(quote(wrapped) ==
        "> Globs lead a walk that follows no symlink and reads only regular files;\n"
        "> the workspace of an overlay is mounted once more.  \n"
        ">\n"
        "> Short line.  \n"
        "> Another one that begins a thought of its own, and is long enough to wrap:  \n"
        "> \\- a list whose first line is long enough to be taken for running text, too  \n"
        "> \\- and its second  \n"
        ">     indented code stays where it is, however long that line of code may be  \n"
        "> 1\\. numbered  \n");
}
