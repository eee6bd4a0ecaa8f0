#include "pika/manual/manual.hpp"

#include <doctest/doctest.h>

using namespace pika::manual;

namespace {
Command sample() {
  Command out{.name = "tool",
              .help = "Does things.",
              .options = {},
              .commands = {},
              .footer = "Exit codes: 0",
              .words_from = {}};
  out.options.push_back({{"-o", "--output"}, "FORMAT", "human or json", {"human", "json"}});
  Command run{.name = "run",
              .help = "Run it's [best]: now",
              .options = {},
              .commands = {},
              .footer = {},
              .words_from = "tool names"};
  run.options.push_back({{"--base"}, "REV", ".dotted\nsecond line", {}});
  run.options.push_back({{}, "NAME", "what", {}});
  out.commands.push_back(run);
  return out;
}
}  // namespace

TEST_CASE("a manual page has every command and option, and nothing in it is a request to troff") {
  auto page = man_page(sample(), "1.2", "2026-11-23");
  CHECK(page.starts_with(".TH TOOL 1 \"2026-11-23\" \"pika 1.2\"\n"));
  CHECK(page.find(".SS run [\\fB\\-\\-base\\fR \\fIREV\\fR] [\\fINAME\\fR]\n") != std::string::npos);
  CHECK(page.find("\n\\&.dotted\nsecond line\n") != std::string::npos);
  CHECK(page.find("One of human, json.") != std::string::npos);
  CHECK(page.find("Exit codes") != std::string::npos);
}

TEST_CASE("completion for a shell that nobody knows is none") {
  CHECK(completion(sample(), "csh").empty());
  for (const char* shell : {"bash", "zsh", "fish"}) {
    auto text = completion(sample(), shell);
    CHECK(text.find("tool names") != std::string::npos);
    CHECK(text.find("human json") != std::string::npos);
  }
}
