#include "scan_support.hpp"

#include <algorithm>
#include <set>

#include "pika/base/text.hpp"

namespace pika::web::test {

namespace {

std::string decode(std::string_view text, std::vector<std::string>& complaints) {
  static const std::map<std::string, std::string, std::less<>> kNames = {
      {"amp", "&"},        {"lt", "<"},          {"gt", ">"},         {"quot", "\""},
      {"#39", "'"},        {"middot", "\u00B7"}, {"minus", "\u2212"}, {"hellip", "\u2026"},
      {"rsquo", "\u2019"}, {"ldquo", "\u201C"},  {"rdquo", "\u201D"}};
  std::string out;
  while (!text.empty()) {
    auto at = text.find('&');
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    auto end = text.find(';', at);
    auto name = end == std::string_view::npos ? std::string_view() : text.substr(at + 1, end - at - 1);
    if (auto it = kNames.find(name); it != kNames.end()) {
      out += it->second;
    } else {
      complaints.push_back("bare or unknown entity at: " + std::string(text.substr(at, 30)));
      end = at;
    }
    text.remove_prefix(end + 1);
  }
  return out;
}

bool is_void(const std::string& tag) {
  return tag == "input" || tag == "meta" || tag == "link" || tag == "br" || tag == "hr";
}
bool is_block(const std::string& tag) {
  static const std::set<std::string> kBlocks = {"p",  "div",     "li",  "h1",         "h2",     "h3",     "h4",
                                                "tr", "section", "pre", "figcaption", "header", "summary"};
  return kBlocks.contains(tag);
}

class Scanner {
 public:
  explicit Scanner(std::string_view html) : in_(html) {}

  Scan run() {
    while (!in_.empty()) {
      auto at = in_.find('<');
      auto text = in_.substr(0, at);
      if (text.find('>') != std::string_view::npos && !raw_) complain("bare '>'", text);
      if (!raw_) scan_.text += decode(text, scan_.complaints);
      if (at == std::string_view::npos) break;
      in_.remove_prefix(at);
      tag();
    }
    for (const auto& open : stack_) scan_.complaints.push_back("never closed: " + open);
    return std::move(scan_);
  }

 private:
  void complain(std::string what, std::string_view where) {
    scan_.complaints.push_back(what + ": " + std::string(where.substr(0, 60)));
  }

  void tag() {
    if (in_.starts_with("<!doctype html>")) return in_.remove_prefix(15);
    bool closing = in_.starts_with("</");
    auto rest = in_.substr(closing ? 2 : 1);
    std::size_t n = 0;
    while (n < rest.size() && ((rest[n] >= 'a' && rest[n] <= 'z') || (rest[n] >= '0' && rest[n] <= '9'))) ++n;
    std::string name(rest.substr(0, n));
    if (name.empty()) {
      complain("'<' that opens nothing", in_);
      return in_.remove_prefix(1);
    }
    in_ = rest.substr(n);
    if (closing) return close(name);
    Element element{name, {}};
    bool self_closed = attributes(element);
    // A browser ends a <p> where one of these begins, whatever the source says.
    static const std::set<std::string> kEndsParagraph = {"p",       "div",     "ul",      "ol",     "pre",  "table",
                                                         "details", "form",    "section", "figure", "h1",   "h2",
                                                         "header",  "article", "nav",     "dl",     "main", "aside"};
    if (kEndsParagraph.contains(name) && std::find(stack_.begin(), stack_.end(), "p") != stack_.end())
      complain("block inside <p>", name);
    if (!is_void(name) && !self_closed) stack_.push_back(name);
    raw_ = name == "style" || name == "script";
    if (name == "br") scan_.text += "\n";
    scan_.elements.push_back(std::move(element));
  }

  void close(const std::string& name) {
    if (!in_.starts_with('>')) complain("closing tag with more in it", name);
    in_.remove_prefix(std::min(in_.size(), in_.find('>') + 1));
    if (stack_.empty() || stack_.back() != name)
      complain("closes what is not open", name);
    else
      stack_.pop_back();
    raw_ = false;
    if (is_block(name)) scan_.text += "\n";
  }

  bool attributes(Element& element) {
    while (true) {
      while (in_.starts_with(' ')) in_.remove_prefix(1);
      if (in_.starts_with("/>")) return in_.remove_prefix(2), true;
      if (in_.starts_with('>')) return in_.remove_prefix(1), false;
      auto end = in_.find_first_of(" =>/");
      if (end == std::string_view::npos || end == 0) {
        complain("broken tag", in_);
        in_ = {};
        return false;
      }
      std::string name(in_.substr(0, end));
      in_.remove_prefix(end);
      std::string value;
      if (in_.starts_with("=\"")) {
        in_.remove_prefix(2);
        auto quote = in_.find('"');
        value = decode(in_.substr(0, quote), scan_.complaints);
        in_.remove_prefix(std::min(in_.size(), quote + 1));
      }
      if (!element.attributes.emplace(name, value).second) complain("attribute twice", name);
    }
  }

  std::string_view in_;
  Scan scan_;
  std::vector<std::string> stack_;
  bool raw_ = false;
};

}  // namespace

Scan scan_html(std::string_view html) {
  return Scanner(html).run();
}

std::vector<std::string> policy_complaints(const Scan& scan) {
  std::vector<std::string> out;
  for (const auto& element : scan.elements) {
    static const std::set<std::string> kNever = {"iframe", "object", "embed", "base", "img",
                                                 "applet", "frame",  "video", "audio"};
    if (kNever.contains(element.tag)) out.push_back("element <" + element.tag + ">");
    if (element.tag == "script") {
      auto src = element.attributes.find("src");
      if (src == element.attributes.end() || !src->second.starts_with("/assets/"))
        out.push_back("inline or foreign script");
    }
    for (const auto& [name, value] : element.attributes) {
      if (name.starts_with("on") || name == "style" || name == "srcdoc")
        out.push_back("attribute " + name + " on <" + element.tag + ">");
      if (name == "href" || name == "src" || name == "action" || name == "data-raw" || name == "data-events") {
        bool own = value.starts_with('#') || (value.starts_with('/') && !value.starts_with("//"));
        bool link = name == "href" && element.tag == "a" &&
                    (value.empty() || value.starts_with("https://") || value.starts_with("http://") ||
                     value.starts_with("mailto:"));
        if (!own && !link) out.push_back(name + " leads to " + value);
      }
    }
  }
  return out;
}

}  // namespace pika::web::test
