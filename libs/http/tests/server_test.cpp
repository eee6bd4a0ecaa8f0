#include "pika/http/server.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <thread>

#include "http_support.hpp"
#include "inflate.hpp"
#include "pika/base/hash.hpp"

using namespace pika;
using namespace pika::http;
using namespace pika::http::test;

namespace {

// An app that says what it was asked.
struct Running {
  explicit Running(ServerOptions options = {}) : server(std::move(options), app) {
    app.routes["hello"] = [](Request&) { return text_response(200, "hello\n"); };
    app.routes["echo"] = [](Request& r) {
      std::string body = r.body;
      if (r.body_file) {
        body.resize(r.body_size);
        std::size_t at = 0;
        while (const auto n = read_some(r.body_file.get(), body.data() + at, body.size() - at)) at += n;
      }
      return text_response(
          200, r.method + " " + std::to_string(r.body_size) + (r.body_file ? " file " : " memory ") + sha256_hex(body));
    };
    app.routes["throw"] = [](Request&) -> Response { throw std::runtime_error("secret detail"); };
    const auto started = server.start();
    if (!started) throw std::runtime_error(started.error().text());
  }
  RawPeer peer() { return RawPeer::tcp(server.port()); }
  std::string ask(std::string_view bytes) {  // everything until the server closes
    auto raw = peer();
    raw.try_send(bytes);
    return raw.read_to_end();
  }
  RoutedApp app;
  Server server;
};

std::string get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n";
}

std::string post(std::string_view headers, std::string_view body = "") {
  return "POST /echo HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

std::string with_length(std::string_view body, std::string_view headers = "") {
  return post("Content-Length: " + std::to_string(body.size()) + "\r\n" + std::string(headers), body);
}

bool is(std::string_view answer, int status) {
  return answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
}

}  // namespace

TEST_CASE("a request is answered, and the connection goes on") {
  Running s;
  auto peer = s.peer();
  for (int i = 0; i < 3; ++i) {
    peer.send(get("/hello"));
    const auto answer = peer.read_answer();
    CHECK(answer.status() == 200);
    CHECK(answer.body == "hello\n");
    CHECK(answer.head.find("\r\nServer:") == std::string::npos);
    CHECK(answer.head.find("\r\nDate: ") != std::string::npos);
  }
  peer.send(get("/hello", "Connection: close\r\n"));
  CHECK(peer.read_to_end().find("Connection: close") != std::string::npos);
}

TEST_CASE("pipelined requests are answered in their order, bodies among them") {
  Running s;
  auto peer = s.peer();
  peer.send(get("/hello") + with_length("abc") + get("/nothing") + with_length("") + get("/hello"));
  CHECK(peer.read_answer().body == "hello\n");
  CHECK(peer.read_answer().body == "POST 3 memory " + sha256_hex("abc"));
  CHECK(peer.read_answer().status() == 404);
  CHECK(peer.read_answer().body == "POST 0 memory " + sha256_hex(""));
  CHECK(peer.read_answer().body == "hello\n");
}

TEST_CASE("HTTP/1.0 is answered and closed") {
  Running s;
  const auto answer = s.ask("GET /hello HTTP/1.0\r\n\r\n");
  CHECK(is(answer, 200));
  CHECK(answer.ends_with("hello\n"));
}

TEST_CASE("HEAD has GET's headers and no body") {
  Running s;
  auto peer = s.peer();
  peer.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n" + get("/hello"));
  const auto head = peer.read_answer(false);
  CHECK(head.status() == 200);
  CHECK(head.head.find("Content-Length: 6\r\n") != std::string::npos);
  CHECK(peer.read_answer().body == "hello\n");  // nothing stood between
}

