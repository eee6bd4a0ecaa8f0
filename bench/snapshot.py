"""Snapshot and workspace of a large tree, phase by phase in one standing process, beside git and cp."""
import json
import shutil
import statistics
import subprocess

from figures import milliseconds, show
from pikatest import BIN

PHASES = ("snapshot", "records", "checkout", "workspace")


class Phases:
    """The lines that jericho-bench prints, by phase, in milliseconds."""

    def __init__(self):
        self.values = {}

    def run(self, state, tree, *words):
        answer = subprocess.run([BIN / "jericho-bench", state, tree, *words], capture_output=True, text=True)
        if answer.returncode != 0:
            raise RuntimeError(f"jericho-bench {' '.join(map(str, words))}: {answer.stderr[-2000:]}")
        for line in answer.stdout.splitlines():
            for name, value in json.loads(line).items():
                if isinstance(value, int):
                    self.values.setdefault(name, []).append(value / 1000)
        return self

    def all(self):
        return self.values["all"]

    def words(self):
        return ", ".join(f"{name} {statistics.median(self.values[name]):.1f}" for name in PHASES)


def status_times(tree, git, before=lambda: None, times=7):
    def status():
        subprocess.run(["git", "status", "--porcelain"], cwd=tree, env=git, stdout=subprocess.DEVNULL, check=True)

    out = []
    for _ in range(times):
        before()
        out.append(milliseconds(status))
    return out


def first_time(table, folder, tree, git):
    ours = Phases().run(folder / "state-bench", tree)
    other, copy = folder / "beside", folder / "copy"
    add = milliseconds(lambda: subprocess.run(["git", "worktree", "add", "-q", "--detach", other], cwd=tree, env=git, check=True, stderr=subprocess.DEVNULL))
    cp = milliseconds(lambda: subprocess.run(["cp", "-a", tree, copy], check=True))
    subprocess.run(["git", "worktree", "remove", "--force", other], cwd=tree, env=git, check=True)
    shutil.rmtree(copy)
    table.add("snapshot and workspace of 20,000 files, the first time", f"{ours.words()} ms", f"git worktree add {add:.0f} ms, cp -a {cp:.0f} ms")


def after_an_edit(table, folder, tree, git):
    """Ours and git status by turns, each after an edit of its own, so that the machine's noise meets both."""
    edited, ours, status = tree / "dir100/file050.txt", Phases(), []
    for number in range(9):
        status += status_times(tree, git, lambda: edited.write_text(f"for git {number}\n"), 1)
        edited.write_text(f"for us {number}\n")
        ours.run(folder / "state-bench", tree)
    over = statistics.median(ours.all()) - statistics.median(status)
    table.add("snapshot and workspace after a one-file edit", show(ours.all()), f"git status p50 {statistics.median(status):.1f} ms, difference {over:.1f} ms")
    table.add("  its phases", ours.words() + " ms")


def unchanged(table, folder, tree, git, what):
    ours, status = Phases().run(folder / "state-bench", tree, "--times", "9"), status_times(tree, git)
    table.add(what, show(ours.all()), f"git status p50 {statistics.median(status):.1f} ms; {ours.words()} ms")


def seen_commit(table, folder, tree, git):
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tree, env=git, check=True, capture_output=True, text=True).stdout.strip()
    Phases().run(folder / "state-bench", tree, "--commit", head)
    ours = Phases().run(folder / "state-bench", tree, "--commit", head, "--times", "11")
    table.add("snapshot and workspace of a commit seen before", show(ours.all()), ours.words() + " ms")


def ignored_files(table, folder, tree, git, count=10_000):
    """Half in a folder that is ignored, half beside tracked files."""
    (tree / ".git/info/exclude").write_text("junk/\n*.o\n")
    (tree / "junk").mkdir()
    for number in range(count // 2):
        (tree / f"junk/{number}").write_text("x")
        (tree / f"dir{number % 200:03d}/{number}.o").write_text("x")
    unchanged(table, folder, tree, git, f"the same with {count:,} ignored files beside them")
    shutil.rmtree(tree / "junk")
    subprocess.run(["git", "clean", "-q", "-f", "-X"], cwd=tree, env=git, check=True)


def measure_snapshots(table, folder, tree, git):
    first_time(table, folder, tree, git)
    after_an_edit(table, folder, tree, git)
    unchanged(table, folder, tree, git, "snapshot and workspace of a work tree that did not change")
    ignored_files(table, folder, tree, git)
    seen_commit(table, folder, tree, git)
