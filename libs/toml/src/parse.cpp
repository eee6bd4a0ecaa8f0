// toml++ is compiled here and included nowhere else.
//
// Its assertions can be reached by broken input ("[\x01"), and would take the whole server with them, or be promises
// to the compiler where NDEBUG is set: here they are exceptions, in every build.
#undef NDEBUG
namespace pika::toml {
[[noreturn]] void broken_off();
}
#define TOML_ASSERT(expression) ((expression) ? static_cast<void>(0) : ::pika::toml::broken_off())
#define TOML_HEADER_ONLY 0
#define TOML_IMPLEMENTATION
#define TOML_MAX_NESTED_VALUES 32
#include <toml++/impl/forward_declarations.h>
// Of the letters that are neither of two blocks these functions say "cannot be" where "no" is meant.
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE return false
#include <toml++/impl/unicode.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE ::pika::toml::broken_off()
#include <toml++/toml.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "pika/base/text.hpp"
#include "pika/toml/toml.hpp"

namespace pika::toml {
namespace {

struct BrokenOff {};

static_assert(TOML_MAX_NESTED_VALUES == kMaxDepth);

Position position_of(const ::toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

// Walks over strings and comments as TOML has them, and finds what toml++ must not see: keys of very many parts, whose
// trees it frees recursively; control characters anywhere, and other than ASCII outside of strings and comments, which
// TOML does not allow. It agrees with the parser up to the first syntax error,
// where the parser stops but for the rest of a broken value.
class TextScan {
 public:
  struct Fault {
    Position at;
    std::string text;
  };
  explicit TextScan(std::string_view text) : text_(text) {}

  std::optional<Fault> find() {
    for (; at_ < text_.size(); ++at_) {
      auto c = static_cast<unsigned char>(text_[at_]);
      bool newline = c == '\n' || (c == '\r' && text_.substr(at_ + 1).starts_with('\n'));
      if ((c < 0x20 && c != '\t' && !newline) || c == 0x7f)
        return Fault{here(), fmt::format("a control character (byte 0x{:02x})", c)};
    }
    for (at_ = 0; at_ < text_.size();) {
      char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
        continue;
      }
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
        continue;
      }
      if (static_cast<unsigned char>(c) >= 0x80)
        return Fault{here(), "a letter that is not ASCII outside of a string; put the key or the value into quotes"};
      if (c == '.' && ++dots_ >= kMaxDepth) return Fault{here(), fmt::format("a key of more than {} parts", kMaxDepth)};
      if (c == '\n' || c == ',' || c == '=' || c == '{' || c == '[') dots_ = 0;
      ++at_;
    }
    return std::nullopt;
  }

 private:
  void skip_string(char quote) {
    std::string triple(3, quote);
    bool multi = text_.substr(at_).starts_with(triple);
    at_ += multi ? 3 : 1;
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '\\' && quote == '"') {
        at_ += 2;
      } else if (multi && text_.substr(at_).starts_with(triple)) {
        at_ += 3;
        while (at_ < text_.size() && text_[at_] == quote) ++at_;  // """a""""" ends in two quotes of its own
        return;
      } else if (!multi && (c == quote || c == '\n')) {
        at_ += c == quote ? 1 : 0;
        return;
      } else {
        ++at_;
      }
    }
  }

  Position here() const {
    auto seen = text_.substr(0, at_);
    auto line = 1 + std::count(seen.begin(), seen.end(), '\n');
    auto last = seen.rfind('\n');
    auto in_line = seen.substr(last == std::string_view::npos ? 0 : last + 1);
    auto points = std::count_if(in_line.begin(), in_line.end(),
                                [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    return {static_cast<int>(line), static_cast<int>(points + 1)};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int dots_ = 0;
};

template <class Date>
std::string print_date(const Date& date) {
  std::ostringstream out;
  out << date;
  return out.str();
}

Value convert(const ::toml::node& node);

void convert_table(const ::toml::table& table, Value& value) {
  value.kind = Kind::table;
  for (const auto& [key, item] : table)
    value.entries.push_back({std::string(key.str()), position_of(key.source()), convert(item)});
  std::sort(value.entries.begin(), value.entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
  });
}

Value convert(const ::toml::node& node) {
  Value value;
  value.at = position_of(node.source());
  node.visit([&](const auto& item) {
    using Item = std::remove_cvref_t<decltype(item)>;
    if constexpr (::toml::is_table<Item>) {
      convert_table(item, value);
    } else if constexpr (::toml::is_array<Item>) {
      value.kind = Kind::array;
      value.items.reserve(item.size());
      for (const auto& each : item) value.items.push_back(convert(each));
    } else if constexpr (::toml::is_string<Item>) {
      value.kind = Kind::string;
      value.text = *item;
    } else if constexpr (::toml::is_integer<Item>) {
      value.kind = Kind::integer;
      value.integer = *item;
      value.number = static_cast<double>(*item);
    } else if constexpr (::toml::is_floating_point<Item>) {
      value.kind = Kind::number;
      value.number = *item;
    } else if constexpr (::toml::is_boolean<Item>) {
      value.kind = Kind::boolean;
      value.boolean = *item;
    } else {
      value.kind = Kind::date;
      value.text = print_date(*item);
    }
  });
  return value;
}

}  // namespace

void broken_off() {
  throw BrokenOff();
}

std::expected<Value, Problem> parse(std::string_view text, std::string_view file) {
  auto problem = [&](Position at, std::string words) {
    return std::unexpected(Problem{std::string(file), at.line, at.column, std::move(words)});
  };
  if (text.size() > kMaxBytes)
    return problem(
        {}, fmt::format("the file is {}, and at most {} are read", format_bytes(text.size()), format_bytes(kMaxBytes)));
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  if (auto fault = TextScan(text).find()) return problem(fault->at, std::move(fault->text));
  try {
    auto table = ::toml::parse(text);
    return convert(table);
  } catch (const ::toml::parse_error& error) {
    return problem(position_of(error.source()), to_utf8(error.description()));
  } catch (const BrokenOff&) {
    return problem({}, "the text is broken in a way that cannot be told exactly; take lines away until it is read");
  }
}

}  // namespace pika::toml
