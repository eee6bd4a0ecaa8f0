#!/usr/bin/env python3
"""Smuggled edits: one semantic edit hidden in a mechanical change of real files. None may be folded.

    smuggle.py EXPLAIN TREE [--count 200] [--seed 1] [--verbose]

TREE is a git repository (its HEAD is read) or a folder of sources. Each round takes real files of it and makes a
mechanical change: an identifier renamed everywhere, a file laid out anew, a definition moved to another file, or a file
moved. Then one edit that means something is planted in it: a constant, an operator, two arguments swapped, a check
dropped, two statements swapped, an access widened. The edit's lines must be read and not folded.

Told: where the edit comes in the reading order, as the share of the lines shown before it, beside its place among the
lines of the plain diff in the order of file names.
"""
import argparse
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_tutorial  # noqa: E402

KINDS = {".cpp": "c", ".cc": "c", ".hpp": "c", ".h": "c", ".c": "c", ".rs": "rust", ".go": "go", ".py": "python", ".java": "java", ".js": "js", ".ts": "js"}
ENVIRONMENT = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@x", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@x",
               "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": "/nonexistent", "PATH": os.environ["PATH"], "LC_ALL": "C"}


def git(repo, *args, data=None):
    return subprocess.run(["git", "-c", "safe.directory=*", "-C", repo, *args], capture_output=True, check=True, env=ENVIRONMENT, input=data).stdout


def sources(tree):
    """{path: text} of every source file that is UTF-8 and of a size that a person reads."""
    found = {}
    if (pathlib.Path(tree) / ".git").exists() or (pathlib.Path(tree) / "HEAD").exists():
        names = [n.decode("utf-8", "replace") for n in git(tree, "ls-tree", "-r", "-z", "--name-only", "HEAD").split(b"\0") if n]
        names = [n for n in names if pathlib.PurePath(n).suffix in KINDS and "third-party" not in n][:4000]
        blobs = git(tree, "cat-file", "--batch", data="".join(f"HEAD:{n}\n" for n in names if "\n" not in n).encode())
        for n in names:
            head, _, blobs = blobs.partition(b"\n")
            size = int(head.split()[-1])
            found[n], blobs = blobs[:size], blobs[size + 1:]
    else:
        for path in sorted(pathlib.Path(tree).rglob("*")):
            if path.suffix in KINDS and path.is_file() and not path.is_symlink():
                found[str(path.relative_to(tree))] = path.read_bytes()
    out = {}
    for n, raw in found.items():
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if 1500 < len(text) < 60_000 and "\r" not in text:
            out[n] = text
    return out


# Mechanical changes: (new files, the names whose lines the edit may be planted in). None: not possible here.

def rename_identifier(files, chosen, dice):
    text = files[chosen]
    kind = KINDS[pathlib.PurePath(chosen).suffix]
    defined = {"c": r"^[\w:<>&*,\s]*?\b([a-z]\w{5,})\([^;]*\{$", "rust": r"\bfn (\w{5,})", "go": r"^func (?:\([^)]*\) )?(\w{5,})\(",
               "python": r"^\s*def (\w{5,})\(", "java": r"^\s+\w[\w<>\s]* (\w{5,})\([^;]*\{$", "js": r"\bfunction (\w{5,})\("}[kind]
    names = [n for n in re.findall(defined, text, re.M) if not n.startswith("__") and n not in ("main", "return", "switch")]
    if not names:
        return None
    old = dice.choice(names)
    fresh = old + "_anew" if "_" in old or old.islower() else old + "Anew"
    word = re.compile(rf"\b{old}\b")
    changed = {n: word.sub(fresh, t) for n, t in files.items() if KINDS[pathlib.PurePath(n).suffix] == kind and word.search(t)}
    return (changed, [n for n in changed if n == chosen]) if len(changed) <= 40 else None


