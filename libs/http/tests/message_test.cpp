#include "pika/http/message.hpp"

#include <doctest/doctest.h>

#include "headers.hpp"
#include "pika/http/target.hpp"

using namespace pika;
using namespace pika::http;

TEST_CASE("a target is split before it is decoded") {
  const auto t = parse_target("/O/a%2Fb%20c/?x=1&y=a+b%21&x=2&flag&=v");
  REQUIRE(t);
  CHECK(t->segments == std::vector<std::string>{"O", "a/b c"});
  CHECK(t->trailing_slash);
  CHECK(t->query == std::vector<std::pair<std::string, std::string>>{
                        {"x", "1"}, {"y", "a b!"}, {"x", "2"}, {"flag", ""}, {"", "v"}});
  CHECK(parse_target("/")->segments.empty());
  CHECK_FALSE(parse_target("/")->trailing_slash);
  CHECK(parse_target("/a+b")->segments[0] == "a+b");
  CHECK(parse_target("/%FF%0a")->segments[0] == "\xff\n");
  CHECK(parse_target("http://host:80/a?b=c")->segments[0] == "a");
  CHECK(parse_target("http://host")->segments.empty());
}

TEST_CASE("what could lead out of the path, or is no path, is refused") {
  for (const char* bad : {"", "a", "*", "/..", "/a/../b", "/%2e%2e/etc", "/%2E", "/.", "/a//b", "//", "/a%00b", "/%",
                          "/%4", "/%zz", "/?a=%", "/?a=%00", "/a#b", "ftp://x/y", "host:80"})
    CHECK_MESSAGE(!parse_target(bad), bad);
}

TEST_CASE("segments and query values survive encoding") {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  const auto t = parse_target("/" + url_encode_segment(all) + "?q=" + url_encode_query(all));
  REQUIRE(t);
  CHECK(t->segments == std::vector{all});
  CHECK(t->query[0].second == all);
  CHECK(url_encode_segment("<script>'\"/é") == "%3Cscript%3E%27%22%2F%C3%A9");
}

TEST_CASE("headers, cookies and forms are found as browsers send them") {
  Request r;
  r.headers = {{"content-TYPE", "application/x-www-form-urlencoded; charset=UTF-8"},
               {"Cookie", "a=1; session=x=y"},
               {"Cookie", "other=2"}};
  r.body = "name=J%C3%BCrgen+M&empty=&name=second";
  CHECK(r.header("Content-Type").starts_with("application/"));
  CHECK(r.cookie("session") == "x=y");
  CHECK(r.cookie("other") == "2");
  CHECK(r.cookie("none").empty());
  CHECK(r.form().at("name") == "Jürgen M");
  CHECK(r.form().at("empty").empty());
  r.headers[0].second = "application/json";
  CHECK(r.form().empty());
}

TEST_CASE("a header that would break out of its line is not sent") {
  const Head head;
  CHECK(format_head(redirect("/a"), head));
  CHECK(!format_head(redirect("/a\r\nSet-Cookie: x=1"), head));
  CHECK(!format_head(redirect(std::string("/a\0", 3)), head));
  Response bad_name;
  bad_name.add("X: y\r\nZ", "1");
  CHECK(!format_head(bad_name, head));
}

TEST_CASE("the length of an answer is written by the server, once") {
  Response response = text_response(200, "x");
  response.add("content-length", "99").add("Transfer-Encoding", "chunked");
  const auto text = format_head(response, {.length = 1}).value();
  CHECK(text.find("99") == std::string::npos);
  CHECK(text.find("chunked") == std::string::npos);
  CHECK(text.find("Content-Length: 1\r\n") != std::string::npos);
  CHECK(text.find("Server:") == std::string::npos);
}
