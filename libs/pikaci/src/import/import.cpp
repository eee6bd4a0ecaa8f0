// Workflow files to a catalogue: what starts a workflow, its jobs and their combinations, and the text.
#include "pikaci/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "import/job.hpp"
#include "init/toml_text.hpp"
#include "pika/base/text.hpp"
#include "pikaci/selection.hpp"

namespace pikaci {

namespace {

using pika::yaml::Kind;
using pika::yaml::Value;

class Importer {
 public:
  Imported run(const std::vector<std::pair<std::string, std::string>>& files) {
    for (const auto& [name, text] : files) file(name, text);
    if (!lanes_.empty()) {
      out_.text =
          "# Made from the workflows of GitHub Actions by `pikaci import`, which told what it left out.\n"
          "# A lane is one check; `pikaci run` runs those that a change needs. Every key: Pika's docs/catalogue.md.\n"
          "version = 1\n";
      for (const auto& lane : lanes_) out_.text += lane_text(lane);
    }
    return std::move(out_);
  }

 private:
  void file(const std::string& name, const std::string& text) {
    auto omit = [&](int line, std::string words) {
      LeftOut left{name, line, std::move(words)};
      auto same = [&](const LeftOut& o) { return o.file == left.file && o.line == left.line && o.text == left.text; };
      if (std::none_of(out_.left_out.begin(), out_.left_out.end(), same)) out_.left_out.push_back(std::move(left));
    };
    auto root = pika::yaml::parse(text, name);
    if (!root) return omit(root.error().line, root.error().text);
    const auto* jobs = root->find("jobs");
    if (!jobs || jobs->kind != Kind::mapping) return omit(0, "no workflow: it has no jobs");
    Workflow workflow{.root = &*root, .paths = {}, .nightly = false};
    if (!read_events(*root, workflow, omit)) return;
    for (const auto& [id, job] : jobs->entries) import(workflow, name, id, job, omit);
  }

  // What starts it. False: nothing that a branch does.
  static bool read_events(const Value& root, Workflow& workflow, const Omit& omit) {
    const auto* on = root.find("on");
    if (!on) on = root.find("true");  // YAML 1.1 takes the word for a boolean, and some writers follow it
    std::set<std::string> events;
    if (on && on->kind == Kind::scalar) events.insert(on->text);
    for (std::size_t i = 0; on && i < on->items.size(); ++i) events.insert(on->items[i].text);
    for (std::size_t i = 0; on && i < on->entries.size(); ++i) events.insert(on->entries[i].key);
    const auto* push = on ? on->find("push") : nullptr;
    if (push && push->find("tags") && !push->find("branches")) events.erase("push"), events.insert("tags");
    bool branch = events.contains("push") || events.contains("pull_request") || events.contains("merge_group");
    if (!branch && !events.contains("schedule")) {
      omit(on ? on->line : 0, fmt::format("the workflow runs on {}, and lanes run for branches",
                                          pika::join({events.begin(), events.end()}, ", ")));
      return false;
    }
    workflow.nightly = !branch;
    if (workflow.nightly && on->find("schedule"))
      omit(on->find("schedule")->line, "its time: say nightly_schedule_utc = \"08:00\" for all nightly lanes");
    // As for a pull request; for a push where that says nothing.
    for (const char* event : {"pull_request", "push"}) {
      const auto* settings = on->find(event);
      if (!settings || !workflow.paths.empty()) continue;
      if (const auto* paths = settings->find("paths")) read_paths(*paths, false, workflow, omit);
      if (const auto* paths = settings->find("paths-ignore")) read_paths(*paths, true, workflow, omit);
    }
    return true;
  }

  static void read_paths(const Value& paths, bool ignore, Workflow& workflow, const Omit& omit) {
    if (ignore) workflow.paths.emplace_back("**");
    for (const auto& item : paths.items) {
      auto filter = (ignore ? "!" : "") + item.text;
      // There "?" and "+" repeat the letter before them.
      if (item.text.find_first_of("?+") != std::string::npos || !check_filter(filter)) {
        omit(item.line,
             fmt::format("the path filter {} means something else here; the lane runs for every change", item.text));
        workflow.paths.clear();
        return;
      }
      workflow.paths.push_back(filter);
    }
  }

  void import(const Workflow& workflow, const std::string& file, const std::string& id, const Value& job,
              const Omit& omit) {
    if (job.kind != Kind::mapping) return omit(job.line, fmt::format("the job {} is no mapping", id));
    const auto* strategy = job.find("strategy");
    auto all = combinations(strategy ? strategy->find("matrix") : nullptr);
    if (all.empty())
      return omit(strategy->line, fmt::format("the matrix of the job {} is computed, or has more than {} combinations",
                                              id, kMostCombinations));
    for (const auto& combination : all) {
      std::string name = id;
      if (all.size() > 1)
        for (const auto& [key, value] : combination) name += "-" + value;
      auto lane = import_job(workflow, name, job, combination, omit);
      if (!lane) continue;
      lane->id = unused(id_part(name), file);
      out_.lanes.push_back({lane->id, file});
      out_.unfinished += lane->unfinished;
      lanes_.push_back(std::move(*lane));
    }
  }

  std::string unused(std::string id, const std::string& file) {
    if (id.empty()) id = "lane";
    if (used_.insert(id).second) return id;
    auto name = file.substr(file.rfind('/') + 1);
    id = id_part(name.substr(0, name.find('.')) + "-" + id);
    auto out = id;
    for (int n = 2; !used_.insert(out).second; ++n) out = fmt::format("{}-{}", id, n);
    return out;
  }

  static std::string lane_text(const ImportedLane& lane) {
    auto out = fmt::format("\n[[lane]]\nid = {}\n", in_toml(lane.id));
    if (!lane.title.empty() && lane.title != lane.id)
      out += fmt::format("title = {}\n", in_toml(std::string(pika::split(lane.title, '\n')[0])));
    if (!lane.paths.empty()) out += fmt::format("paths = {}\n", toml_list(lane.paths));
    if (lane.nightly) out += "nightly = true\n";
    out += fmt::format("command = [\"bash\", \"-e\", \"-c\", {}]\n", lines_in_toml(lane.script));
    if (!lane.hosts.empty()) out += fmt::format("network = {}\n", toml_list(lane.hosts));
    if (!lane.env.empty()) {
      std::string words;
      for (const auto& [name, value] : lane.env) words += (words.empty() ? "" : ", ") + name + " = " + in_toml(value);
      out += fmt::format("env = {{ {} }}\n", words);
    }
    if (!lane.secrets.empty()) out += fmt::format("secrets = {}\n", toml_list(lane.secrets));
    if (!lane.artifacts.empty()) out += fmt::format("artifacts = {}\n", toml_list(lane.artifacts));
    if (lane.minutes > 0) out += fmt::format("limits = {{ time = \"{}m\" }}\n", std::min(lane.minutes, 24 * 60));
    return out;
  }

  Imported out_;
  std::vector<ImportedLane> lanes_;
  std::set<std::string> used_;
};

}  // namespace

std::string LeftOut::print() const {
  return line ? fmt::format("{}:{}: {}", file, line, text) : fmt::format("{}: {}", file, text);
}

Imported import_workflows(const std::vector<std::pair<std::string, std::string>>& files) {
  return Importer().run(files);
}

}  // namespace pikaci