def lay_out_anew(files, chosen, dice):
    text = files[chosen]
    if KINDS[pathlib.PurePath(chosen).suffix] == "c":
        style = dice.choice(["{BasedOnStyle: LLVM, ColumnLimit: 70}", "{BasedOnStyle: WebKit, ColumnLimit: 120}", "{BasedOnStyle: GNU, SortIncludes: Never}"])
        told = subprocess.run(["clang-format-19", "--style", style, "--assume-filename", chosen], input=text, capture_output=True, text=True)
        if told.returncode:
            return None
        fresh = told.stdout
    else:
        # Twice the indentation of what is there, as a formatter with another setting would leave it.
        fresh = re.sub(r"^( +|\t+)(?=\S)", lambda m: m[1] * 2, text, flags=re.M)
    return ({chosen: fresh}, [chosen]) if fresh != text else None


def move_definition(files, chosen, dice):
    text = files[chosen]
    lines = text.split("\n")
    opens = [i for i, line in enumerate(lines) if re.match(r"^(?:[A-Za-z_][\w:<>&*,\s]*\(.*\{|pub fn .*\{|fn .*\{|func .*\{|def \w+\(.*:)$", line)]
    blocks = []
    for i in opens:
        end = i + 1
        while end < len(lines) and (not lines[end] or lines[end][0] in " \t"):
            end += 1
        if end < len(lines) and lines[end].startswith("}"):
            end += 1
        if 6 <= end - i <= 80:
            blocks.append((i, end))
    others = [n for n in files if n != chosen and pathlib.PurePath(n).suffix == pathlib.PurePath(chosen).suffix]
    if not blocks or not others:
        return None
    begin, end = dice.choice(blocks)
    other = dice.choice(others)
    moved = lines[begin:end]
    rest = lines[:begin] + lines[end:]
    target = files[other].rstrip("\n") + "\n\n" + "\n".join(moved).rstrip("\n") + "\n"
    return {chosen: "\n".join(rest), other: target}, [other]


def move_file(files, chosen, dice):
    return {chosen: None, "moved/" + chosen: files[chosen]}, ["moved/" + chosen]


# Edits that mean something: (text of the line, text of the next) to the new lines, or None.

def constant(line, after, dice):
    spots = [m for m in re.finditer(r"(?<![\w.\"'x])(\d{1,6})(?![\w.\"'])", line)]
    if not spots:
        return None
    m = dice.choice(spots)
    return [line[:m.start()] + str(int(m[1]) + 1) + line[m.end():], after]


def operator(line, after, dice):
    pairs = [(" == ", " != "), (" < ", " <= "), (" && ", " || "), (" + ", " - "), (" true", " false"), (" and ", " or "), (" not ", " "), (" > ", " >= "), ("(!", "(")]
    # Whole words only: within a longer name it would be a rename, which may be folded when it is made everywhere.
    places = [(m, b) for a, b in pairs for m in re.finditer(r"(?<!\w)" + re.escape(a) + (r"(?!\w)" if a[-1].isalnum() else ""), line)]
    if not places:
        return None
    m, b = dice.choice(places)
    return [line[:m.start()] + b + line[m.end():], after]


def swapped_arguments(line, after, dice):
    m = re.search(r"\((\w{2,}), (\w{2,})\)", line)
    if not m or m[1] == m[2]:
        return None
    return [line[:m.start()] + f"({m[2]}, {m[1]})" + line[m.end():], after]


def dropped_check(line, after, dice):
    m = re.match(r"^(\s+)(if .*|assert.*|require.*|CHECK.*)$", line)
    if not m or line.rstrip().endswith(("{", ":", "&&", "||", "(")):
        return None
    return [after]


def swapped_statements(line, after, dice):
    if not (line.rstrip().endswith(";") and after.rstrip().endswith(";") and line != after):
        return None
    if re.match(r"\s*", line)[0] != re.match(r"\s*", after)[0] or line.lstrip().startswith(("use ", "import ", "//", "#", "}")):
        return None
    if after.lstrip().startswith(("use ", "import ", "//", "#", "}")):
        return None
    return [after, line]


