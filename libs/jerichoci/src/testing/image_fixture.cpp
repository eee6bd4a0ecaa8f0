#include "jerichoci/testing/image_fixture.hpp"

#include <fmt/format.h>

#include <cstring>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/json/json.hpp"
#include "pika/proc/child.hpp"

namespace jerichoci::testing {

namespace fs = std::filesystem;
using pika::json::Array;
using pika::json::Object;

namespace {

void put(std::string& block, std::size_t at, const std::string& text) {
  block.replace(at, text.size(), text);
}

// A blob of the layout and its descriptor.
Object store(const fs::path& folder, const std::string& bytes, const char* type) {
  auto hex = pika::sha256_hex(bytes);
  pika::write_file_atomic(folder / "blobs/sha256" / hex, bytes);
  return {{"mediaType", type}, {"digest", "sha256:" + hex}, {"size", bytes.size()}};
}

const char* architecture() {
#if defined(__aarch64__)
  return "arm64";
#else
  return "amd64";
#endif
}

}  // namespace

TarFixture& TarFixture::entry(char type, const std::string& path, const std::string& target, const std::string& content,
                              unsigned mode) {
  std::string block(512, '\0');
  put(block, 0, path.substr(0, 100));
  put(block, 100, fmt::format("{:07o}", mode));
  put(block, 108, "0000000");
  put(block, 116, "0000000");
  put(block, 124, fmt::format("{:011o}", content.size()));
  put(block, 136, "00000000001");
  put(block, 148, "        ");
  block[156] = type;
  put(block, 157, target.substr(0, 100));
  put(block, 257,
      std::string("ustar\0"
                  "00",
                  8));
  unsigned sum = 0;
  for (char c : block) sum += static_cast<unsigned char>(c);
  put(block, 148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  bytes_ += block + content + std::string((512 - content.size() % 512) % 512, '\0');
  return *this;
}

TarFixture& TarFixture::folder(const std::string& path, unsigned mode) {
  return entry('5', path + "/", {}, {}, mode);
}
TarFixture& TarFixture::file(const std::string& path, const std::string& content, unsigned mode) {
  return entry('0', path, {}, content, mode);
}
TarFixture& TarFixture::link(const std::string& path, const std::string& target) {
  return entry('2', path, target, {}, 0777);
}
std::string TarFixture::bytes() const {
  return bytes_ + std::string(1024, '\0');
}

void write_image_layout(const fs::path& folder, const std::vector<std::string>& layers,
                        const std::vector<std::string>& env) {
  pika::make_dirs(folder / "blobs/sha256");
  Array descriptors, variables, ids;
  for (const auto& layer : layers) {
    descriptors.emplace_back(store(folder, layer, "application/vnd.oci.image.layer.v1.tar"));
    ids.emplace_back("sha256:" + pika::sha256_hex(layer));
  }
  for (const auto& one : env) variables.emplace_back(one);
  // No job follows the user or the working folder that an image names.
  Object settings{{"Env", std::move(variables)}, {"User", "4711:4711"}, {"WorkingDir", "/nowhere"}};
  Object config{{"architecture", architecture()},
                {"os", "linux"},
                {"config", std::move(settings)},
                {"rootfs", Object{{"type", "layers"}, {"diff_ids", std::move(ids)}}}};
  Object manifest{{"schemaVersion", 2},
                  {"config", store(folder, pika::json::print(config), "application/vnd.oci.image.config.v1+json")},
                  {"layers", std::move(descriptors)}};
  Object index{
      {"schemaVersion", 2},
      {"manifests", Array{store(folder, pika::json::print(manifest), "application/vnd.oci.image.manifest.v1+json")}}};
  pika::write_file_atomic(folder / "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
  pika::write_file_atomic(folder / "index.json", pika::json::print(index));
}

std::string busybox_layer() {
  auto program = pika::read_file("/bin/busybox");
  if (!program) return {};
  auto applets = pika::proc::run({.argv = {"/bin/busybox", "--list"}});
  if (!applets.ok()) return {};
  TarFixture tar;
  tar.folder("bin").folder("etc").folder("usr").folder("usr/bin").folder("tmp", 0777);
  tar.file("bin/busybox", *program, 0755).file("etc/passwd", "root:x:0:0:root:/tmp/home:/bin/sh\n");
  for (auto name : pika::split(applets.out, '\n'))
    if (!name.empty() && name != "busybox") tar.link("bin/" + std::string(name), "busybox");
  return tar.bytes();
}

}  // namespace jerichoci::testing
