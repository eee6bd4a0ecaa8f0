// The suite as a picture: when each lane waited and ran, on one scale. Rows of text and bars rather than one drawing,
// so that it reads on a narrow screen, by a screen reader and in print.
#include <fmt/format.h>

#include <algorithm>

#include "ci_parts.hpp"
#include "pika/base/text.hpp"

namespace pika::web {

namespace {

struct Scale {
  Micros from = 0, to = 0;
  int place(Micros t) const {
    if (to <= from) return 0;
    return static_cast<int>(std::clamp<Micros>((t - from) * 1000 / (to - from), 0, 1000));
  }
};

Scale scale_of(const Suite& suite, Micros now) {
  Scale s{suite.queued_at, suite.finished_at};
  for (const auto& lane : suite.lanes) {
    auto begin = lane.queued_at != 0 ? lane.queued_at : lane.started_at;
    if (begin != 0 && (s.from == 0 || begin < s.from)) s.from = begin;
    s.to = std::max(s.to, lane.finished_at);
    if (lane.status == "running" || lane.status == "queued") s.to = std::max(s.to, now);
  }
  return s;
}

void bar(Html& h, Literal classes, int from, int to) {
  h.open("rect", classes).attr("x", from).attr("y", 1).attr("width", std::max(4, to - from)).attr("height", 10);
  h.end();
}

}  // namespace

void waterfall(Html& h, const CiPage& page) {
  const auto& suite = *page.suite;
  auto now = page.chrome.now;
  auto scale = scale_of(suite, now);
  if (scale.to <= scale.from) return;
  h.open("ol", "fall").attr("aria-label", "When the lanes ran").attr("data-live", "waterfall");
  for (const auto& lane : suite.lanes) {
    auto queued = lane.queued_at != 0 ? lane.queued_at : suite.queued_at;
    auto started = lane.started_at;
    auto finished = lane.finished_at != 0 ? lane.finished_at : is_final_status(lane.status) ? started : now;
    h.open("li").open("span", "who2").text(quote_name(lane.title.empty() ? lane.id : lane.title)).end();
    h.open("svg").attr("viewBox", "0 0 1000 12").attr("preserveAspectRatio", "none").attr("aria-hidden", "true");
    h.words("<path class=\"grid\" d=\"M250 0V12M500 0V12M750 0V12\"/>");
    auto wait_end = started != 0 ? started : is_final_status(lane.status) ? queued : now;
    if (queued != 0 && wait_end > queued) bar(h, "q", scale.place(queued), scale.place(wait_end));
    if (started != 0) bar(h, status_class(lane.status), scale.place(started), scale.place(finished));
    h.end().open("span", "span");
    if (auto span = lane_span(lane, now); span >= 0)
      h.text(format_duration(span));
    else
      h.text(shown_status(lane.status));
    h.end().end();
  }
  h.open("li", "axis").attr("aria-hidden", "true").open("span", "who2").end();
  h.open("span", "ticks").words("<span>0s</span>").elem("span", format_duration((scale.to - scale.from) / 2));
  h.elem("span", format_duration(scale.to - scale.from)).end().open("span", "span").end().end();
  h.end();
}

}  // namespace pika::web
