// pikaci gc: what the state folder keeps, what goes, and why the rest stays.
#include <fmt/format.h>

#include "cli/console.hpp"
#include "cli/engine.hpp"
#include "cli/outcome.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

namespace {

using jerichoci::GcClass;
using jerichoci::GcPolicy;
using jerichoci::GcReport;

std::string why_words(const GcClass& kept) {
  std::vector<std::string> words;
  for (const auto& [why, count] : kept.why_kept)
    words.push_back(kept.why_kept.size() == 1 ? why : fmt::format("{} {}", count, why));
  return printable(pika::join(words, ", "));
}

std::string counted(std::uint64_t count, std::uint64_t bytes) {
  if (count == 0 && bytes == 0) return "-";
  return count == 0
             ? pika::format_bytes(bytes)
             : fmt::format("{} in {}", pika::format_bytes(bytes), pika::format_count(static_cast<std::int64_t>(count)));
}

void say_report(Console& console, const GcReport& report) {
  bool dry = report.mode == GcPolicy::Mode::dry_run;
  std::vector<std::vector<std::string>> rows{{"", dry ? "would go" : "gone", "stays", "because"}};
  std::uint64_t gone = 0, kept = 0;
  for (const auto& c : report.classes) {
    gone += c.removed_bytes;
    kept += c.kept_bytes;
    rows.push_back({c.name, counted(c.removed, c.removed_bytes), counted(c.kept, c.kept_bytes), why_words(c)});
  }
  rows.push_back({"all", pika::format_bytes(gone), pika::format_bytes(kept), ""});
  console.say(table(rows));
  for (const auto& note : report.notes) console.note(printable(note));
  if (dry) console.say("nothing was removed: without --dry-run it is");
}

}  // namespace

int cli_gc(const CliContext& context, const GcPolicy& policy) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto engine = CLI_TRY(open_engine(context));
    auto report = CLI_TRY(engine->gc(policy));
    if (console.human()) say_report(console, report);
    console.document(jerichoci::to_json(report));
    return 0;
  });
}

}  // namespace pikaci
