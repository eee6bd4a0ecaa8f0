#include <doctest/doctest.h>

#include "ansi.hpp"
#include "hunk.hpp"
#include "parts.hpp"
#include "pika/web/html.hpp"
#include "pika/web/pages.hpp"
#include "scan_support.hpp"

using namespace pika;
using namespace pika::web;

TEST_CASE("text cannot end the place it stands in") {
  Html h;
  h.open("p").attr("title", "\"><script>").text("</p><script>&").end();
  CHECK(h.take() == "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;/p&gt;&lt;script&gt;&amp;</p>");
}

TEST_CASE("what cannot be seen is made visible") {
  CHECK(escaped("a\u202Eb") == "a&lt;U+202E&gt;b");
  CHECK(escaped("a\rb\x1b") == "a\u240Db\u241B");
  CHECK(escaped("\xFF") == "\uFFFD");
  CHECK(escaped("h\u00e9llo \u4e16") == "h\u00e9llo \u4e16");
}

TEST_CASE("addresses lead where they may or nowhere") {
  CHECK(path({"a b", "c/d", "?#\xFF"}).text() == "/a%20b/c%2Fd/%3F%23%FF");
  CHECK(path({}).text() == "/");
  CHECK(local_address("//evil.example").text() == "/");
  CHECK(local_address("/\\evil.example").text() == "/");
  CHECK(local_address("javascript:alert(1)").text() == "/");
  CHECK(local_address("/x?y=1").text() == "/x?y=1");
  CHECK(external("javascript:alert(1)").empty());
  CHECK(external("JAVASCRIPT:alert(1)").empty());
  CHECK(external("https://a.example/x").text() == "https://a.example/x");
  CHECK(path({"x"}).query("q", "a&b").query("r", "1").fragment("H1-2").text() == "/x?q=a%26b&r=1#H1-2");
}

TEST_CASE("Markdown runs nothing, fetches nothing and hides nothing") {
  auto html = markdown_html(
      "[a](javascript:alert(1)) [b](vbscript:x) [c](data:text/html,x) [d](https://x.example) "
      "![p](https://e.example/p.png)\n\n<script>alert(2)</script>\n\n<img src=x onerror=y> `<b>`");
  CHECK(html.find("javascript:") == std::string::npos);
  CHECK(html.find("vbscript:") == std::string::npos);
  CHECK(html.find("data:") == std::string::npos);
  CHECK(html.find("<img") == std::string::npos);
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("href=\"https://x.example\"") != std::string::npos);
  CHECK(html.find("alert(2)") != std::string::npos);  // shown as text
  CHECK(test::scan_html(html).complaints.empty());
}

TEST_CASE("Markdown tables, lists and code come through") {
  auto html = markdown_html("| a | b |\n|---|---|\n| `x` | y |\n\n- one\n- two\n");
  CHECK(html.find("<table>") != std::string::npos);
  CHECK(html.find("<td><code>x</code></td>") != std::string::npos);
  CHECK(html.find("<li>two</li>") != std::string::npos);
}

TEST_CASE("changed words are marked, unlike lines are not") {
  auto [left, right] = changed_words("use pikaci::{", "use jerichoci::{");
  CHECK(left == Marks{{4, 10}});
  CHECK(right == Marks{{4, 13}});
  auto [a, b] = changed_words("return 1;", "while (x) {");
  CHECK((a.empty() && b.empty()));
  auto [c, d] = changed_words("same", "same");
  CHECK((c.empty() && d.empty()));
}

TEST_CASE("a log's colours are kept and its cursor games are not") {
  Html h;
  log_lines(h, "\x1b[31mred\x1b[0m plain\n10%\r20%\rdone\r\n\x1b[2J\x1b]0;t\x07ok", 7);
  auto html = h.take();
  CHECK(html.find("<span class=\"n1\">red</span> plain") != std::string::npos);
  CHECK(html.find("10%") == std::string::npos);
  CHECK(html.find(">8</a>done\n") != std::string::npos);
  CHECK(html.find(">9</a>ok\n") != std::string::npos);
}

TEST_CASE("a colour goes on into the next line") {
  Html h;
  log_tail(h, "first\n\x1b[1;32mgreen\nstill\n", 2);
  CHECK(h.take() == "<span class=\"n2 bo\">green</span>\n<span class=\"n2 bo\">still</span>");
}

TEST_CASE("relative times read as people say them") {
  CHECK(relative_words(0, 10 * kSecond) == "just now");
  CHECK(relative_words(0, 180 * kSecond) == "3 min ago");
  CHECK(relative_words(7200 * kSecond, 0) == "in 2 h");
}