def widened(line, after, dice):
    pairs = [("0600", "0644"), ("0700", "0755"), ("private:", "public:"), ("private ", "public "), ("protected", "public"), ("const ", ""), ("pub(crate) ", "pub "), ("explicit ", "")]
    # Whole words only: within a longer name it would be a rename, which may be folded when it is made everywhere.
    places = [(m, b) for a, b in pairs for m in re.finditer(r"(?<!\w)" + re.escape(a) + (r"(?!\w)" if a[-1].isalnum() else ""), line)]
    if not places:
        return None
    m, b = dice.choice(places)
    return [line[:m.start()] + b + line[m.end():], after]


CHANGES = [rename_identifier, lay_out_anew, move_definition, move_file]
EDITS = [constant, operator, swapped_arguments, dropped_check, swapped_statements, widened]


def comment(line):
    return line.lstrip().startswith(("//", "#", "*", "/*", '"""')) or not line.strip()


def plant(text, before, edit, dice):
    """The text with one edit, and the numbers (from 1) of the new lines that show it; a dropped line is told by None."""
    lines = text.split("\n")
    places = list(range(len(lines) - 1))
    dice.shuffle(places)
    known = set(before.split("\n")) if before is not None else set()
    fresh = [i for i in places if lines[i] not in known]  # lines that the mechanical change touches
    for i in (fresh + places)[:600]:
        if comment(lines[i]) or comment(lines[i + 1]):
            continue
        code = re.sub(r"\"(?:[^\"\\]|\\.)*\"|//.*|#.*", lambda m: m[0], lines[i])
        new = edit(code, lines[i + 1], dice)
        if new is None or new == lines[i:i + 2]:
            continue
        fresh_text = "\n".join(lines[:i] + new + lines[i + 2:])
        numbers = [i + 1 + k for k, line in enumerate(new) if len(new) == 2 and line != lines[i + k]]
        return fresh_text, numbers, lines[i]
    return None


class Repository:
    """A store of its own; each round is two commits in it."""

    def __init__(self, folder, files):
        self.path = folder
        git(folder, "init", "-q", "--bare")
        self.base = self.commit(files, {}, None)

    def commit(self, files, changes, parent):
        index = os.path.join(self.path, "round-index")
        environment = {**ENVIRONMENT, "GIT_INDEX_FILE": index}
        if parent:
            subprocess.run(["git", "-C", self.path, "read-tree", parent], check=True, env=environment)
        elif os.path.exists(index):
            os.remove(index)
        words = b""
        for name, text in (changes or files).items():
            if text is None:
                words += b"0 " + b"0" * 40 + b"\t" + name.encode() + b"\0"
                continue
            blob = git(self.path, "hash-object", "-w", "--stdin", data=text.encode()).strip()
            words += b"100644 " + blob + b"\t" + name.encode() + b"\0"
        subprocess.run(["git", "-C", self.path, "update-index", "-z", "--index-info"], input=words, check=True, env=environment)
        tree = subprocess.run(["git", "-C", self.path, "write-tree"], check=True, env=environment, capture_output=True).stdout.decode().strip()
        parents = ["-p", parent] if parent else []
        return git(self.path, "commit-tree", tree, *parents, "-m", "round").decode().strip()


def smuggled_lines(checker, name, numbers, dropped):
    """(hunk id, index) of the diff's lines that show the edit."""
    out = []
    for ident, (file, hunk) in checker.units.items():
        if hunk is None or name not in (file["new"].decode(), file["old"].decode()):
            continue
        old, new = hunk["at"][0], hunk["at"][2]
        for i, line in enumerate(hunk["lines"]):
            kind = line[:1]
            if kind == b"+" and new in numbers:
                out.append((ident, i))
            if kind == b"-" and not numbers and line[1:].decode().strip() == dropped.strip():
                out.append((ident, i))
            old += kind in b" -"
            new += kind in b" +"
    return out


def reading_order(tutorial):
    """Every (hunk, line) that is shown, in the order of the steps."""
    rules = {(h["id"], i): a["rule"] for h in tutorial["hunks"] for a in h["atoms"] for i in range(a["first"], a["last"] + 1)}
    seen = []
    for step in tutorial["steps"]:
        for e in step["evidence"]:
            seen += [(e["hunk"], i) for i in range(e["first"], e["last"] + 1) if rules.get((e["hunk"], i)) == ""]
    return seen


