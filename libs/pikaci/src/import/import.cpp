// Workflow files to a catalogue: what starts a workflow, its jobs and their combinations, and the text.
#include "pikaci/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "import/expression.hpp"
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
  explicit Importer(const std::vector<std::pair<std::string, std::string>>& files) : files_(files) {}

  Imported run() {
    for (const auto& [name, text] : files_) file(name, text);
    if (lanes_.empty()) return std::move(out_);
    write();
    // Jobs that wait for one another for ever are nobody's workflow, and no catalogue.
    if (auto fault = fault_in(out_.text); !fault.empty()) {
      for (auto& lane : lanes_) lane.needs.clear();
      write();
      omit_in(files_.front().first, 0, fmt::format("`needs`, of every job: {}", fault));
    }
    if (auto fault = fault_in(out_.text); !fault.empty()) {
      omit_in(files_.front().first, 0, fmt::format("these make no catalogue: {}", fault));
      out_.text.clear();
      out_.lanes.clear();
      out_.unfinished = 0;
    }
    return std::move(out_);
  }

 private:
  void write() {
    out_.text =
        "# Made from the workflows of GitHub Actions by `pikaci import`, which told what it left out.\n"
        "# A lane is one check; `pikaci run` runs those that a change needs. Every key: Pika's docs/catalogue.md.\n"
        "version = 1\n";
    for (const auto& lane : lanes_) out_.text += lane_text(lane);
  }

  void file(const std::string& name, const std::string& text) {
    auto omit = [&](int line, std::string words) { omit_in(name, line, std::move(words)); };
    auto root = pika::yaml::parse(text, name);
    if (!root) return omit(root.error().line, root.error().text);
    const auto* jobs = root->find("jobs");
    if (!jobs || jobs->kind != Kind::mapping) return omit(0, "no workflow: it has no jobs");
    Workflow workflow{.root = &*root, .paths = {}, .nightly = false};
    if (!read_events(*root, workflow, omit)) return;
    lanes_of_.clear();
    auto first = lanes_.size();
    import_jobs(workflow, name, *jobs, "", omit);
    settle_needs(first, omit);
  }

  void import_jobs(const Workflow& workflow, const std::string& file, const Value& jobs, const std::string& caller,
                   const Omit& omit) {
    for (const auto& [id, job] : jobs.entries) {
      if (job.kind != Kind::mapping)
        omit(job.line, fmt::format("the job {} is no mapping", id));
      else if (!call(workflow, id, job, caller, omit))
        import(workflow, file, caller, id, job, omit);
    }
  }

  // A job that is a workflow of this repository: its jobs are imported with what they are given. False: it is none.
  bool call(const Workflow& workflow, const std::string& id, const Value& job, const std::string& caller,
            const Omit& omit) {
    constexpr std::size_t kMostDeep = 4, kMostCalls = 100;
    const auto* uses = job.find("uses");
    if (!uses || !uses->text.starts_with("./") || job.find("strategy") || job.find("if")) return false;
    auto called = std::find_if(files_.begin(), files_.end(), [&](const auto& file) {
      return file.first == uses->text.substr(2) || file.first.ends_with("/" + uses->text.substr(2));
    });
    if (called == files_.end() || std::count(caller.begin(), caller.end(), '/') >= static_cast<long>(kMostDeep))
      return false;
    if (++calls_ > kMostCalls) return false;
    auto root = pika::yaml::parse(called->second, called->first);
    const auto* jobs = root ? root->find("jobs") : nullptr;
    if (!jobs || jobs->kind != Kind::mapping) return false;
    Workflow inner{
        .root = &*root, .paths = workflow.paths, .nightly = workflow.nightly, .events = workflow.events, .inputs = {}};
    Names names{.matrix = {}, .env = {}, .inputs = workflow.inputs, .events = workflow.events};
    const auto* on = root->find("on") ? root->find("on") : root->find("true");
    const auto* takes = on && on->find("workflow_call") ? on->find("workflow_call")->find("inputs") : nullptr;
    for (std::size_t i = 0; takes && i < takes->entries.size(); ++i)
      inner.inputs[takes->entries[i].key] = std::string(takes->entries[i].value.scalar("default"));
    const auto* with = job.find("with");
    for (std::size_t i = 0; with && i < with->entries.size(); ++i) {
      std::string which;
      auto value = replace_expressions(with->entries[i].value.text, names, false, which);
      if (!value) {
        omit(job.line, fmt::format("the job gives {} the input {}, made of `{}`, which means nothing here", uses->text,
                                   with->entries[i].key, which));
        return true;
      }
      inner.inputs[with->entries[i].key] = *value;
    }
    auto told = [&](int line, std::string words) { omit_in(called->first, line, std::move(words)); };
    import_jobs(inner, called->first, *jobs, caller + id + "/", told);
    return true;
  }

  void omit_in(const std::string& file, int line, std::string words) {
    LeftOut left{file, line, std::move(words)};
    auto same = [&](const LeftOut& o) { return o.file == left.file && o.line == left.line && o.text == left.text; };
    if (std::none_of(out_.left_out.begin(), out_.left_out.end(), same)) out_.left_out.push_back(std::move(left));
  }

  // From jobs to the lanes that came of them.
  void settle_needs(std::size_t first, const Omit& omit) {
    std::set<std::string> missing;
    for (auto i = first; i < lanes_.size(); ++i) {
      std::vector<std::string> needs;
      for (const auto& job : lanes_[i].needs) {
        auto at = lanes_of_.find(job);
        if (at == lanes_of_.end())
          missing.insert(job.substr(job.rfind('/') + 1));
        else
          needs.insert(needs.end(), at->second.begin(), at->second.end());
      }
      lanes_[i].needs = std::move(needs);
    }
    for (const auto& job : missing)
      omit(0, fmt::format("`needs: {}`: no lane came of that job, and no lane waits for it", job));
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
    for (const char* event : {"push", "pull_request", "merge_group"})
      if (events.contains(event)) workflow.events.insert(event);
    if (!branch) workflow.events = {"schedule"};
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

  void import(const Workflow& workflow, const std::string& file, const std::string& caller, const std::string& id,
              const Value& job, const Omit& omit) {
    const auto* strategy = job.find("strategy");
    auto all = combinations(strategy ? strategy->find("matrix") : nullptr);
    if (all.empty())
      return omit(strategy->line, fmt::format("the matrix of the job {} is computed, or has more than {} combinations",
                                              id, kMostCombinations));
    bool titled = job.scalar("name").find("${{") != std::string_view::npos;
    for (const auto& combination : all) {
      std::string name = caller + id, values;
      for (const auto& [key, value] : combination) {
        if (all.size() == 1) break;
        constexpr std::size_t kShort = 24;
        bool plain = value.size() <= kShort && value.find(' ') == std::string::npos && !value.empty();
        bool flag = value.starts_with('-') || value == "true" || value == "false";
        if (plain && !flag) name += "-" + value;
        if (plain) values += (values.empty() ? "" : ", ") + value;
      }
      auto lane = import_job(workflow, name, job, combination, omit);
      if (!lane) continue;
      if (lane->title.empty()) lane->title = id;
      if (!titled && !values.empty()) lane->title += " (" + values + ")";
      lane->id = unused(id_part(name), file);
      for (auto& need : lane->needs) need = caller + need;
      if (auto fault = fault_of(*lane); !fault.empty()) {
        omit(job.line, fmt::format("the job {} would be no lane: {}", id, fault));
        continue;
      }
      // What needs the caller waits for all that it called.
      lanes_of_[caller + id].push_back(lane->id);
      for (auto at = caller.find('/'); at != std::string::npos; at = caller.find('/', at + 1))
        lanes_of_[caller.substr(0, at)].push_back(lane->id);
      out_.lanes.push_back({lane->id, file});
      out_.unfinished += lane->unfinished;
      lanes_.push_back(std::move(*lane));
    }
  }

  // Workflows are anybody's bytes: what no catalogue may hold is said, and not written.
  static std::string fault_of(const ImportedLane& lane) {
    auto alone = lane;
    alone.needs.clear();
    return fault_in("version = 1\n" + lane_text(alone));
  }
  static std::string fault_in(const std::string& text) {
    auto loaded = load_catalogue([&](std::string_view path) -> std::optional<std::string> {
      return path == kCataloguePath ? std::optional(text) : std::nullopt;
    });
    return loaded.problems.empty() ? std::string() : loaded.problems[0].text;
  }

  std::string unused(std::string id, const std::string& file) {
    if (id.empty()) id = "lane";
    if (used_.insert(id).second) return id;
    bool here = std::any_of(out_.lanes.begin(), out_.lanes.end(),
                            [&](const FirstLane& lane) { return lane.id == id && lane.because == file; });
    if (here) {
      auto out = id;
      for (int n = 2; !used_.insert(out).second; ++n) out = fmt::format("{}-{}", id, n);
      return out;
    }
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
    if (!lane.needs.empty()) out += fmt::format("needs = {}\n", toml_list(lane.needs));
    if (lane.nightly) out += "nightly = true\n";
    if (!lane.required) out += "required = false\n";
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

  const std::vector<std::pair<std::string, std::string>>& files_;
  Imported out_;
  std::size_t calls_ = 0;  // of workflows by jobs, which may call one another in circles
  std::map<std::string, std::vector<std::string>> lanes_of_;  // of each job of the workflow that is read
  std::vector<ImportedLane> lanes_;
  std::set<std::string> used_;
};

}  // namespace

std::string LeftOut::print() const {
  return line ? fmt::format("{}:{}: {}", file, line, text) : fmt::format("{}: {}", file, text);
}

Imported import_workflows(const std::vector<std::pair<std::string, std::string>>& files) {
  return Importer(files).run();
}

}  // namespace pikaci
