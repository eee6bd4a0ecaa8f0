// An OCI image layout on disk (image-spec, image-layout.md): index.json, blobs/sha256/<digest>. Everything that is read
// from it is compared with its digest first.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pika/base/result.hpp"

namespace jerichoci {

// A blob in memory, as a mapping of its file: its size is no matter.
class Blob {
 public:
  // `digest` is "sha256:<hex>". not_found, or invalid when the content is another.
  static pika::Result<Blob> open(const std::filesystem::path& layout, const std::string& digest);
  Blob(Blob&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Blob& operator=(Blob&&) = delete;
  ~Blob();
  std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }

 private:
  Blob(void* data, std::size_t size) : data_(data), size_(size) {}
  void* data_;
  std::size_t size_;
};

struct Image {
  std::string digest;               // of the manifest, hex: the image's name
  std::vector<std::string> layers;  // digests, the lowest first
  std::vector<std::pair<std::string, std::string>> env;
};

bool is_layout(const std::filesystem::path& folder);
// The image for this machine. An index that names several for it is refused: which one runs must be no accident.
pika::Result<Image> read_layout(const std::filesystem::path& layout);

}  // namespace jerichoci
