"""Selection: 500 lanes with 10,000 filters over 10,000 changed files, beside git's list of the same files."""
import os
import pathlib
import random
import subprocess
import tempfile

from figures import repeat, show
from pikatest import BIN
from pikatest.project import IDENTITY

LANES, FILTERS, PACKAGES, FILES = 500, 20, 400, 25


def filter_of(dice):
    package, kind = f"pkg{dice.randrange(PACKAGES)}/", dice.random()
    if kind < 0.3:
        return package + "**"
    if kind < 0.6:
        return package + f"**/*.{dice.choice(['c', 'h', 'py', 'md'])}"
    if kind < 0.8:
        return package + f"m{dice.randrange(9)}/f{dice.randrange(30)}.c"
    if kind < 0.9:
        return f"**/x{dice.randrange(1000)}*.{{c,h}}"
    return "!" + package + f"m{dice.randrange(9)}/**"


def measure(table):
    dice = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="pika-selection-") as name:
        tree = pathlib.Path(name) / "tree"
        (tree / "ci").mkdir(parents=True)
        git = lambda *words: subprocess.run(["git", "-C", tree, *words], check=True, capture_output=True, env={**os.environ, **IDENTITY}).stdout  # noqa: E731
        lanes = ["version = 1\n"]
        for i in range(LANES):
            paths = ", ".join(f'"{filter_of(dice)}"' for _ in range(FILTERS))
            lanes.append(f'[[lane]]\nid = "l{i}"\ncommand = ["true"]\npaths = [{paths}]\n')
        (tree / "ci/pikaci.toml").write_text("".join(lanes))
        git("init", "-q", "-b", "main")
        git("add", "-A")
        git("commit", "-q", "-m", "lanes")
        for p in range(PACKAGES):
            for f in range(FILES):
                file = tree / f"pkg{p}/m{f // 5}/f{f % 5}.{'chpm'[f % 4]}"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(f"{p} {f}\n")
        git("add", "-A")
        git("commit", "-q", "-m", "files")
        words = [BIN / "pikaci", "--state", pathlib.Path(name) / "state", "--output", "json", "select", "--base", "HEAD~1", "--head", "HEAD"]
        ours = repeat(15, lambda: subprocess.run(words, cwd=tree, check=True, stdout=subprocess.DEVNULL))
        peer = repeat(15, lambda: git("diff", "--name-only", "HEAD~1", "HEAD"))
        table.add(f"pikaci select: {LANES} lanes, {LANES * FILTERS:,} filters, {PACKAGES * FILES:,} changed files", show(ours), f"git diff --name-only {show(peer)}")