TEST_CASE("what is no HTTP is refused with a sentence and closed") {
  Running s;
  CHECK(is(s.ask("hello\r\n\r\n"), 400));
  CHECK(is(s.ask("GET\r\n\r\n"), 400));
  CHECK(is(s.ask(std::string("\x16\x03\x01\x02\x00\x01", 6)), 400));  // TLS
  CHECK(is(s.ask("GET / HTTP/3.7\r\nHost: x\r\n\r\n"), 505));
  CHECK(is(s.ask("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"), 505));  // "b" is no version
  CHECK(is(s.ask("GET / HTTP/1.1\r\n\r\n"), 400));                // no Host
  CHECK(is(s.ask("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"), 400));
  CHECK(is(s.ask("GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n"), 400));
  CHECK(is(s.ask(get("/a/../../etc/passwd")), 400));
  CHECK(is(s.ask(get("/%2e%2e/x")), 400));
  CHECK(is(s.ask(get("/a%00b")), 400));
  CHECK(is(s.ask("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"), 400));
}

TEST_CASE("two opinions on a body's length are refused: nothing can be smuggled behind") {
  Running s;
  const std::string inner = get("/hello");
  for (const std::string headers :
       {"Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: x\r\n", "Content-Length: -1\r\n", "Content-Length: 1x\r\n",
        "Content-Length: 99999999999999999999999\r\n"}) {
    const auto answer = s.ask(post(headers, "0\r\n\r\n" + inner));
    CHECK_MESSAGE((is(answer, 400) || is(answer, 501) || is(answer, 413)), headers, answer);
    CHECK_MESSAGE(answer.find("HTTP/1.1", 8) == std::string::npos, headers, answer);
  }
}

TEST_CASE("headers above 64 KiB are refused, those just below are taken") {
  Running s;
  CHECK(is(s.ask(get("/hello", "X: " + std::string(70 << 10, 'a') + "\r\n")), 431));
  CHECK(is(s.ask("GET /" + std::string(200 << 10, 'a')), 431));
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "X-" + std::to_string(i) + ": v\r\n";
  CHECK(is(s.ask(get("/hello", many)), 431));
  CHECK(is(s.ask(get("/hello", "Connection: close\r\nX: " + std::string(60 << 10, 'a') + "\r\n")), 200));
}

TEST_CASE("a body is taken up to its limit: in memory when small, as a file when large") {
  Running s;
  s.app.limit = 3 << 20;
  const std::string small(1 << 20, 's'), large((2 << 20) + 7, 'l');
  for (const auto& [body, kind] : {std::pair{small, "memory"}, {large, "file"}}) {
    auto answer = fetch({.method = "POST", .url = url_of(s.server, "/echo"), .body = body});
    REQUIRE(answer);
    CHECK(answer->body == "POST " + std::to_string(body.size()) + " " + kind + " " + sha256_hex(body));
  }
  std::string chunked = post("Transfer-Encoding: chunked\r\nConnection: close\r\n");
  for (int i = 0; i < 40; ++i) chunked += "10000;ext=1\r\n" + std::string(65536, 'c') + "\r\n";
  chunked += "0\r\n\r\n";
  CHECK(s.ask(chunked).ends_with("POST 2621440 file " + sha256_hex(std::string(2621440, 'c'))));
}

