// A strict reader of the HTML that our pages use: tags, attributes and text, with complaints about what is malformed.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pika::web::test {

struct Element {
  std::string tag;
  std::map<std::string, std::string> attributes;  // entities decoded
};
struct Scan {
  std::vector<Element> elements;
  std::string text;                     // of the body, entities decoded; blocks end with a newline
  std::vector<std::string> complaints;  // unbalanced tags, a '<' that is neither tag nor entity, double attributes
};
Scan scan_html(std::string_view html);
// What must never be on a page of ours: inline script or style, on* attributes, addresses that run or lead elsewhere.
std::vector<std::string> policy_complaints(const Scan& scan);

}  // namespace pika::web::test
