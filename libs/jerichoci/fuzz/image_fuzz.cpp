// Any bytes as parts of an OCI image. The first byte says which: a layer that is put onto a folder (plain, or as its
// first bytes say packed), the archive's entries alone, the index, or a manifest that an index names by its digest.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "image/layer.hpp"
#include "image/layout.hpp"
#include "image/tar_reader.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"

using namespace jerichoci;
namespace fs = std::filesystem;

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

const fs::path& scratch() {
  static pika::TempDir folder("jci-fuzz-", "/dev/shm");
  return folder.path();
}

// Not synced: the disk is not what is tried.
void put(const fs::path& path, std::string_view bytes) {
  pika::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  pika::write_all(fd.get(), bytes);
}

// Whatever it says, nothing beside the folder comes, goes or changes.
void layer(std::string_view bytes) {
  static const auto beside = [] {
    pika::make_dirs(scratch() / "layer");
    put(scratch() / "layer/outside", "as it was");
    return scratch() / "layer";
  }();
  auto root = beside / "root";
  pika::make_dirs(root);
  {
    pika::UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    auto source = unpack_bytes(bytes);
    try {
      if (auto put_on = apply_layer(*source, fd.get(), {.bytes = 1 << 16, .entries = 50}); !put_on)
        demand(!put_on.error().what.empty());
    } catch (const pika::SystemError&) {
      // a name that this disk cannot have
    }
  }
  pika::remove_tree(root);
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(beside)) count += entry.path().filename() == "outside" ? 1 : 100;
  demand(count == 1 && *pika::read_file(beside / "outside") == "as it was");
}

void entries(std::string_view bytes) {
  auto source = unpack_bytes(bytes);
  TarReader reader(*source);
  char content[512];
  for (int i = 0; i < 1000; ++i) {
    auto entry = reader.next();
    if (!entry || !*entry) return;
    std::uint64_t read = 0;
    while (read < (1u << 20)) {
      auto n = reader.read(content, sizeof content);
      if (!n) return;
      if (*n == 0) return demand((*entry)->kind != TarEntry::Kind::file || read == (*entry)->size);
      read += *n;
      demand((*entry)->kind == TarEntry::Kind::file && read <= (*entry)->size);
    }
  }
}

fs::path layout() {
  auto folder = scratch() / "layout";
  pika::make_dirs(folder / "blobs/sha256");
  put(folder / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  return folder;
}

void read(const fs::path& folder) {
  auto image = read_layout(folder);
  if (!image) return demand(!image.error().what.empty());
  demand(image->digest.size() == 64 && image->digest.find_first_not_of("0123456789abcdef") == std::string::npos);
}

void index(std::string_view bytes) {
  static const auto folder = layout();
  put(folder / "index.json", bytes);
  read(folder);
}

void manifest(std::string_view bytes) {
  static const auto folder = layout();
  auto digest = pika::sha256_hex(bytes);
  put(folder / "blobs/sha256" / digest, bytes);
  put(folder / "index.json",
      R"({"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:)" +
          digest + R"(","size":)" + std::to_string(bytes.size()) + "}]}");
  read(folder);
  ::unlink((folder / "blobs/sha256" / digest).c_str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr void (*kParts[])(std::string_view) = {layer, entries, index, manifest};
  kParts[data[0] % std::size(kParts)](bytes);
  return 0;
}
