"""The explainer over real histories: what it is held to, with the trivial orders beside it.

Repositories are named by PIKA_BENCH_REPOSITORIES (folders, parted by colons); this one alone where it is not set.
PIKA_BENCH_COMMITS: how many first-parent commits of each (300)."""
import collections
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile

from figures import percentile
from pikatest import BIN

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "checker"))
import check_tutorial  # noqa: E402
import smuggle  # noqa: E402

COMMITS = int(os.environ.get("PIKA_BENCH_COMMITS", "300"))
SMUGGLED = 200
STABLE = 40    # commits that get an unrelated hunk


def repositories():
    named = [pathlib.Path(p) for p in os.environ.get("PIKA_BENCH_REPOSITORIES", "").split(":") if p]
    return named or [ROOT]


def program():
    """A script with the words of explain-json: REPO BASE HEAD."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="pika-bench-")) / "explain"
    path.write_text(f'#!/bin/sh\nexec {BIN / "pika-git"} explain --repo "$1" --format json "$2" "$3"\n')
    path.chmod(0o755)
    return str(path)


def explain(run, repo, base, head):
    return subprocess.run([run, repo, base, head], capture_output=True, check=True).stdout


class Seen:
    """What is added up over one repository's commits."""

    def __init__(self):
        self.commits = self.lines = self.folded = self.faults = self.checks = self.violated = self.plain_violated = self.lumps = self.lumpable = self.with_needs = 0
        self.micros, self.steps, self.large = [], [], []

    def add(self, repo, base, head, text):
        tutorial = json.loads(text)
        checker = check_tutorial.Checker(repo, base, head, tutorial)
        self.faults += len(checker.run())
        figures = checker.figures()
        self.commits += 1
        self.lines += figures["lines"]
        self.folded += figures["folded"]
        self.checks += figures["checks"]
        self.steps.append(figures["steps"])
        self.micros.append(figures["micros"])
        if figures["lines"] >= 500:
            self.large.append(figures["micros"] / figures["lines"])
        self.order(tutorial)
        self.share(tutorial)

    def order(self, tutorial):
        """Uses before definitions, as told and in the order of file names; steps that need each other count for neither."""
        needs = {s["id"]: set(s["needs"]) for s in tutorial["steps"]}
        one_way = [(s, n) for s, ns in needs.items() for n in ns if s not in needs.get(n, set())]
        first = {}
        for place, hunk in enumerate(tutorial["hunks"]):
            for atom in hunk["atoms"]:
                first.setdefault(atom["step"], place)
        self.with_needs += bool(one_way)
        self.violated += any(n > s for s, n in one_way)
        self.plain_violated += any(first.get(n, 0) > first.get(s, 0) for s, n in one_way)

    def share(self, tutorial):
        """Steps that could be divided: of code, and of more than one hunk."""
        lines, hunks = collections.Counter(), collections.defaultdict(set)
        for hunk in tutorial["hunks"]:
            for atom in hunk["atoms"]:
                if not atom["rule"]:
                    lines[atom["step"]] += atom["last"] - atom["first"] + 1
                    if pathlib.PurePath(hunk["file"]).suffix in smuggle.KINDS:
                        hunks[atom["step"]].add(hunk["id"])
        total = sum(lines.values())
        if total > 200:
            step, most = lines.most_common(1)[0]
            self.lumpable += 1
            self.lumps += most > 0.4 * total and len(hunks[step]) > 1


def commits_of(repo):
    words = subprocess.run(["git", "-c", "safe.directory=*", "-C", repo, "rev-list", "--first-parent", "--parents", f"--max-count={COMMITS}", "HEAD"], capture_output=True, check=True, text=True).stdout
    return [(line.split()[1], line.split()[0]) for line in words.splitlines() if len(line.split()) > 1]


