#include "pika/http/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>

#include <memory>
#include <mutex>

#include "headers.hpp"
#include "pika/base/text.hpp"

namespace pika::http {

std::string_view ClientResponse::header(std::string_view name) const {
  return find_header(headers, name);
}

namespace {

void set_up_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

struct HandleFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Handle = std::unique_ptr<CURL, HandleFree>;
using List = std::unique_ptr<curl_slist, HandleFree>;

struct Exchange {
  const ClientRequest& request;
  ClientResponse response;
  bool stopped = false;  // by on_body
  bool too_large = false;
  bool given_up = false;      // by go_on
  std::size_t head_size = 0;  // of all heads, interim ones too
  std::exception_ptr thrown;  // by on_body or go_on: may not pass through libcurl's C
};

constexpr std::size_t kMaxHead = 256 * 1024;

std::size_t take_header(char* bytes, std::size_t, std::size_t size, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  auto& response = exchange.response;
  exchange.head_size += size;
  exchange.too_large = exchange.head_size > kMaxHead;
  if (exchange.too_large) return 0;
  const std::string_view line = trim({bytes, size});
  if (line.starts_with("HTTP/")) {  // also after "100 Continue"
    response.headers.clear();
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    response.headers.emplace_back(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  return size;
}

std::size_t take_body(char* bytes, std::size_t, std::size_t size, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  if (exchange.request.on_body) {
    try {
      exchange.stopped = !exchange.request.on_body({bytes, size});
    } catch (...) {
      exchange.thrown = std::current_exception();
      return 0;
    }
    return exchange.stopped ? 0 : size;
  }
  exchange.too_large = exchange.response.body.size() + size > exchange.request.max_body;
  if (exchange.too_large) return 0;
  exchange.response.body.append(bytes, size);
  return size;
}

int ask_whether_on(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& exchange = *static_cast<Exchange*>(context);
  try {
    exchange.given_up = !exchange.request.go_on();
  } catch (...) {
    exchange.thrown = std::current_exception();
    return 1;
  }
  return exchange.given_up ? 1 : 0;
}

// libcurl's own sockets would be inherited by child processes that another thread starts.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// libcurl keeps its hands off signals (CURLOPT_NOSIGNAL), so a TLS library that writes to a peer that has gone would
// end the program. The signal comes to the thread that writes: held here, and taken away if it came.
class PipeSignalHeld {
 public:
  PipeSignalHeld() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  PipeSignalHeld(const PipeSignalHeld&) = delete;
  PipeSignalHeld& operator=(const PipeSignalHeld&) = delete;
  ~PipeSignalHeld() {
    const timespec at_once{};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

struct Place {
  std::string host;
  bool this_host = false;
};

Result<Place> place_of(const std::string& url) {
  std::unique_ptr<CURLU, HandleFree> parsed(curl_url());
  char* host = nullptr;
  char* scheme = nullptr;
  const bool good = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
                    curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                    curl_url_get(parsed.get(), CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK;
  Place place{.host = host != nullptr ? host : ""};
  const std::string_view protocol = scheme != nullptr ? scheme : "";
  const bool known = protocol == "http" || protocol == "https";
  curl_free(host);
  curl_free(scheme);
  if (!good || !known)
    return fail(ErrorKind::invalid, fmt::format("{} is not the address of a server.", quote_name(url)),
                "It begins with http:// or https://.");
  place.this_host = place.host == "localhost" || place.host.starts_with("127.") || place.host == "[::1]";
  return place;
}

List header_list(const ClientRequest& request) {
  List list;
  auto add = [&list](const std::string& line) {
    curl_slist* grown = curl_slist_append(list.get(), line.c_str());
    if (grown == nullptr) throw std::bad_alloc();
    if (!list) list.reset(grown);  // else it is the same head
  };
  for (const auto& [name, value] : request.headers)
    add(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  // libcurl would call every body a form.
  if (!has_header(request.headers, "Content-Type")) add("Content-Type:");
  return list;
}

bool can_be_sent(const Headers& headers) {
  for (const auto& [name, value] : headers)
    if (name.empty() || name.find_first_of("\r\n:", 0) != std::string::npos || name.contains('\0') ||
        value.find_first_of("\r\n") != std::string::npos || value.contains('\0'))
      return false;
  return true;
}

void set_method(CURL* curl, const ClientRequest& request) {
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    return;
  }
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_options(CURL* curl, Exchange& exchange, const Place& place, char* reason) {
  const ClientRequest& request = exchange.request;
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout / 1000));
  if (request.timeout) curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(*request.timeout / 1000));
  if (!request.unix_socket.empty()) curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  if (!request.unix_socket.empty() || place.this_host) curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (request.go_on) {
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, ask_whether_on);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
  }
  set_method(curl, request);
}

}  // namespace

Result<ClientResponse> fetch(const ClientRequest& request) {
  set_up_once();
  const Place place = PIKA_TRY(place_of(request.url));
  if (!can_be_sent(request.headers))
    return fail(ErrorKind::invalid, "A header of the request has a line end or a NUL in it.");
  Handle curl(curl_easy_init());
  if (!curl) throw std::bad_alloc();
  Exchange exchange{.request = request, .response = {}, .thrown = {}};
  char reason[CURL_ERROR_SIZE] = "";
  set_options(curl.get(), exchange, place, reason);
  const List headers = header_list(request);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = [&] {
    const PipeSignalHeld held;
    return curl_easy_perform(curl.get());
  }();
  if (exchange.thrown) std::rethrow_exception(exchange.thrown);
  if (exchange.too_large)
    return fail(
        ErrorKind::too_large,
        exchange.head_size > kMaxHead
            ? fmt::format("The answer of {} begins with a head larger than {}.", place.host, format_bytes(kMaxHead))
            : fmt::format("The answer of {} is larger than {}.", place.host, format_bytes(request.max_body)));
  if (exchange.given_up)
    return fail(ErrorKind::unavailable, fmt::format("No answer from {}: the wait was given up.", place.host));
  if (code != CURLE_OK && !exchange.stopped) {
    const std::string where =
        request.unix_socket.empty() ? place.host : "the socket " + quote_name(request.unix_socket);
    return fail(ErrorKind::unavailable,
                fmt::format("No answer from {}: {}.", where, *reason != '\0' ? reason : curl_easy_strerror(code)),
                "Check that the server runs and that its address is right.");
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  exchange.response.status = static_cast<int>(status);
  return std::move(exchange.response);
}

}  // namespace pika::http
