#include "pika/web/assets.hpp"

#include <array>
#include <cstdint>
#include <string>

#include "pika/base/check.hpp"
#include "pika/base/hash.hpp"

// Made by pika_embed (CMakeLists.txt).
extern "C" {
extern const char pika_web_css[];
extern const std::uint64_t pika_web_css_size;
extern const char pika_web_js[];
extern const std::uint64_t pika_web_js_size;
extern const char pika_web_icon[];
extern const std::uint64_t pika_web_icon_size;
}

namespace pika::web {

namespace {

struct Table {
  struct Entry {
    std::string plain, name, url;
  };
  std::array<Entry, 3> entries;
  std::array<Asset, 3> assets;

  Table() {
    add(0, "pika", ".css", "text/css; charset=utf-8", {pika_web_css, pika_web_css_size});
    add(1, "pika", ".js", "text/javascript; charset=utf-8", {pika_web_js, pika_web_js_size});
    add(2, "icon", ".svg", "image/svg+xml", {pika_web_icon, pika_web_icon_size});
  }

  void add(std::size_t i, const std::string& stem, const std::string& ending, std::string_view type,
           std::string_view bytes) {
    entries[i].plain = stem + ending;
    entries[i].name = stem + "." + sha256_hex(bytes).substr(0, 12) + ending;
    entries[i].url = "/assets/" + entries[i].name;
    assets[i] = {entries[i].name, type, bytes};
  }
};

const Table& table() {
  static const Table t;
  return t;
}

}  // namespace

std::span<const Asset> assets() {
  return table().assets;
}

const Asset* find_asset(std::string_view name) {
  for (const auto& asset : table().assets)
    if (asset.name == name) return &asset;
  return nullptr;
}

std::string_view asset_url(std::string_view plain_name) {
  for (const auto& entry : table().entries)
    if (entry.plain == plain_name) return entry.url;
  PIKA_CHECK(false, "the pages name only assets that there are");
}

std::string_view content_security_policy() {
  return "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
         "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
}

}  // namespace pika::web
