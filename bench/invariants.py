"""Invariants: 10,000 files of five languages under rules of every kind, beside reading the same files and git status."""
import os
import pathlib
import random
import subprocess
import tempfile
import time

from figures import repeat, show
from pikatest import BIN
from pikatest.project import IDENTITY

PARTS, FILES = 100, 100  # of each part; a part is in one language
KINDS = ["cpp", "py", "rs", "ts", "go"]
WORDS = "value result request parser buffer index record stream limit state token column handle reader writer".split()

RULES = """version = 1
name = "Bench"
""" + "".join(
    f'[[invariant]]\nid = "{name}"\narea = "a"\nkind = "must"\nstatement = "Words."\nscope = ["{scope}"]\nrule.{rule}\n'
    for name, scope, rule in [
        ("layers", "part1?/**", 'depends_only_on = ["part?/**"]'),
        ("no-legacy", "**", 'must_not_depend_on = ["legacy/**"]'),
        ("no-word", "**", 'must_not_mention = ["forge", "Password", "legacy_mode"]'),
        ("there", "**", 'must_exist = ["go.mod", "part0/**"]'),
        ("circles", "part[1-9]*/**", "no_cycle = true"),
        ("door", "part2/**", 'public_api_only = ["part2/**"]'),
        ("owned", "**", 'owned_by = ["@all"]'),
    ]
)


def statement(kind, dice, part):
    """A dependency on an earlier file or part of the same language."""
    other = dice.randrange(part % len(KINDS), part + 1, len(KINDS))
    file = dice.randrange(FILES)
    return {
        "cpp": f'#include "part{other}/f{file}.cpp"',
        "py": f"from part{other} import f{file}",
        "rs": f"use crate::f{file}::run;",
        "ts": f'import {{ run }} from "../part{other}/f{file}.js";',
        "go": f'import "example.org/app/part{other}"',
    }[kind]


def text(kind, dice, part, name):
    mark = "#" if kind == "py" else "//"
    lines = ["package p" if kind == "go" else f"{mark} {name}", *(statement(kind, dice, part) for _ in range(8))]
    for _ in range(120):
        words = " ".join(dice.choices(WORDS, k=4))
        lines.append(dice.choice([f"{mark} {words}", f'call("{words}", {dice.randrange(1000)})', f"{words.split()[0]} = {words.split()[1]}(a[{dice.randrange(9)}])", ""]))
    return "\n".join(lines) + "\n"


def generate(tree):
    dice = random.Random(1)
    for part in range(PARTS):
        kind = KINDS[part % len(KINDS)]
        folder = tree / f"part{part}"
        (folder / "src").mkdir(parents=True)
        for f in range(FILES):
            place = folder / "src" if kind == "rs" else folder
            name = f"f{f}.{kind}"
            (place / name).write_text(text(kind, dice, part, name))
        if kind == "rs":
            (folder / "Cargo.toml").write_text(f'[package]\nname = "part{part}"\nedition = "2021"\n')
            (folder / "src/lib.rs").write_text("".join(f"mod f{f};\n" for f in range(FILES)))
        if kind == "py":
            (folder / "__init__.py").write_text("")
    (tree / "invariants").mkdir()
    (tree / "invariants/invariants.toml").write_text(RULES)
    (tree / "go.mod").write_text("module example.org/app\n")
    (tree / "CODEOWNERS").write_text("* @all\n")


def measure(table):
    with tempfile.TemporaryDirectory(prefix="pika-invariants-") as name:
        tree = pathlib.Path(name) / "tree"
        tree.mkdir()
        generate(tree)
        git = lambda *words: subprocess.run(["git", "-C", tree, *words], check=True, capture_output=True, env={**os.environ, **IDENTITY})  # noqa: E731
        git("init", "-q", "-b", "main")
        git("add", "-A")
        git("commit", "-q", "-m", "files")
        time.sleep(2.1)  # a file younger than two seconds is not believed by its times
        environment = {**os.environ, "XDG_CACHE_HOME": f"{name}/cache"}

        def check(*words):
            out = subprocess.run([BIN / "pika-invariants", "check", *words], cwd=tree, env=environment, capture_output=True, text=True)
            assert out.returncode in (0, 1), out.stdout + out.stderr

        count = len(git("ls-files").stdout.splitlines())
        size = sum(path.stat().st_size for path in tree.rglob("part*/*") if path.is_file())
        what = f"pika-invariants check: {count:,} files, {size / 1e6:.0f} MB, 7 rules"
        read = repeat(5, lambda: subprocess.run("git ls-files -z | xargs -0 cat >/dev/null", shell=True, cwd=tree, check=True))
        cold = repeat(7, lambda: check("--no-cache"))
        table.add(f"{what}; nothing known", show(cold), f"git ls-files | xargs cat {show(read)}")
        check()
        warm = repeat(15, check)
        status = repeat(15, lambda: git("status", "--porcelain"))
        table.add("the same, nothing changed", show(warm), f"git status {show(status)}")

        def edit():
            file = tree / "part0/f0.cpp"
            file.write_text(file.read_text() + "// more\n")
            check()

        table.add("the same after a one-file edit", show(repeat(15, edit)))
        git("commit", "-q", "-a", "-m", "edit")
        check("--base", "HEAD~1")
        table.add("the same against a base", show(repeat(7, lambda: check("--base", "HEAD~1"))))
