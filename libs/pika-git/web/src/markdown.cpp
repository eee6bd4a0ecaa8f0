// Markdown by cmark-gfm. The document is parsed, addresses are filtered in the tree, then rendered in safe mode, in
// which raw HTML is left out. All text is repaired and made visible first, as everywhere (html.hpp).
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

#include "pika/base/text.hpp"
#include "pika/web/html.hpp"
#include "pika/web/pages.hpp"

namespace pika::web {

namespace {

constexpr std::size_t kLongest = 256 * 1024;

struct Free {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
  void operator()(cmark_parser* parser) const { cmark_parser_free(parser); }
  void operator()(char* text) const { std::free(text); }
};

const char* kExtensions[] = {"table", "strikethrough", "autolink"};

bool good_address(std::string_view address) {
  return address.starts_with('#') || !external(address).empty();
}

bool inside_link(cmark_node* node) {
  while ((node = cmark_node_parent(node)))
    if (cmark_node_get_type(node) == CMARK_NODE_LINK) return true;
  return false;
}

// A link that leads somewhere else than http, https, mailto or this page leads nowhere; a picture becomes a link to
// itself, so that a page fetches nothing from elsewhere.
void filter_addresses(cmark_node* root) {
  std::unique_ptr<cmark_iter, void (*)(cmark_iter*)> iter(cmark_iter_new(root), cmark_iter_free);
  std::vector<cmark_node*> pictures, raw;
  for (cmark_event_type event = cmark_iter_next(iter.get()); event != CMARK_EVENT_DONE;
       event = cmark_iter_next(iter.get())) {
    auto* node = cmark_iter_get_node(iter.get());
    auto type = cmark_node_get_type(node);
    if (event != CMARK_EVENT_ENTER) {
      if (type == CMARK_NODE_IMAGE) pictures.push_back(node);
      continue;
    }
    if (type == CMARK_NODE_LINK || type == CMARK_NODE_IMAGE) {
      const char* address = cmark_node_get_url(node);
      if (!good_address(address ? address : "")) cmark_node_set_url(node, "");
    }
    if (type == CMARK_NODE_HTML_INLINE || type == CMARK_NODE_HTML_BLOCK) raw.push_back(node);
  }
  // Raw HTML is shown as the text it is: leaving it out would hide what somebody wrote.
  for (auto* node : raw) {
    const char* literal = cmark_node_get_literal(node);
    bool block = cmark_node_get_type(node) == CMARK_NODE_HTML_BLOCK;
    auto* text = cmark_node_new(block ? CMARK_NODE_CODE_BLOCK : CMARK_NODE_TEXT);
    cmark_node_set_literal(text, literal ? literal : "");
    if (cmark_node_replace(node, text))
      cmark_node_free(node);
    else
      cmark_node_free(text);
  }
  for (auto* node : pictures) {
    if (inside_link(node)) {
      while (auto* child = cmark_node_first_child(node)) cmark_node_insert_before(node, child);
      cmark_node_unlink(node);
      cmark_node_free(node);
      continue;
    }
    auto* link = cmark_node_new(CMARK_NODE_LINK);
    const char* address = cmark_node_get_url(node);
    cmark_node_set_url(link, address ? address : "");
    while (auto* child = cmark_node_first_child(node)) cmark_node_append_child(link, child);
    if (cmark_node_replace(node, link))
      cmark_node_free(node);
    else
      cmark_node_free(link);
  }
}

}  // namespace

std::string markdown_html(std::string_view markdown) {
  static std::once_flag once;
  std::call_once(once, cmark_gfm_core_extensions_ensure_registered);
  auto text = visible_text(markdown.substr(0, kLongest));
  if (markdown.size() > kLongest)
    text += "\n\n(the rest, " + format_bytes(markdown.size() - kLongest) + ", is not shown)\n";
  constexpr int kOptions = CMARK_OPT_VALIDATE_UTF8;  // safe mode is what cmark-gfm does unless told otherwise
  std::unique_ptr<cmark_parser, Free> parser(cmark_parser_new(kOptions));
  for (const char* name : kExtensions)
    if (auto* extension = cmark_find_syntax_extension(name))
      cmark_parser_attach_syntax_extension(parser.get(), extension);
  cmark_parser_feed(parser.get(), text.data(), text.size());
  std::unique_ptr<cmark_node, Free> document(cmark_parser_finish(parser.get()));
  filter_addresses(document.get());
  std::unique_ptr<char, Free> html(
      cmark_render_html(document.get(), kOptions, cmark_parser_get_syntax_extensions(parser.get())));
  return html.get();
}

}  // namespace pika::web
