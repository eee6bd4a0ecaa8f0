// Small images made by hand, for tests and the conformance suite: an OCI image layout on disk.
#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace jerichoci::testing {

// A tar archive, entry by entry, also of the kinds that nobody should write.
class TarFixture {
 public:
  TarFixture& folder(const std::string& path, unsigned mode = 0755);
  TarFixture& file(const std::string& path, const std::string& content, unsigned mode = 0644);
  TarFixture& link(const std::string& path, const std::string& target);  // symbolic
  TarFixture& entry(char type, const std::string& path, const std::string& target = {}, const std::string& content = {},
                    unsigned mode = 0644);
  std::string bytes() const;  // with the end

 private:
  std::string bytes_;
};

// Layers are as they are given: tar, or packed by gzip or zstd.
void write_image_layout(const std::filesystem::path& folder, const std::vector<std::string>& layers,
                        const std::vector<std::string>& env = {});

// A layer with the host's static busybox (/bin/busybox) as every tool; empty when the host has none.
std::string busybox_layer();

}  // namespace jerichoci::testing
