// Any secrets and any output in any pieces: no spelling of a secret is left. The input: a byte with the number of
// secrets; each with a byte for its length; then pieces of output, each with a byte for its length and its stream.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runstore/secret_forms.hpp"
#include "runstore/secret_mask.hpp"

using namespace jerichoci;

namespace {

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  unsigned byte() {
    if (bytes_.empty()) return 0;
    auto value = static_cast<unsigned char>(bytes_[0]);
    bytes_.remove_prefix(1);
    return value;
  }
  std::string take(std::size_t size) {
    auto part = std::string(bytes_.substr(0, size));
    bytes_.remove_prefix(part.size());
    return part;
  }

 private:
  std::string_view bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(std::string_view(reinterpret_cast<const char*>(data), size));
  std::vector<std::string> secrets;
  for (auto count = input.byte() % 4; count > 0; --count) {
    auto secret = input.take(4 + input.byte() % 40);
    // The mask itself is not masked again.
    if (secret.find('*') == std::string::npos) secrets.push_back(std::move(secret));
  }
  auto patterns = std::make_shared<SecretPatterns>(secrets);
  if (patterns->empty()) return 0;
  SecretMask mask(patterns);
  std::string all, given;
  std::map<LogStream, std::string> seen;
  auto emit = [&](std::string_view bytes, LogStream stream) {
    all += bytes;
    seen[stream] += bytes;
  };
  bool one_stream = true;
  while (!input.empty()) {
    auto head = input.byte();
    auto stream = head % 2 ? LogStream::out : LogStream::err;
    auto piece = input.take(head / 2 % 32);
    if (head >= 192 && !secrets.empty()) piece = secrets[head % secrets.size()].substr(0, head / 2 % 8 + 2);
    one_stream = one_stream && stream == LogStream::out;
    given += piece;
    mask.write(piece, stream, emit);
  }
  mask.finish(emit);
  for (const auto& secret : secrets)
    for (const auto& form : secret_forms(secret)) {
      if (form.find('*') != std::string::npos) continue;
      if (all.find(form) != std::string::npos) std::abort();
      for (const auto& [stream, text] : seen)
        if (text.find(form) != std::string::npos) std::abort();
    }
  if (one_stream && all != patterns->masked(given)) std::abort();
  return 0;
}