def kept_after_unrelated(run, repo, pairs, dice):
    """The share of atoms that stay in a step with the same fellows when a file that has nothing to do with it comes."""
    kept = total = 0
    for base, head in dice.sample(pairs, min(STABLE, len(pairs))):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "clone", "-q", "--bare", "--shared", repo, folder], check=True, capture_output=True)
            environment = {**smuggle.ENVIRONMENT, "GIT_INDEX_FILE": os.path.join(folder, "bench-index")}
            git = lambda *words, data=None: subprocess.run(["git", "-C", folder, *words], env=environment, check=True, capture_output=True, input=data).stdout.decode().strip()  # noqa: E731
            git("read-tree", head)
            blob = git("hash-object", "-w", "--stdin", data=b"A note that concerns nothing else.\n" * 3)
            git("update-index", "--add", "--cacheinfo", f"100644,{blob},zz-unrelated/note.txt")
            with_it = git("commit-tree", git("write-tree"), "-p", base, "-m", "more")
            plain = git("commit-tree", git("rev-parse", head + "^{tree}"), "-p", base, "-m", "more")

            def fellows(commit, folder=folder, base=base):
                tutorial = json.loads(explain(run, folder, base, commit))
                steps = collections.defaultdict(set)
                for hunk in tutorial["hunks"]:
                    if hunk["file"] != "zz-unrelated/note.txt":
                        for atom in hunk["atoms"]:
                            steps[atom["step"]].add((hunk["file"], hunk["new_start"], atom["first"]))
                return {atom: frozenset(members) for members in steps.values() for atom in members}

            before, after = fellows(plain), fellows(with_it)
            total += len(before)
            kept += sum(after.get(atom) == members for atom, members in before.items())
    return kept, total


def rand_index(truth, found):
    """Adjusted for chance, of two labellings of the same things."""
    pairs = lambda counts: sum(n * (n - 1) / 2 for n in counts.values())  # noqa: E731
    both, a, b = pairs(collections.Counter(zip(truth, found))), pairs(collections.Counter(truth)), pairs(collections.Counter(found))
    total = len(truth) * (len(truth) - 1) / 2
    expected, most = a * b / max(1, total), (a + b) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


class Concatenated:
    """Commits of a history that touch different files, put one on the other."""

    def __init__(self, repo, folder):
        subprocess.run(["git", "clone", "-q", "--bare", "--shared", repo, folder], check=True, capture_output=True)
        self.folder = folder
        self.environment = {**smuggle.ENVIRONMENT, "GIT_INDEX_FILE": os.path.join(folder, "bench-index")}

    def git(self, *words, data=None):
        return subprocess.run(["git", "-C", self.folder, *words], env=self.environment, check=True, capture_output=True, input=data).stdout

    def changes(self, base, head):
        """{path: (old mode, old id, new mode, new id)}"""
        out, words = {}, self.git("diff-tree", "-r", "-z", "--no-renames", base, head).split(b"\0")
        for meta, path in zip(words[0::2], words[1::2]):
            old_mode, new_mode, old, new, _ = meta[1:].split(b" ")
            out[path] = (old_mode, old, new_mode, new)
        return out

    def branch(self, pairs):
        """(base, head, {path: number of its commit}) of pairs that fit together, oldest first; None where they do not."""
        base = pairs[0][0]
        owner, head = {}, base
        self.git("read-tree", base)
        for number, (parent, commit) in enumerate(pairs):
            changes = self.changes(parent, commit)
            before = self.changes(base, parent)
            if not changes or any(path in owner or path in before for path in changes):
                return None
            text = b"".join(mode + b" " + ident + b"\t" + path + b"\0" for path, (_, _, mode, ident) in changes.items())
            self.git("update-index", "-z", "--add", "--index-info", data=text)
            head = self.git("commit-tree", self.git("write-tree").decode().strip(), "-p", head, "-m", f"commit {number}").decode().strip()
            owner.update(dict.fromkeys(changes, number))
        return base, head, owner


