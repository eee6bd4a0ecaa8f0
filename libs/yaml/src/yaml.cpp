#include "pika/yaml/yaml.hpp"

#include <fmt/format.h>
#include <yaml.h>

#include <map>
#include <memory>

#include "pika/base/text.hpp"

namespace pika::yaml {

std::string Problem::print() const {
  return line ? fmt::format("{}:{}:{}: {}", file, line, column, text) : fmt::format("{}: {}", file, text);
}

const Value* Value::find(std::string_view key) const {
  for (const auto& [name, value] : entries)
    if (name == key) return &value;
  return nullptr;
}

std::string_view Value::scalar(std::string_view key) const {
  const auto* value = find(key);
  return value && value->kind == Kind::scalar ? std::string_view(value->text) : std::string_view();
}

namespace {

class Event {
 public:
  Event() = default;
  ~Event() {
    if (filled_) yaml_event_delete(&event_);
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  bool next(yaml_parser_t& parser) { return filled_ = yaml_parser_parse(&parser, &event_) == 1; }
  const yaml_event_t& operator*() const { return event_; }

 private:
  yaml_event_t event_{};
  bool filled_ = false;
};

std::string text_of(const yaml_char_t* bytes) {
  return bytes ? std::string(reinterpret_cast<const char*>(bytes)) : std::string();
}

class Reader {
 public:
  Reader(std::string_view text, std::string_view file) : file_(file) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Reader() { yaml_parser_delete(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  std::expected<Value, Problem> document() {
    Value out;
    for (int documents = 0;;) {
      Event event;
      if (!event.next(parser_)) return std::unexpected(syntax());
      auto type = (*event).type;
      if (type == YAML_STREAM_END_EVENT) return out;
      if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_END_EVENT) continue;
      if (type == YAML_DOCUMENT_START_EVENT) {
        if (++documents > 1) return std::unexpected(problem(*event, "a second document; only one is read"));
        continue;
      }
      auto value = value_of(*event, 0);
      if (!value) return value;
      out = std::move(*value);
    }
  }

 private:
  Problem problem(const yaml_event_t& event, std::string words) const {
    return {std::string(file_), static_cast<int>(event.start_mark.line) + 1,
            static_cast<int>(event.start_mark.column) + 1, std::move(words)};
  }

  Problem syntax() const {
    auto words = parser_.problem ? to_utf8(parser_.problem) : std::string("no YAML");
    return {std::string(file_), static_cast<int>(parser_.problem_mark.line) + 1,
            static_cast<int>(parser_.problem_mark.column) + 1, std::move(words)};
  }

  std::expected<Value, Problem> value_of(const yaml_event_t& event, int depth) {
    if (depth > kMaxDepth) return std::unexpected(problem(event, fmt::format("nested more than {} deep", kMaxDepth)));
    if (++values_ > kMaxValues) return std::unexpected(problem(event, fmt::format("more than {} values", kMaxValues)));
    Value value;
    value.line = static_cast<int>(event.start_mark.line) + 1;
    std::string anchor;
    switch (event.type) {
      case YAML_ALIAS_EVENT: {
        auto known = anchors_.find(text_of(event.data.alias.anchor));
        if (known == anchors_.end()) return std::unexpected(problem(event, "an alias of nothing above it"));
        values_ += known->second.second;
        if (values_ > kMaxValues)
          return std::unexpected(problem(event, fmt::format("more than {} values", kMaxValues)));
        return known->second.first;
      }
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event.data.scalar;
        value.kind = Kind::scalar;
        value.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
        value.plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
        if (value.plain && (value.text.empty() || value.text == "~" || value.text == "null")) value.kind = Kind::null;
        anchor = text_of(scalar.anchor);
        break;
      }
      case YAML_SEQUENCE_START_EVENT:
      case YAML_MAPPING_START_EVENT: {
        bool mapping = event.type == YAML_MAPPING_START_EVENT;
        anchor = text_of(mapping ? event.data.mapping_start.anchor : event.data.sequence_start.anchor);
        auto before = values_;
        auto filled = mapping ? fill_mapping(value, depth) : fill_sequence(value, depth);
        if (!filled) return std::unexpected(std::move(filled.error()));
        if (!anchor.empty()) anchors_[anchor] = {value, values_ - before};
        return value;
      }
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
      case YAML_STREAM_END_EVENT:
      case YAML_DOCUMENT_START_EVENT:
      case YAML_DOCUMENT_END_EVENT:
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return std::unexpected(problem(event, "no value where one belongs"));
    }
    if (!anchor.empty()) anchors_[anchor] = {value, 1};
    return value;
  }

  std::expected<void, Problem> fill_sequence(Value& value, int depth) {
    value.kind = Kind::sequence;
    for (;;) {
      Event event;
      if (!event.next(parser_)) return std::unexpected(syntax());
      if ((*event).type == YAML_SEQUENCE_END_EVENT) return {};
      auto item = value_of(*event, depth + 1);
      if (!item) return std::unexpected(std::move(item.error()));
      value.items.push_back(std::move(*item));
    }
  }

  std::expected<void, Problem> fill_mapping(Value& value, int depth) {
    value.kind = Kind::mapping;
    for (;;) {
      Event event;
      if (!event.next(parser_)) return std::unexpected(syntax());
      if ((*event).type == YAML_MAPPING_END_EVENT) return {};
      auto key = value_of(*event, depth + 1);
      if (!key) return std::unexpected(std::move(key.error()));
      if (key->kind != Kind::scalar && key->kind != Kind::null)
        return std::unexpected(problem(*event, "a key that is no word"));
      if (value.find(key->text))
        return std::unexpected(problem(*event, fmt::format("the key '{}' a second time", to_utf8(key->text))));
      Event content;
      if (!content.next(parser_)) return std::unexpected(syntax());
      auto item = value_of(*content, depth + 1);
      if (!item) return std::unexpected(std::move(item.error()));
      value.entries.push_back({std::move(key->text), std::move(*item)});
    }
  }

  std::string_view file_;
  yaml_parser_t parser_{};
  std::size_t values_ = 0;
  std::map<std::string, std::pair<Value, std::size_t>> anchors_;  // the value, and how many it is
};

}  // namespace

std::expected<Value, Problem> parse(std::string_view text, std::string_view file) {
  if (text.size() > kMaxBytes) return std::unexpected(Problem{std::string(file), 0, 0, "larger than 1 MiB"});
  if (!is_utf8(text)) return std::unexpected(Problem{std::string(file), 0, 0, "not UTF-8"});
  return Reader(text, file).document();
}

}  // namespace pika::yaml
