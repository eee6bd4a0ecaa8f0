// The style sheet, the script and the icon, held in the program; and the headers pages are served with.
#pragma once
#include <span>
#include <string_view>

namespace pika::web {

struct Asset {
  std::string_view name;   // with the content's hash: "pika.3f2a9c1b.css"; the address is /assets/NAME
  std::string_view type;   // Content-Type
  std::string_view bytes;  // may be cached for ever: "public, max-age=31536000, immutable"
};

std::span<const Asset> assets();
// nullptr when there is none of that name.
const Asset* find_asset(std::string_view name);
// The address of the asset whose name begins so: asset_url("pika.css") is "/assets/pika.3f2a9c1b.css".
std::string_view asset_url(std::string_view plain_name);

// Content-Security-Policy of every page: own style sheet, script, picture and connections, nothing inline.
std::string_view content_security_policy();

}  // namespace pika::web
