#include "runstore/log_scan.hpp"

#include <algorithm>
#include <cstring>

#include "pika/base/text.hpp"

namespace jerichoci {

namespace json = pika::json;
using pika::ErrorKind;
using pika::fail;

namespace {

constexpr std::string_view kGroup = "::group::", kEndGroup = "::endgroup::";
constexpr std::size_t kLongestTitle = 200;
constexpr std::size_t kLongestMarker = 1024;  // what comes after it on the line is not part of the title

bool may_become(std::string_view line, std::string_view marker) {
  auto size = std::min(line.size(), marker.size());
  return line.substr(0, size) == marker.substr(0, size);
}

// Cut where a character begins, broken bytes replaced.
std::string clean_title(std::string_view title) {
  if (title.ends_with('\r')) title.remove_suffix(1);
  auto text = pika::to_utf8(pika::trim(title));
  if (text.size() <= kLongestTitle) return text;
  auto end = kLongestTitle;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace

// Collects the line's begin while it may be a marker. True when its end was found and it was judged.
bool LogScanner::gather(std::string_view bytes, std::size_t& at, pika::Micros now) {
  auto rest = bytes.substr(at);
  auto end = rest.find('\n');
  auto part = rest.substr(0, end);
  line_.append(part.substr(0, kLongestMarker - std::min(kLongestMarker, line_.size())));
  if (!may_become(line_, kGroup) && !may_become(line_, kEndGroup)) {
    maybe_marker_ = false;
    return false;
  }
  at += part.size();
  if (end == std::string_view::npos) return false;
  ++at;
  ++newlines_;
  auto before = changes_;
  judge_line({newlines_, taken_ + at, now});
  line_.clear();
  line_start_ = taken_ + at;
  return changes_ != before;
}

std::size_t LogScanner::take(std::string_view bytes, pika::Micros now) {
  std::size_t at = 0;
  bool changed = false;
  while (at < bytes.size() && !changed) {
    if (maybe_marker_ && !(line_.empty() && bytes[at] != ':')) {
      changed = gather(bytes, at, now);
      if (maybe_marker_) continue;
    }
    // The common case: a line like any other.
    const auto* found = static_cast<const char*>(std::memchr(bytes.data() + at, '\n', bytes.size() - at));
    if (!found) {
      maybe_marker_ = false;
      at = bytes.size();
      break;
    }
    at = static_cast<std::size_t>(found - bytes.data()) + 1;
    ++newlines_;
    line_.clear();
    maybe_marker_ = true;
    line_start_ = taken_ + at;
  }
  taken_ += at;
  return at;
}

void LogScanner::judge_line(const LineEnd& at) {
  std::string_view line = line_;
  if (line.starts_with(kGroup)) return begin_step(line.substr(kGroup.size()), at);
  if (line == kEndGroup || line == "::endgroup::\r") end_step(at);
}

void LogScanner::begin_step(std::string_view title, const LineEnd& at) {
  if (ignored_ > 0 || steps_.steps.size() >= kMostSteps || open_.size() >= kDeepestStep) {
    ++ignored_;
    ++steps_.left_out;
    return;
  }
  LogStep step;
  step.number = static_cast<unsigned>(steps_.steps.size()) + 1;
  step.parent = this->step();
  step.title = clean_title(title);
  step.offset = line_start_;
  step.line = at.number;
  step.started_at = at.time;
  steps_.steps.push_back(std::move(step));
  open_.push_back(steps_.steps.back().number);
  ++changes_;
}

void LogScanner::end_step(const LineEnd& at) {
  if (ignored_ > 0) {
    --ignored_;
    return;
  }
  if (open_.empty()) return;
  auto& step = steps_.steps[open_.back() - 1];
  step.end = at.offset;
  step.end_line = at.number;
  step.finished_at = at.time;
  step.closed = true;
  open_.pop_back();
  ++changes_;
}

void LogScanner::finish(pika::Micros now) {
  if (maybe_marker_ && !line_.empty()) judge_line({newlines_ + 1, taken_, now});
  maybe_marker_ = false;
  auto last_line = newlines_ + (taken_ > line_start_ ? 1 : 0);
  for (auto number : open_) {
    auto& step = steps_.steps[number - 1];
    step.end = taken_;
    step.end_line = last_line;
    step.finished_at = now;
    ++changes_;
  }
  open_.clear();
}

json::Value to_json(const LogSteps& steps) {
  json::Array list;
  for (const auto& s : steps.steps)
    list.push_back(json::Object{{"number", s.number},
                                {"parent", s.parent},
                                {"title", s.title},
                                {"offset", s.offset},
                                {"end", s.end},
                                {"line", s.line},
                                {"end_line", s.end_line},
                                {"started_at", s.started_at},
                                {"finished_at", s.finished_at},
                                {"closed", s.closed}});
  return json::Object{{"schema_version", 1}, {"left_out", steps.left_out}, {"steps", std::move(list)}};
}

namespace {

std::uint64_t count_of(const json::Value& value, std::string_view key) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, json::find_int(value, key).value_or(0)));
}

}  // namespace

pika::Result<LogSteps> log_steps_from_json(const json::Value& value) {
  auto* list = json::find_array(value, "steps");
  if (json::find_int(value, "schema_version") != 1 || !list || list->size() > kMostSteps)
    return fail(ErrorKind::invalid, "it is no list of steps");
  LogSteps out;
  out.left_out = count_of(value, "left_out");
  for (const auto& item : *list) {
    LogStep step;
    step.number = static_cast<unsigned>(out.steps.size()) + 1;
    auto parent = count_of(item, "parent");
    if (count_of(item, "number") != step.number || parent >= step.number)
      return fail(ErrorKind::invalid, "its steps are not in order");
    step.parent = static_cast<unsigned>(parent);
    step.title = clean_title(PIKA_TRY(json::get_string(item, "title")));
    step.offset = count_of(item, "offset");
    step.end = count_of(item, "end");
    step.line = count_of(item, "line");
    step.end_line = count_of(item, "end_line");
    step.started_at = json::find_int(item, "started_at").value_or(0);
    step.finished_at = json::find_int(item, "finished_at").value_or(0);
    step.closed = json::find_bool(item, "closed").value_or(false);
    out.steps.push_back(std::move(step));
  }
  return out;
}

}  // namespace jerichoci
