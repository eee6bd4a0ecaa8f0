// A model's server that misbehaves as it is told, over raw sockets, in all three protocols. One connection after the
// other; each takes one request, and the next act of the list answers it (the last one again and again).
#pragma once
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pika/base/fd.hpp"
#include "pika/provider/retell.hpp"

namespace pika::model::test {

struct Seen {
  std::string head, body;  // as they came
};

// Writes to the peer; false: the peer has gone.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  bool write(std::string_view bytes);
  void until_gone();            // says nothing until the peer goes
  bool gone(int milliseconds);  // waits that long at most

 private:
  int fd_;
};
using Act = std::function<void(Peer&, const Seen&)>;

class Misbehaving {
 public:
  explicit Misbehaving(std::vector<Act> acts);
  ~Misbehaving();
  std::string url() const;
  std::vector<Seen> seen();

 private:
  void serve(int connection);
  UniqueFd listener_;
  int port_ = 0;
  std::vector<Act> acts_;
  std::mutex mutex_;
  std::vector<Seen> seen_;
  std::thread thread_;
};

inline const std::vector<Protocol> kProtocols = {Protocol::anthropic, Protocol::openai, Protocol::ollama};
constexpr const char* kKey = "sk-test-0123456789";

// With short deadlines of sockets, and a key.
ProviderConfig config_for(Protocol protocol, const std::string& url);

// An answer's JSON with these words of the model in it. `stop` is the reason for its end, as OpenAI names it.
std::string spoken(Protocol protocol, const std::string& words, const std::string& stop = "stop");

// Acts.
Act says(int status, std::string body, std::string more_headers = "");  // with a right length
Act tells(Protocol protocol, std::string words, std::string stop = "stop");
Act raw(std::string bytes);  // and then closes

// Time that only moves when somebody waits.
struct OwnTime : Clock {
  Micros now() const override { return at; }
  Micros at = 1'700'000'000 * kSecond;
  std::vector<Micros> waits;
  bool stop = false;
  Patience patience();
};

}  // namespace pika::model::test