def parts(table, label, run, repo, pairs, dice):
    with tempfile.TemporaryDirectory() as folder:
        store = Concatenated(str(repo), folder)
        for k in (2, 3, 4):
            scores, tries = collections.defaultdict(list), 0
            while len(scores["ours"]) < 20 and tries < 300:
                tries += 1
                at = dice.randrange(0, max(1, len(pairs) - 20))
                chosen = sorted(dice.sample(range(at, min(at + 20, len(pairs))), min(k, len(pairs))), reverse=True)
                made = store.branch([pairs[i] for i in chosen])
                if not made:
                    continue
                base, head, owner = made
                tutorial = json.loads(explain(run, folder, base, head))
                part_of = {s["id"]: s.get("part", 0) for s in tutorial["steps"]}
                truth, found = [], collections.defaultdict(list)
                for hunk in tutorial["hunks"]:
                    path = check_tutorial.name(hunk, "file")
                    for atom in hunk["atoms"]:
                        truth.append(owner.get(path, owner.get(check_tutorial.name(hunk, "old_file"), -1)))
                        found["ours"].append(part_of[atom["step"]])
                        found["one group"].append(0)
                        found["by first folder"].append(path.split(b"/")[0])
                        found["by two folders"].append(tuple(path.split(b"/")[:2]))
                for name, labels in found.items():
                    scores[name].append(rand_index(truth, labels))
            if scores["ours"]:
                means = {name: statistics.mean(values) for name, values in scores.items()}
                table.add(f"{label}: parts of {k} commits put together, adjusted Rand index", f"{means['ours']:.2f} (n={len(scores['ours'])})",
                          ", ".join(f"{name} {means[name]:.2f}" for name in ("one group", "by first folder", "by two folders")))


def one(table, run, repo):
    label = repo.name if repo.name != "repo" else repo.parent.name
    seen, pairs = Seen(), commits_of(repo)
    for base, head in pairs:
        seen.add(repo, base, head, explain(run, repo, base, head))
    n = max(1, seen.commits)
    table.add(f"{label}: promises broken", f"{seen.faults} of {n} commits, {seen.lines} lines")
    table.add(f"{label}: a step of several hunks of code with over 40% of more than 200 lines", f"{seen.lumps} of {seen.lumpable}")
    table.add(f"{label}: uses before definitions", f"{100 * seen.violated / n:.1f}% of commits", f"by file name {100 * seen.plain_violated / n:.1f}%; {seen.with_needs} have steps that need one another")
    table.add(f"{label}: steps", f"mean {statistics.mean(seen.steps):.1f}, most {max(seen.steps)}")
    table.add(f"{label}: folded; checks", f"{100 * seen.folded / max(1, seen.lines):.1f}% of lines; {seen.checks / n:.2f} a commit")
    large = f"; of commits of 500 lines and more {statistics.median(seen.large):.0f} ms a 1,000 lines" if seen.large else ""
    table.add(f"{label}: time", f"p50 {statistics.median(seen.micros) / 1000:.0f} ms, p99 {percentile(seen.micros, 99) / 1000:.0f} ms a commit{large}")
    kept, total = kept_after_unrelated(run, str(repo), pairs, random.Random(1))
    table.add(f"{label}: an unrelated file more: atoms that keep step and fellows", f"{100 * kept / max(1, total):.1f}% of {total}")
    parts(table, label, run, repo, pairs, random.Random(1))
    rounds = smuggle.run(run, str(repo), SMUGGLED, 1)
    if rounds:
        table.add(f"{label}: {SMUGGLED} smuggled edits folded; median place among the lines shown", f"{len(rounds.folded)}; {statistics.median(rounds.ours):.2f}", f"plain diff {statistics.median(rounds.plain):.2f}")


def many_lines(table, run):
    """100,000 changed lines: real sources, from nothing."""
    files, lines = {}, 0
    texts = sorted(smuggle.sources(str(ROOT / "libs")).items())
    while lines < 100_000:
        for name, text in texts:
            files[f"copy{len(files) // len(texts)}/{name}"] = text
            lines += text.count("\n")
    with tempfile.TemporaryDirectory() as folder:
        repository = smuggle.Repository(folder, {"README": "\n"})
        head = repository.commit(None, files, repository.base)
        took = []
        for _ in range(3):
            took.append(json.loads(explain(run, folder, repository.base, head))["cost"]["micros"] / 1e6)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        table.add(f"{lines} changed lines explained", f"{statistics.median(took):.1f} s, memory {peak:.0f} MiB")


def measure(table):
    run = program()
    many_lines(table, run)
    for repo in repositories():
        one(table, run, repo)
