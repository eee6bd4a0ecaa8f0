#include "show.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "context.hpp"
#include "pika/base/text.hpp"

namespace pika::ph {

namespace {

std::string why(const model::LaneState& lane) {
  std::string text;
  if (!model::is_final_status(lane.status) && !lane.waiting_reason.empty()) {
    text = "waits: " + model::status_label(lane.waiting_reason);
    if (!lane.waiting_detail.empty()) text += " (" + lane.waiting_detail + ")";
  } else if (!lane.failure.empty() || !lane.message.empty()) {
    text = model::status_label(lane.failure);
    if (!lane.message.empty()) text += (text.empty() ? "" : ": ") + lane.message;
  }
  return plain(text);
}

std::string span(const model::LaneState& lane) {
  const auto* newest = lane.newest();
  if (!newest || newest->started_at == 0 || newest->finished_at < newest->started_at) return "";
  return format_duration(newest->finished_at - newest->started_at);
}

std::string short_id(const std::string& id) {
  return plain(id).substr(0, 12);
}

std::string ci_line(const model::Suite& ci) {
  if (!ci.number) return ci.message.empty() ? "no run yet" : "no run: " + plain(ci.message);
  auto line = fmt::format("run #{} {}", ci.number->value(), plain(model::status_label(ci.status)));
  if (!ci.message.empty()) line += ": " + plain(ci.message);
  return line;
}

std::string landing_text(const model::Branch& branch) {
  if (branch.state == "merged") {
    auto text = fmt::format("merged as {}", plain(branch.merge_commit));
    if (!branch.merged_by.empty()) text += " by " + plain(branch.merged_by);
    if (!branch.override_reason.empty()) text += ", over red: " + plain(branch.override_reason);
    return text + "\n";
  }
  if (branch.state != "open") return "";
  if (branch.verdict.can_land) return "can land: ph merge\n";
  std::string text = "cannot land yet\n" + reasons_text(branch.verdict.reasons);
  if (branch.candidate)
    for (const auto& path : branch.candidate->conflicts) text += "  - conflict in " + plain(quote_name(path)) + "\n";
  return text;
}

}  // namespace

std::size_t title_width(const model::Suite& suite) {
  std::size_t width = 0;
  for (const auto& lane : suite.lanes) width = std::max(width, plain(lane.title).size());
  return std::min<std::size_t>(width, 40);
}

std::string lane_line(const model::LaneState& lane, std::size_t width) {
  auto line = fmt::format("{:<{}}  {:<11} {:>9}", plain(lane.title), width, plain(model::status_label(lane.status)),
                          span(lane));
  if (lane.kind == "advisory") line += "  advisory";
  if (lane.attempts.size() > 1) line += fmt::format("  attempt {}", lane.newest()->number);
  if (const auto reason = why(lane); !reason.empty()) line += "  " + reason;
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string reasons_text(const std::vector<model::Reason>& reasons) {
  std::string text;
  for (const auto& reason : reasons) text += "  - " + plain(reason.message) + "\n";
  return text;
}

std::string branch_text(const std::string& repository, const model::Branch& branch, const std::string& url) {
  auto text = fmt::format("{} branch #{}  {}  {}\n", plain(repository), branch.number.value(),
                          plain(quote_name(branch.name)), plain(branch.state));
  if (!branch.title.empty()) text += plain(branch.title) + "\n";
  if (!url.empty()) text += plain(url) + "\n";
  text += fmt::format("version {}, head {}, target {}\n", branch.version.number, short_id(branch.version.head),
                      plain(quote_name(branch.target)));
  text += fmt::format("tutorial {}; {}\n", plain(branch.tutorial), ci_line(branch.ci));
  const auto width = title_width(branch.ci);
  for (const auto& lane : branch.ci.lanes) text += "  " + lane_line(lane, width);
  return text + landing_text(branch);
}

}  // namespace pika::ph
