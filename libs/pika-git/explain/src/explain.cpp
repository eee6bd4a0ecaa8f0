#include "pika/explain/explain.hpp"

#include <time.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "checks.hpp"
#include "delta.hpp"
#include "folds.hpp"
#include "groups.hpp"
#include "model.hpp"
#include "moved_text.hpp"
#include "narrate.hpp"
#include "parts.hpp"
#include "pika/base/check.hpp"
#include "pika/base/text.hpp"
#include "renames.hpp"
#include "repeated.hpp"
#include "words.hpp"

namespace pika::explain {

Model::Model() = default;
Model::~Model() = default;

namespace {

// What it costs is the thread's own time: what else the host does is not the tutorial's price.
std::int64_t thread_micros() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

const std::string& id_of(const Model& model, const Atom& atom) {
  const auto* hunk = model.hunk(atom);
  return hunk ? hunk->id : model.file(atom).pseudo_id;
}

std::vector<HunkPlace> places(const Model& model) {
  std::vector<HunkPlace> out;
  for (const auto& atom : model.atoms) {
    const auto& id = id_of(model, atom);
    if (out.empty() || out.back().id != id) {
      const auto& file = model.file(atom);
      HunkPlace place{.id = id, .file = file.path(), .old_file = file.old_path, .atoms = {}};
      if (const auto* hunk = model.hunk(atom)) {
        place.old_start = hunk->old_start;
        place.old_lines = hunk->old_lines;
        place.new_start = hunk->new_start;
        place.new_lines = hunk->new_lines;
      }
      out.push_back(std::move(place));
    }
    out.back().atoms.push_back({atom.first, atom.last, static_cast<int>(atom.group) + 1, atom.rule});
  }
  return out;
}

// Atoms of one hunk that one step shows one after another, as few ranges: the whole hunk where all of it is this, else
// from atom to atom, with the context up to the neighbours. Text that moved is a range of its own.
void add_evidence(const Model& model, const std::vector<const Atom*>& atoms, std::size_t in_hunk, Step& step) {
  const auto& first = *atoms.front();
  const auto* hunk = model.hunk(first);
  const auto& file = model.file(first).path();
  auto add = [&](const Atom& atom, int a, int b) {
    Evidence e{.hunk = id_of(model, first), .file = file, .first = a, .last = b, .moved_file = {}};
    if (atom.moved.line) {
      const auto& other = *model.changes[atom.moved.change].file;
      e.moved_file = atom.added ? other.old_path : other.new_path;
      e.moved_line = atom.moved.line;
    }
    step.evidence.push_back(std::move(e));
  };
  if (!hunk) return add(first, 0, 0);
  int end = static_cast<int>(hunk->lines.size()) - 1;
  if (atoms.size() == in_hunk && (in_hunk == 1 || !first.moved.line)) return add(first, 0, end);
  auto changed = [&](int i) { return hunk->lines[static_cast<std::size_t>(i)].kind != ' '; };
  for (const auto* atom : atoms) {
    int a = atom->first, b = atom->last;
    while (a > 0 && !changed(a - 1)) --a;
    while (b < end && !changed(b + 1)) ++b;
    auto* last = step.evidence.empty() ? nullptr : &step.evidence.back();
    if (last && last->hunk == hunk->id && last->last < b && last->last + 1 >= a && !last->moved_line &&
        !atom->moved.line)
      last->last = b;
    else
      add(*atom, a, b);
  }
}

// What was written comes first, then what was only moved.
void show(const Model& model, const Group& group, bool moved, const std::map<std::string, std::size_t>& atoms_of_hunk,
          Step& step) {
  std::vector<const Atom*> run;
  auto flush = [&] {
    if (!run.empty()) add_evidence(model, run, atoms_of_hunk.at(id_of(model, *run.front())), step);
    run.clear();
  };
  for (auto i : group.atoms) {
    const auto& atom = model.atoms[i];
    if (!atom.rule.empty() || (atom.moved.line != 0) != moved) continue;
    if (!run.empty() && id_of(model, *run.front()) != id_of(model, atom)) flush();
    run.push_back(&atom);
  }
  flush();
}

Step make_step(const Model& model, std::size_t g, const std::map<std::string, std::size_t>& atoms_of_hunk) {
  const auto& group = model.groups[g];
  Step step;
  step.id = static_cast<int>(g) + 1;
  step.title = title_of(model, g);
  step.intent = intent_of(model, g);
  step.body_markdown = body_of(model, g);
  for (auto f : files_of(model, group)) step.files.push_back(model.changes[f].file->path());
  for (auto n : group.needs) step.needs.push_back(static_cast<int>(n) + 1);
  for (bool moved : {false, true}) show(model, group, moved, atoms_of_hunk, step);
  return step;
}

// Steps of one title get the line at which each begins, or the file.
void tell_apart(const Model& model, std::vector<Step>& steps) {
  std::map<std::string, int> count;
  for (const auto& step : steps) ++count[step.title];
  for (std::size_t g = 0; g < steps.size(); ++g) {
    if (count[steps[g].title] < 2) continue;
    const auto& atoms = model.groups[g].atoms;
    const auto& first = model.atoms[atoms.front()];
    bool one = std::all_of(atoms.begin(), atoms.end(), [&](auto i) { return model.atoms[i].change == first.change; });
    const auto* hunk = model.hunk(first);
    auto name = plain_name(base_name(model.file(first).path()));
    if (one && hunk) {
      const auto& line = hunk->lines[static_cast<std::size_t>(first.first)];
      steps[g].title += fmt::format(", from line {}", line.kind == '+' ? line.new_line : line.old_line);
    } else {
      steps[g].title += (one ? ", " : ", from ") + name;
    }
  }
}

// In the order in which their steps are told.
void add_parts(const Model& model, Tutorial& tutorial) {
  std::map<int, int> ids;
  for (std::size_t g = 0; g < model.groups.size() && !model.parts.empty(); ++g) {
    auto part = model.groups[g].part;
    auto [at, fresh] = ids.try_emplace(part, static_cast<int>(tutorial.parts.size()) + 1);
    tutorial.steps[g].part = at->second;
    if (!fresh) continue;
    const auto& commits = model.parts[static_cast<std::size_t>(part)].commits;
    Part told{.id = at->second, .title = {}, .commits = {}};
    for (auto c : commits) told.commits.push_back(model.input->commits[c].id.hex());
    told.title = one_line(model.input->commits[commits.front()].subject(), 120);
    if (commits.size() > 1)
      told.title += " and " + plural(static_cast<std::int64_t>(commits.size()) - 1, "more commit", "more commits");
    tutorial.parts.push_back(std::move(told));
  }
}

void add_folds(const Model& model, Tutorial& tutorial) {
  std::map<std::pair<std::size_t, std::string>, Fold> folds;
  for (const auto& atom : model.atoms) {
    if (atom.rule.empty()) continue;
    auto& fold = folds[{atom.group, atom.rule}];
    fold.step = static_cast<int>(atom.group) + 1;
    fold.rule = atom.rule;
    fold.evidence.push_back({id_of(model, atom), model.file(atom).path(), atom.first, atom.last});
    ++fold.places;
  }
  for (auto& [key, fold] : folds) tutorial.folded.push_back(std::move(fold));
}

void count_lines(const Model& model, Tutorial& tutorial) {
  for (const auto& atom : model.atoms) {
    tutorial.lines_changed += atom.lines();
    (atom.rule.empty() ? tutorial.lines_to_read : tutorial.lines_folded) += atom.lines();
  }
}

// Hard promises; a tutorial that breaks one would be a lie.
void verify(const Model& model, const Tutorial& tutorial) {
  std::vector<int> seen(model.atoms.size());
  for (const auto& group : model.groups)
    for (auto i : group.atoms) ++seen[i];
  PIKA_CHECK(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }), "every atom is in exactly one step");
  PIKA_CHECK(tutorial.steps.size() <= kMostSteps, "at most 12 steps");
}

}  // namespace

