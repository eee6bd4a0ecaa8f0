// HTTP messages as handlers see them: plain values, no Beast type in sight.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"

namespace pika::http {

using Headers = std::vector<std::pair<std::string, std::string>>;  // names compare without case

struct Request {
  std::string method;  // "GET"; HEAD comes as "GET" too (the server leaves the body out)
  std::string target;  // as it came: "/a/b%20c?x=1"
  // The path, split at '/', each segment decoded: {"a", "b c"}. Never "", "." or "..", never with a NUL; but "%2F"
  // gives a '/' inside a segment: check before joining segments into a file's path.
  std::vector<std::string> segments;
  bool trailing_slash = false;
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  Headers headers;                                         // without Content-Encoding when the body came inflated
  std::string body;                                        // when small (up to 1 MiB)
  UniqueFd body_file;                                      // else: an unlinked file with the whole body, at offset 0
  std::uint64_t body_size = 0;
  std::string peer;        // "127.0.0.1", or "unix"
  bool over_unix = false;  // came through the Unix socket (whoever may open it)

  std::string_view header(std::string_view name) const;       // empty when absent
  std::string_view query_value(std::string_view name) const;  // empty when absent
  // Fields of an application/x-www-form-urlencoded body; empty for any other type.
  std::map<std::string, std::string> form() const;
  std::string_view cookie(std::string_view name) const;
};

// Takes the bytes of a streamed answer. write() blocks while the peer is slow; false: the peer is gone, stop.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  virtual bool write(std::string_view bytes) = 0;
};

// Server-sent events for one reader. Any thread may push; a reader that falls more than `capacity` frames behind is
// disconnected (it resumes with Last-Event-ID). Keep it by weak_ptr or ask closed(): it closes when the peer goes.
class EventStream {
 public:
  static std::shared_ptr<EventStream> make(std::size_t capacity = 1024);
  virtual ~EventStream() = default;
  virtual void push(std::string frame) = 0;  // a whole frame: "id: 7\nevent: x\ndata: {}\n\n"
  virtual void close() = 0;
  virtual bool closed() const = 0;
};

struct Response {
  int status = 200;
  Headers headers{};
  std::string body{};
  std::function<void(BodyWriter&)> stream{};  // or: called on a thread of its own, chunked
  std::shared_ptr<EventStream> events{};      // or: server-sent events until either side closes

  Response& set(std::string name, std::string value);  // replaces
  Response& add(std::string name, std::string value);
};

Response text_response(int status, std::string body);
Response json_response(int status, std::string body);
Response html_response(int status, std::string body);
Response redirect(std::string location, int status = 303);

std::string url_encode_segment(std::string_view bytes);  // one path segment: '/' and everything unsafe as %XX
std::string url_encode_query(std::string_view bytes);

int status_of(ErrorKind kind);

}  // namespace pika::http
