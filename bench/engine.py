"""The engine: snapshot and workspace of a large tree beside git, and what a job costs above its bare command."""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

from figures import milliseconds, repeat, show
from pikatest import BIN
from pikatest.project import IDENTITY, catalogue
from snapshot import measure_snapshots

FILES = 20000


def large_tree(folder):
    """A committed work tree of 20,000 files in 200 folders, with a catalogue of one job that does nothing."""
    for directory in range(200):
        place = folder / f"dir{directory:03d}"
        place.mkdir(parents=True)
        for number in range(FILES // 200):
            (place / f"file{number:03d}.txt").write_text(f"file {directory} {number}\n" * 20)
    (folder / "ci").mkdir()
    lanes = {name: {"command": ["/bin/true"], "runtime": runtime} for name, runtime in (("host", "host_process"), ("box", "sandbox"))}
    (folder / "ci/pikaci.toml").write_text(catalogue(lanes))
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "twenty thousand files"]):
        subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, **IDENTITY})


class Laptop:
    """pikaci on a work tree with a state folder of its own."""

    def __init__(self, tree, state, options=()):
        self.options = options
        self.tree, self.environment = tree, {**os.environ, **IDENTITY, "XDG_STATE_HOME": str(state), "HOME": str(state)}

    def run(self, lane):
        """Runs a lane and gives its run record."""
        answer = subprocess.run([BIN / "pikaci", "run", lane, "--output", "json", *self.options], cwd=self.tree, env=self.environment, capture_output=True, text=True)
        if answer.returncode != 0:
            raise RuntimeError(f"pikaci run {lane} exited {answer.returncode}: {answer.stdout[-2000:]}{answer.stderr[-2000:]}")
        return json.loads(answer.stdout)


def find_jobs(value):
    """The job records inside whatever JSON the command printed."""
    if isinstance(value, dict):
        if "phases" in value:
            yield value
        for each in value.values():
            yield from find_jobs(each)
    elif isinstance(value, list):
        for each in value:
            yield from find_jobs(each)


def many_runs(state, count):
    """Copies the newest run below `state` until there are `count` more, of ids and times of their own."""
    runs = state / "pikaci/runs"
    model = max(runs.iterdir())
    record = json.loads((model / "run.json").read_text())
    for number in range(count):
        name = f"bench-{number:06d}"
        shutil.copytree(model, runs / name)
        record["run_id"], record["created_at"] = name, record["created_at"] - 1
        (runs / name / "run.json").write_text(json.dumps(record))


def measure_gc(table, laptop, state, count=10_000):
    many_runs(state, count)

    def collect(*words):
        subprocess.run([BIN / "pikaci", "gc", "--keep-days", "0", *words], cwd=laptop.tree, env=laptop.environment, check=True, stdout=subprocess.DEVNULL)

    found = milliseconds(lambda: subprocess.run(["du", "-s", state], check=True, stdout=subprocess.DEVNULL))
    dry = milliseconds(lambda: collect("--keep-runs", "0", "--dry-run"))
    nothing = milliseconds(lambda: collect("--keep-runs", str(2 * count)))
    everything = milliseconds(lambda: collect("--keep-runs", "1"))
    table.add(f"gc of {count} runs", show([everything]), f"dry run {dry:.0f} ms, nothing to remove {nothing:.0f} ms, du of the same {found:.0f} ms")


def measure(table):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pika-bench-"))
    try:
        tree = folder / "tree"
        large_tree(tree)
        laptop = Laptop(tree, folder / "state")
        git = {**os.environ, **IDENTITY}
        subprocess.run(["git", "status"], cwd=tree, env=git, stdout=subprocess.DEVNULL)
        edits = iter(range(10 ** 6))

        def edit():
            (tree / "dir100/file050.txt").write_text(f"edited {next(edits)}\n")

        def git_status():
            subprocess.run(["git", "status", "--porcelain"], cwd=tree, env=git, stdout=subprocess.DEVNULL, check=True)

        def worktree_add():
            subprocess.run(["git", "worktree", "add", "-q", "--detach", folder / "other"], cwd=tree, env=git, check=True, stderr=subprocess.DEVNULL)

        worktree = milliseconds(worktree_add)
        table.add(f"run of a no-op job on {FILES} files, the first time", show([milliseconds(lambda: laptop.run("box"))]), f"git worktree add {worktree:.0f} ms")
        ours, status = [], []
        for _ in range(7):
            edit()
            status.append(milliseconds(git_status))
            edit()
            ours.append(milliseconds(lambda: laptop.run("box")))
        table.add("the same after a one-file edit", show(ours), f"git status p50 {statistics.median(status):.1f} ms, difference {statistics.median(ours) - statistics.median(status):.1f} ms")
        table.add("the same unchanged", show(repeat(7, lambda: laptop.run("box"))), f"git status p50 {statistics.median(repeat(7, git_status)):.1f} ms")
        measure_snapshots(table, folder, tree, git)

        small = folder / "small"
        small.mkdir()
        (small / "ci").mkdir()
        shutil.copy(tree / "ci/pikaci.toml", small / "ci/pikaci.toml")
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "small"]):
            subprocess.run(["git", *words], cwd=small, check=True, env=git)
        laptop = Laptop(small, folder / "state-small")
        laptop.run("box")
        measure_gc(table, laptop, folder / "state-small")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