Tutorial explain(const ExplainInput& input) {
  PIKA_CHECK(input.diff && input.repository, "explain needs a diff and its repository");
  auto start = thread_micros();
  Model model;
  model.input = &input;
  collect(model);
  find_moved_text(model);
  read_sides(model);
  model.delta = symbol_delta(model);
  model.renames = find_renames(model, model.delta);
  fold(model, model.delta, strict_renames(model.renames));
  drop_folded(model);
  find_repeated(model);
  find_parts(model);
  do {
    model.groups.clear();
    make_groups(model);
    find_needs(model);
  } while (join_needed_parts(model));
  order_groups(model);
  find_groups_of_symbols(model);

  Tutorial tutorial;
  tutorial.base = input.diff->base.hex();
  tutorial.head = input.diff->head.hex();
  tutorial.diff_hash = input.diff->hash;
  std::map<std::string, std::size_t> atoms_of_hunk;
  for (const auto& atom : model.atoms) ++atoms_of_hunk[id_of(model, atom)];
  for (std::size_t g = 0; g < model.groups.size(); ++g) tutorial.steps.push_back(make_step(model, g, atoms_of_hunk));
  tell_apart(model, tutorial.steps);
  add_parts(model, tutorial);
  tutorial.hunks = places(model);
  add_folds(model, tutorial);
  add_checks(model, tutorial);
  count_lines(model, tutorial);
  tutorial.summary = summary_of(model, tutorial);
  verify(model, tutorial);
  tutorial.micros = thread_micros() - start;
  return tutorial;
}

}  // namespace pika::explain