class Rounds:
    def __init__(self, program, repository, files, verbose):
        self.program, self.repository, self.files, self.verbose = program, repository, files, verbose
        self.folded, self.ours, self.plain, self.counts = [], [], [], {}

    def one(self, number, dice):
        change, edit = CHANGES[number % len(CHANGES)], EDITS[(number // len(CHANGES)) % len(EDITS)]
        chosen = dice.choice(sorted(self.files))
        made = change(self.files, chosen, dice)
        if made is None:
            return False
        files, targets = made
        target = dice.choice(targets)
        planted = plant(files[target], self.files.get(target), edit, dice)
        if planted is None:
            return False
        files[target], numbers, dropped = planted
        head = self.repository.commit(None, files, self.repository.base)
        tutorial = json.loads(subprocess.run([self.program, self.repository.path, self.repository.base, head], capture_output=True, check=True).stdout)
        checker = check_tutorial.Checker(self.repository.path, self.repository.base, head, tutorial)
        lines = smuggled_lines(checker, target, numbers, dropped)
        if not lines:
            return False
        self.judge(f"{change.__name__}, {edit.__name__}, {target}: {dropped.strip()[:100]}", tutorial, checker, lines, numbers)
        key = f"{change.__name__} + {edit.__name__}"
        self.counts[key] = self.counts.get(key, 0) + 1
        return True

    def judge(self, label, tutorial, checker, lines, numbers):
        rules = {(h["id"], i): a["rule"] for h in tutorial["hunks"] for a in h["atoms"] for i in range(a["first"], a["last"] + 1)}
        # Of a dropped line any namesake among the removed ones may be it; all folded means that it is.
        hidden = all(rules.get(line) for line in lines) if not numbers else any(rules.get(line) for line in lines)
        if hidden:
            self.folded.append(label)
            print(f"FOLDED {label}: {[rules.get(line) for line in lines]}", flush=True)
            return
        shown = reading_order(tutorial)
        changed = [(ident, i) for ident, (_, hunk) in checker.units.items() if hunk for i, text in enumerate(hunk["lines"]) if text[:1] in b"+-"]
        # A replaced line is seen where its old text is.
        atoms = {(h["id"], i): (h["id"], a["first"]) for h in tutorial["hunks"] for a in h["atoms"] if a["last"] - a["first"] < 4
                 for i in range(a["first"], a["last"] + 1)}
        place = min(shown.index(atoms.get(line, line)) for line in lines if line in shown) / max(1, len(shown))
        self.ours.append(place)
        self.plain.append(min(changed.index(line) for line in lines) / max(1, len(changed)))
        if self.verbose:
            print(f"{place:.2f} {self.plain[-1]:.2f} of {len(shown)} shown, {len(changed)} changed: {label}")

    def report(self):
        n = len(self.ours) + len(self.folded)
        print(f"{n} smuggled edits, {len(self.folded)} folded; place among the lines shown: median {statistics.median(self.ours or [0]):.2f}, "
              f"worst {max(self.ours or [0]):.2f}; in the plain diff: median {statistics.median(self.plain or [0]):.2f}")


def run(program, tree, count, seed, verbose=False):
    files = sources(tree)
    if len(files) < 10:
        print(f"{tree} has too few sources")
        return None
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        rounds = Rounds(program, Repository(folder, files), files, verbose)
        done = tries = 0
        while done < count and tries < count * 60:
            # One that cannot be made here is tried with other files, some times, before the next kind.
            done += rounds.one(done + tries // 30, dice)
            tries += 1
        rounds.report()
        return rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("tree")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    rounds = run(args.program, args.tree, args.count, args.seed, args.verbose)
    return 77 if rounds is None else 1 if rounds.folded or not rounds.ours else 0


if __name__ == "__main__":
    sys.exit(main())
