#include "highlight.hpp"

#include <array>

#include "pika/explain/colours.hpp"

namespace pika::server {

namespace {
std::optional<web::SyntaxKind> kind_of(std::string_view paint) {
  using K = web::SyntaxKind;
  static constexpr std::array<std::pair<std::string_view, K>, 8> kKinds = {{{"keyword", K::keyword},
                                                                            {"type", K::type},
                                                                            {"function", K::function},
                                                                            {"string", K::string},
                                                                            {"number", K::number},
                                                                            {"comment", K::comment},
                                                                            {"constant", K::constant},
                                                                            {"property", K::property}}};
  for (const auto& [name, kind] : kKinds)
    if (name == paint) return kind;
  return std::nullopt;
}
}  // namespace

web::Highlighter highlighter(const Context& site, const store::Repository& repository) {
  auto colours = std::make_shared<explain::Colours>(site.layout.repository(repository));
  return [colours](const git::FileChange& file, bool new_side, int line) {
    std::vector<web::SyntaxSpan> out;
    for (const auto& span : colours->line(file, new_side, line))
      if (auto kind = kind_of(span.paint)) out.push_back({span.begin, span.end, *kind});
    return out;
  };
}

}  // namespace pika::server