TEST_CASE("a body above its limit gets 413, told or not told beforehand, and the peer can read it") {
  Running s;
  s.app.limit = 1000;
  const std::string body(300 << 10, 'x');
  CHECK(is(s.ask(with_length(body)), 413));
  CHECK(is(s.ask(with_length(body.substr(0, 1001))), 413));
  CHECK(is(s.ask(with_length(body.substr(0, 1000), "Connection: close\r\n")), 200));
  CHECK(is(s.ask(post("Transfer-Encoding: chunked\r\n", "4b000\r\n" + body + "\r\n0\r\n\r\n")), 413));
  s.app.limit = 2 << 20;
  CHECK(is(s.ask(with_length(std::string(4 << 20, 'x'))), 413));
  s.app.limit = 1000;  // it may go on sending for a while, and is not cut off while it reads the answer
  auto peer = s.peer();
  peer.send(post("Content-Length: 1000000\r\n", body.substr(0, 100'000)));
  CHECK(peer.read_answer().status() == 413);
  CHECK(peer.try_send(body.substr(0, 100'000)));
  peer.finish_sending();
  CHECK(peer.read_to_end().empty());
  CHECK(!peer.was_reset());
  s.app.limit = 0;
  CHECK(is(s.ask(get("/hello", "Connection: close\r\n")), 200));
}

TEST_CASE("gzip bodies arrive inflated, within the limit of what they inflate to") {
  Running s;
  s.app.limit = 2 << 20;
  const std::string plain = "what git sends" + std::string(1500 << 10, 'z');
  const auto send = [&](const std::string& body) {
    return s.ask(with_length(body, "Content-Encoding: gzip\r\nConnection: close\r\n"));
  };
  CHECK(send(gzip(plain)).ends_with("file " + sha256_hex(plain)));
  CHECK(send(gzip("a") + gzip("b")).ends_with("memory " + sha256_hex("ab")));
  CHECK(is(send(gzip(std::string(64 << 20, '\0'))), 413));  // a bomb of 64 KiB
  CHECK(is(send("no gzip at all"), 400));
  CHECK(is(send(gzip(plain).substr(0, 200)), 400));
  CHECK(is(send(gzip("a") + "rest"), 400));
  CHECK(is(s.ask(with_length("x", "Content-Encoding: br\r\n")), 415));
}

TEST_CASE("a handler sees a body that was inflated as if it had come plain") {
  Running s;
  s.app.routes["headers"] = [](Request& r) {
    return text_response(200,
                         std::string(r.header("Content-Encoding")) + "/" + std::string(r.header("Content-Length")));
  };
  auto answer = fetch({.method = "POST",
                       .url = url_of(s.server, "/headers"),
                       .headers = {{"Content-Encoding", "gzip"}},
                       .body = gzip("12345")});
  REQUIRE(answer);
  CHECK(answer->body == "/5");
}

TEST_CASE("Expect: 100-continue is answered before the body, and refused when the body would be too large") {
  Running s;
  auto peer = s.peer();
  peer.send(post("Content-Length: 3\r\nExpect: 100-continue\r\n"));
  CHECK(peer.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("abc");
  CHECK(peer.read_answer().body == "POST 3 memory " + sha256_hex("abc"));
  peer.send(post("Content-Length: 99999999\r\nExpect: 100-continue\r\n"));
  CHECK(peer.read_answer().status() == 413);
  CHECK(is(s.ask(post("Content-Length: 3\r\nExpect: a miracle\r\n")), 417));
}

TEST_CASE("a handler that throws is a 500 without its reason, and the connection goes on") {
  Running s;
  auto peer = s.peer();
  peer.send(get("/throw") + get("/hello"));
  const auto answer = peer.read_answer();
  CHECK(answer.status() == 500);
  CHECK(answer.body.find("secret") == std::string::npos);
  CHECK(peer.read_answer().status() == 200);
}

TEST_CASE("a name from outside cannot write headers of its own") {
  Running s;
  s.app.routes["go"] = [](Request& r) { return redirect("/" + r.segments[1]); };
  const auto answer = s.ask(get("/go/x%0d%0aSet-Cookie:%20a=b", "Connection: close\r\n"));
  CHECK(is(answer, 500));
  CHECK(answer.find("Set-Cookie") == std::string::npos);
}

TEST_CASE("a request that never ends is dropped after read_timeout, an idle connection after idle_timeout") {
  Running s({.read_timeout = kSecond / 5, .idle_timeout = kSecond / 5});
  auto silent = s.peer();
  CHECK(silent.read_to_end().empty());
  auto half = s.peer();
  half.send("GET /hello HTTP/1.1\r\nHo");
  CHECK(half.read_to_end().find("200") == std::string::npos);
  // A byte now and then does not help: the deadline is for the whole head.
  auto dripping = s.peer();
  std::atomic<bool> closed = false;
  std::thread drip([&] {
    while (!closed && dripping.try_send("X")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  });
  CHECK(dripping.read_to_end().find("200") == std::string::npos);
  closed = true;
  drip.join();
  auto no_body = s.peer();
  no_body.send(post("Content-Length: 10\r\n", "abc"));
  CHECK(no_body.read_to_end().find("200") == std::string::npos);
}

TEST_CASE("too many requests at once get 503 and Retry-After") {
  Running s({.workers = 1, .max_pending = 1});
  Flag entered, leave;
  s.app.routes["block"] = [&](Request&) {
    entered.set();
    leave.wait();
    return text_response(200, "");
  };
  auto first = s.peer();
  first.send(get("/block"));
  REQUIRE(entered.wait());
  // One of these two waits for the worker, the other is refused at once: whichever the server reads last.
  RawPeer both[] = {s.peer(), s.peer()};
  for (auto& peer : both) peer.send(get("/hello"));
  const std::size_t refused = first_readable(both[0], both[1]);
  const auto answer = both[refused].read_answer();
  CHECK(answer.status() == 503);
  CHECK(answer.head.find("Retry-After: ") != std::string::npos);
  leave.set();
  CHECK(first.read_answer().status() == 200);
  CHECK(both[1 - refused].read_answer().status() == 200);
  both[refused].send(get("/hello"));  // the connection goes on
  CHECK(both[refused].read_answer().status() == 200);
}

TEST_CASE("a port in use is an error that names it and says what to do") {
  Running s;
  RoutedApp app;
  Server other({.port = s.server.port()}, app);
  const auto started = other.start();
  REQUIRE(!started);
  CHECK(started.error().kind == ErrorKind::unavailable);
  CHECK(started.error().what.find("127.0.0.1:" + std::to_string(s.server.port())) != std::string::npos);
  CHECK(started.error().advice.find("--port") != std::string::npos);
  Server nowhere({.address = "no address"}, app);
  CHECK(nowhere.start().error().kind == ErrorKind::invalid);
}

TEST_CASE("the Unix socket is private, says that it is one, replaces a stale one and refuses a live one") {
  TempDir dir;
  const auto path = dir.path() / "admin.sock";
  RoutedApp app;
  app.routes["who"] = [](Request& r) { return text_response(200, r.peer + (r.over_unix ? "!" : "?")); };
  const ServerOptions options{.unix_path = path};
  {
    Server server(options, app);
    REQUIRE(server.start());
    struct stat status{};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    auto answer = fetch({.url = "http://pika/who", .unix_socket = path});
    REQUIRE(answer);
    CHECK(answer->body == "unix!");
    CHECK(fetch({.url = url_of(server, "/who")})->body == "127.0.0.1?");
    Server second(options, app);
    const auto refused = second.start();
    REQUIRE(!refused);
    CHECK(refused.error().kind == ErrorKind::conflict);
    CHECK(fetch({.url = "http://pika/who", .unix_socket = path}));  // the first one still has it
  }
  CHECK(!fs::exists(path));
  leave_stale_socket(path);
  Server third(options, app);
  REQUIRE(third.start());
  CHECK(fetch({.url = "http://pika/who", .unix_socket = path})->body == "unix!");

  write_file_atomic(dir.path() / "file", "not a socket");
  Server fourth({.unix_path = dir.path() / "file"}, app);
  CHECK(fourth.start().error().kind == ErrorKind::conflict);
  CHECK(read_file(dir.path() / "file").value() == "not a socket");
  Server fifth({.unix_path = dir.path() / std::string(200, 'x')}, app);
  CHECK(fifth.start().error().kind == ErrorKind::invalid);
}

TEST_CASE("stop lets a running request end, closes idle connections, and takes no new ones") {
  Running s;
  Flag entered, leave;
  s.app.routes["slow"] = [&](Request&) {
    entered.set();
    leave.wait();
    return text_response(200, "done");
  };
  auto idle = s.peer();
  idle.send(get("/hello"));
  idle.read_answer();
  auto busy = s.peer();
  busy.send(get("/slow"));
  REQUIRE(entered.wait());
  std::thread stopping([&] { s.server.stop(); });
  CHECK(idle.read_to_end().empty());
  leave.set();
  const auto answer = busy.read_to_end();
  CHECK(is(answer, 200));
  CHECK(answer.ends_with("done"));
  stopping.join();
  CHECK_THROWS(s.peer());
}

TEST_CASE("many connections at once") {
  Running s({.io_threads = 2});
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        auto answer = fetch({.method = "POST", .url = url_of(s.server, "/echo"), .body = std::string(i * 997, 'x')});
        good += answer && answer->status == 200;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 400);
}

namespace {

Response long_page(std::string body = std::string(20'000, 'a')) {
  return html_response(200, std::move(body));
}

std::string gunzip_answer(const std::string& body) {
  Inflater inflater;
  std::string out;
  const auto added = inflater.add(body, [&](std::string_view piece) -> Status {
    out.append(piece);
    return {};
  });
  CHECK(added);
  CHECK(inflater.at_end());
  return out;
}

}  // namespace

TEST_CASE("text goes out gzipped to whom takes it, and plain to whom does not") {
  Running s;
  s.app.routes["page"] = [](Request&) { return long_page(); };
  auto peer = s.peer();
  peer.send(get("/page", "Accept-Encoding: br, gzip\r\n"));
  auto answer = peer.read_answer();
  CHECK(answer.head.find("Content-Encoding: gzip") != std::string::npos);
  CHECK(answer.head.find("Vary: Accept-Encoding") != std::string::npos);
  CHECK(answer.body.size() < 1000);
  CHECK(gunzip_answer(answer.body) == std::string(20'000, 'a'));
  for (auto* refused :
       {"", "Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0.000\r\n"}) {
    peer.send(get("/page", refused));
    answer = peer.read_answer();
    CHECK(answer.head.find("Content-Encoding") == std::string::npos);
    CHECK(answer.head.find("Vary: Accept-Encoding") != std::string::npos);
    CHECK(answer.body.size() == 20'000);
  }
}

TEST_CASE("what is short, coded already or no text is not gzipped") {
  Running s;
  s.app.routes["short"] = [](Request&) { return html_response(200, "hello"); };
  s.app.routes["coded"] = [](Request&) {
    auto response = long_page();
    response.add("Content-Encoding", "gzip");
    return response;
  };
  s.app.routes["pack"] = [](Request&) {
    auto response = long_page();
    response.set("Content-Type", "application/x-git-upload-pack-result");
    return response;
  };
  auto peer = s.peer();
  for (auto* path : {"/short", "/coded", "/pack"}) {
    peer.send(get(path, "Accept-Encoding: gzip\r\n"));
    const auto answer = peer.read_answer();
    CHECK(answer.head.find("Vary") == std::string::npos);
    CHECK(answer.body.size() == (std::string_view(path) == "/short" ? 5u : 20'000u));
  }
}

TEST_CASE("a streamed answer is gzipped as it comes, its first piece at once") {
  Running s;
  Flag seen;
  s.app.routes["stream"] = [&](Request&) {
    Response response;
    response.set("Content-Type", "text/html; charset=utf-8");
    response.stream = [&](BodyWriter& out) {
      out.write("first");
      seen.wait();
      out.write(std::string(100'000, 'b'));
    };
    return response;
  };
  auto peer = s.peer();
  peer.send(get("/stream", "Accept-Encoding: gzip\r\nConnection: close\r\n"));
  const auto head = peer.read_until("\r\n\r\n");
  CHECK(head.find("Content-Encoding: gzip") != std::string::npos);
  std::string body = peer.read_until("\r\n");  // a chunk's size: something is there before the rest was made
  CHECK(std::stoul(body, nullptr, 16) > 0);
  seen.set();
  body += peer.read_to_end();
  std::string whole;
  for (std::size_t at = 0; at < body.size();) {
    const auto line = body.find("\r\n", at);
    const auto size = std::stoul(body.substr(at, line - at), nullptr, 16);
    whole += body.substr(line + 2, size);
    at = line + 2 + size + 2;
    if (size == 0) break;
  }
  CHECK(gunzip_answer(whole) == "first" + std::string(100'000, 'b'));
}

TEST_CASE("requests over the Unix socket are answered while every other worker is held") {
  TempDir dir("http-");
  ServerOptions options;
  options.workers = 1;
  options.unix_path = dir.path() / "sock";
  Running s(std::move(options));
  Flag held, go;
  s.app.routes["hold"] = [&](Request&) {
    held.set();
    go.wait();
    return text_response(200, "held");
  };
  auto holder = s.peer();
  holder.send(get("/hold"));
  CHECK(held.wait());
  auto hook = RawPeer::unix_socket(dir.path() / "sock");
  hook.send(get("/hello"));
  CHECK(hook.read_answer().body == "hello\n");
  go.set();
  CHECK(holder.read_answer().body == "held");
}
