#include "image/layout.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "pika/base/fd.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
namespace json = pika::json;
using pika::ErrorKind;
using pika::fail;
using pika::Result;

namespace {

constexpr std::size_t kMostJson = 4u << 20, kMostLayers = 500;

std::optional<std::string> hex_of(const std::string& digest) {
  constexpr std::string_view kAlgorithm = "sha256:";
  if (!digest.starts_with(kAlgorithm)) return std::nullopt;
  auto hex = digest.substr(kAlgorithm.size());
  bool good = hex.size() == 64 &&
              std::ranges::all_of(hex, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  return good ? std::optional(hex) : std::nullopt;
}

Result<json::Value> json_blob(const fs::path& layout, const std::string& digest) {
  auto blob = PIKA_TRY(Blob::open(layout, digest));
  if (blob.bytes().size() > kMostJson) return fail(ErrorKind::too_large, "a document of the image is too large");
  return json::parse(blob.bytes(), "a document of the image");
}

const char* own_architecture() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#else
  return "";
#endif
}

// A descriptor that names no platform, or ours.
bool for_this_machine(const json::Value& descriptor) {
  auto* platform = json::find(descriptor, "platform");
  if (!platform) return true;
  return json::find_string(*platform, "os").value_or("linux") == "linux" &&
         json::find_string(*platform, "architecture").value_or(own_architecture()) == own_architecture();
}

// The digest of the one manifest for this machine, through indexes in indexes.
Result<std::string> find_manifest(const fs::path& layout, const json::Value& index, int depth) {
  auto* list = json::find_array(index, "manifests");
  if (!list || depth > 4) return fail(ErrorKind::invalid, "the image's index names no manifests");
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& one : *list) {
    auto digest = json::find_string(one, "digest");
    if (digest && for_this_machine(one)) found.emplace_back(*digest, json::find_string(one, "mediaType").value_or(""));
  }
  if (found.empty())
    return fail(ErrorKind::invalid, fmt::format("the image layout holds nothing for linux/{}", own_architecture()));
  if (found.size() > 1)
    return fail(ErrorKind::invalid, "the image layout holds several images for this machine", "leave one in it");
  bool is_index =
      found[0].second.find("index") != std::string::npos || found[0].second.find("list") != std::string::npos;
  if (!is_index) return found[0].first;
  return find_manifest(layout, PIKA_TRY(json_blob(layout, found[0].first)), depth + 1);
}

}  // namespace

Result<Blob> Blob::open(const fs::path& layout, const std::string& digest) {
  auto hex = hex_of(digest);
  if (!hex)
    return fail(ErrorKind::invalid, fmt::format("{} is no digest of an image's blob", pika::quote_name(digest)));
  auto path = layout / "blobs" / "sha256" / *hex;
  pika::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat st{};
  if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode))
    return fail(ErrorKind::not_found, fmt::format("the image lacks its blob {}", *hex));
  auto size = static_cast<std::size_t>(st.st_size);
  void* data = size == 0 ? nullptr : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) throw pika::SystemError(fmt::format("mmap '{}'", path.string()));
  Blob blob(data, size);
  if (pika::sha256_hex(blob.bytes()) != *hex)
    return fail(ErrorKind::invalid, fmt::format("the image's blob {} has another content", *hex),
                "copy the image again");
  return blob;
}

Blob::~Blob() {
  if (data_) ::munmap(data_, size_);
}

bool is_layout(const fs::path& folder) {
  std::error_code error;
  return fs::is_regular_file(folder / "index.json", error) && fs::is_directory(folder / "blobs", error);
}

Result<Image> read_layout(const fs::path& layout) {
  auto text = PIKA_TRY(pika::read_range(layout / "index.json", 0, kMostJson));
  auto index = PIKA_TRY(json::parse(text, "the image's index.json"));
  auto digest = PIKA_TRY(find_manifest(layout, index, 0));
  auto manifest = PIKA_TRY(json_blob(layout, digest));
  Image image;
  image.digest = *hex_of(digest);  // json_blob has looked at it
  auto* layers = json::find_array(manifest, "layers");
  auto* config = json::find(manifest, "config");
  auto config_digest = config ? json::find_string(*config, "digest") : std::nullopt;
  if (!layers || layers->size() > kMostLayers || !config_digest)
    return fail(ErrorKind::invalid, "the image's manifest names no layers or no configuration");
  for (const auto& layer : *layers) image.layers.push_back(PIKA_TRY(json::get_string(layer, "digest")));
  auto document = PIKA_TRY(json_blob(layout, *config_digest));
  auto* inner = json::find(document, "config");
  auto* env = inner ? json::find_array(*inner, "Env") : nullptr;
  if (env)
    for (const auto& one : *env) {
      auto* words = one.if_string();
      auto equals = words ? std::string_view(*words).find('=') : std::string_view::npos;
      if (equals == std::string_view::npos || equals == 0 || words->find('\0') != words->npos) continue;
      image.env.emplace_back(std::string(words->data(), equals),
                             std::string(words->data() + equals + 1, words->size() - equals - 1));
    }
  return image;
}

}  // namespace jerichoci
