#!/usr/bin/env python3
"""Checks a tutorial from outside: shares no code with the explainer and makes its own diff.

    check_tutorial.py REPO BASE HEAD TUTORIAL.json      checks one; "-" reads standard input
    check_tutorial.py --program EXPLAIN REPO BASE HEAD  runs EXPLAIN REPO BASE HEAD twice and checks what it prints

BASE may be the word "empty": the first commit is told against nothing.

Hard, exit 1:
  - it is what docs/tutorial.schema.json says, and has no member that the schema does not name
  - the diff's hash is that of git's bytes
  - every hunk of the tutorial is one of git's, at the same place in the same file, and none is missing
  - every changed line is in exactly one atom, and atoms hold only changed lines
  - every atom that no rule folds is shown by its own step; folded ones are in the folded list, whole
  - evidence lies inside its hunk and its file; a step's files are those of its atoms
  - text that is said to have moved has the same words at the place that is named
  - moves called byte-identical are so in both trees
  - two runs print the same, but for the cost
  - what the words count, and the lines that their lists point to (check_words.py)
  - at most 12 steps; text is UTF-8 without control bytes
Told, no failure: lines folded, lines to read, steps, needs that point forward.
"""
import hashlib
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_words  # noqa: E402
import schema  # noqa: E402

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def git(repo, *args):
    env = {"PATH": "/usr/bin:/bin:/usr/local/bin", "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"}
    return subprocess.run(["git", "-c", "safe.directory=*", "-c", "core.quotePath=false", "-C", repo, *args], capture_output=True, check=True, env=env).stdout


def diff_bytes(repo, base, head):
    return git(repo, "-c", "diff.renameLimit=4000", "-c", "diff.suppressBlankEmpty=false", "diff-tree", "-r", "--raw", "-z", "-p",
               "--full-index", "-M50%", "--patience", "--indent-heuristic", "-U3", "--no-color", "--no-ext-diff", "--no-textconv",
               "--src-prefix=a/", "--dst-prefix=b/", base, head)


def parse(raw):
    """The files of a diff: raw records first, then patches in the same order; hunk headers say how long a hunk is."""
    at, files = 0, []
    while raw[at:at + 1] == b":":
        end = raw.index(b"\0", at)
        old_mode, new_mode, old_id, new_id, status = raw[at + 1:end].split(b" ")
        at = end + 1
        end = raw.index(b"\0", at)
        names = [raw[at:end]]
        at = end + 1
        if status[:1] in b"RC":
            end = raw.index(b"\0", at)
            names.append(raw[at:end])
            at = end + 1
        files.append({"status": status[:1].decode(), "old": names[0], "new": names[-1], "old_mode": old_mode, "new_mode": new_mode,
                      "old_id": old_id, "new_id": new_id, "hunks": []})
    if raw[at:at + 1] == b"\0":
        at += 1
    lines = raw[at:].split(b"\n")
    index, last_header, i = -1, None, 0
    while i < len(lines):
        line = lines[i]
        if line.startswith(b"diff --git "):
            again = index >= 0 and files[index]["status"] == "T" and line == last_header
            if not again:
                index += 1
            last_header = line
        found = re.match(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line)
        i += 1
        if not found:
            continue
        old_start, new_start = int(found[1]), int(found[3])
        old_left, new_left = (int(found[n]) if found[n] is not None else 1 for n in (2, 4))
        hunk = {"at": (old_start, old_left, new_start, new_left), "lines": []}
        while old_left > 0 or new_left > 0:
            kind = lines[i][:1]
            if kind != b"\\":
                hunk["lines"].append(lines[i])
                old_left -= kind in (b" ", b"-")
                new_left -= kind in (b" ", b"+")
            i += 1
        files[index]["hunks"].append(hunk)
    return files


def name(value, key=None):
    """A file name of the JSON as bytes."""
    if key is not None:
        return bytes.fromhex(value[key + "_hex"]) if key + "_hex" in value else value[key].encode()
    return value.encode() if isinstance(value, str) else name(value, "name")


class Checker:
    def __init__(self, repo, base, head, tutorial):
        self.repo, self.base, self.head, self.t = repo, base, head, tutorial
        self.faults = []
        self.raw = diff_bytes(repo, base, head)
        self.files = parse(self.raw)
        self.units = {}   # id -> (file, hunk or None)
        number = 0
        for file in self.files:
            for hunk in file["hunks"]:
                number += 1
                self.units[f"H{number}"] = (file, hunk)
            if not file["hunks"]:
                number += 1
                self.units[number] = (file, None)   # the letter is the tutorial's word for its kind

    def fault(self, text):
        self.faults.append(text)

    def unit(self, hunk_id):
        if hunk_id in self.units:
            return self.units[hunk_id]
        return self.units.get(int(hunk_id[1:])) if hunk_id[1:].isdigit() and hunk_id[:1] in "RMBES" else None

    @staticmethod
    def path(file):
        return file["old"] if file["status"] == "D" else file["new"]

    def changed(self, unit):
        if unit[1] is None:
            return {0}
        return {i for i, line in enumerate(unit[1]["lines"]) if line[:1] in b"+-"}

    def run(self):
        t = self.t
        if t["schema_version"] != 1:
            self.fault("schema version")
        if t["diff_hash"] != hashlib.sha256(self.raw).hexdigest():
            self.fault("the diff's hash differs")
        if len(t["steps"]) > 12:
            self.fault(f"{len(t['steps'])} steps")
        if [s["id"] for s in t["steps"]] != list(range(1, len(t["steps"]) + 1)):
            self.fault("steps are not numbered in order")
        self.check_hunks()
        self.check_evidence()
        self.check_folds()
        self.check_text()
        if not self.faults:
            self.faults += check_words.Words(self).run()
        return self.faults

    def show(self, side, path):
        return git(self.repo, "cat-file", "blob", f"{self.base if side == 'base' else self.head}:{path}")

    def check_hunks(self):
        seen = set()
        self.atoms = []   # (hunk id, first, last, step, rule)
        self.step_files = {}
        for h in self.t["hunks"]:
            unit = self.unit(h["id"])
            if unit is None or h["id"] in seen:
                self.fault(f"{h['id']}: no such hunk, or twice")
                continue
            seen.add(h["id"])
            file, hunk = unit
            if name(h, "file") != self.path(file) or name(h, "old_file") != file["old"]:
                self.fault(f"{h['id']}: another file")
            if hunk and (h["old_start"], h["old_lines"], h["new_start"], h["new_lines"]) != hunk["at"]:
                self.fault(f"{h['id']}: another place")
            placed = []
            for a in h["atoms"]:
                placed += range(a["first"], a["last"] + 1)
                self.atoms.append((h["id"], a["first"], a["last"], a["step"], a["rule"]))
                self.step_files.setdefault(a["step"], set()).add(self.path(file))
                if not 1 <= a["step"] <= len(self.t["steps"]):
                    self.fault(f"{h['id']}: no step {a['step']}")
            if sorted(placed) != sorted(self.changed(unit)):
                self.fault(f"{h['id']}: changed lines are not each in one atom")
        if len(seen) != len(self.units):
            self.fault(f"{len(self.units) - len(seen)} hunks are missing")

    def inside(self, e, where):
        unit = self.unit(e["hunk"])
        if unit is None:
            self.fault(f"{where}: no hunk {e['hunk']}")
            return False
        size = len(unit[1]["lines"]) if unit[1] else 1
        if not 0 <= e["first"] <= e["last"] < size:
            self.fault(f"{where}: {e['hunk']} has no lines {e['first']} to {e['last']}")
            return False
        if name(e, "file") != self.path(unit[0]):
            self.fault(f"{where}: {e['hunk']} is in another file")
        return True

    def check_evidence(self):
        for step in self.t["steps"]:
            shown = set()
            for e in step["evidence"]:
                if self.inside(e, f"step {step['id']}"):
                    self.check_moved(e)
                    shown |= {(e["hunk"], i) for i in range(e["first"], e["last"] + 1)}
            for hunk, first, last, at, rule in self.atoms:
                if at == step["id"] and not rule and any((hunk, i) not in shown for i in range(first, last + 1)):
                    self.fault(f"step {at}: does not show {hunk}")
            if {name(f) for f in step["files"]} != self.step_files.get(step["id"], set()):
                self.fault(f"step {step['id']}: its files are not those of its atoms")

    def check_moved(self, e):
        if "moved_line" not in e:
            return
        lines = [line for line in self.unit(e["hunk"])[1]["lines"][e["first"]:e["last"] + 1] if line[:1] in b"+-"]
        if len({line[:1] for line in lines}) != 1:
            self.fault(f"{e['hunk']}: added and removed lines moved together")
            return
        there = git(self.repo, "cat-file", "blob", (self.base if lines[0][:1] == b"+" else self.head).encode() + b":" + name(e, "moved_file"))
        there = [line.strip() for line in there.split(b"\n")][e["moved_line"] - 1:]
        for ours, theirs in zip([line[1:].strip() for line in lines], [*there, *[b""] * len(lines)]):
            if ours != theirs and ours:
                self.fault(f"{e['hunk']}: {ours!r} did not stand in {e['moved_file']}")
                return

    def check_folds(self):
        listed = {}
        for f in self.t["folded"]:
            if f["places"] != len(f["evidence"]):
                self.fault("a fold counts its places wrong")
            for e in f["evidence"]:
                if self.inside(e, "folded"):
                    listed[(e["hunk"], e["first"], e["last"])] = (f["step"], f["rule"])
                unit = self.unit(e["hunk"])
                if unit and f["rule"] == "byte-identical" and not self.identical(unit[0]):
                    self.fault(f"{e['hunk']} is not byte-identical")
        ours = {(h, a, b): (step, rule) for h, a, b, step, rule in self.atoms if rule}
        if ours != listed:
            self.fault("the folded list is not what the atoms say")

    def identical(self, file):
        if file["status"] not in "RC" or file["old_mode"] != file["new_mode"]:
            return False
        old = git(self.repo, "cat-file", "blob", file["old_id"].decode())
        return old == git(self.repo, "cat-file", "blob", file["new_id"].decode())

    def check_text(self):
        for step in self.t["steps"]:
            for key in ("title", "intent"):
                if not step[key] or re.search(r"[\x00-\x1f\x7f]", step[key]):
                    self.fault(f"step {step['id']}: {key} is empty or has control bytes")
            if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", step["body_markdown"]):
                self.fault(f"step {step['id']}: control bytes in its body")

    def figures(self):
        lines = {True: 0, False: 0}
        for hunk, first, last, _, rule in self.atoms:
            lines[bool(rule)] += last - first + 1 if hunk.startswith("H") else 0
        # Where two steps need each other any order breaks one of the two.
        needs = {s["id"]: set(s["needs"]) for s in self.t["steps"]}
        return {"steps": len(needs), "to_read": lines[False], "folded": lines[True], "needs": sum(map(len, needs.values())),
                "forward": sum(n > s for s, ns in needs.items() for n in ns), "checks": len(self.t["checks"]),
                "micros": self.t["cost"]["micros"], "lines": lines[True] + lines[False]}


def check(repo, base, head, text):
    """Faults and figures of one tutorial."""
    base = EMPTY_TREE if base == "empty" else base
    checker = Checker(repo, base, head, json.loads(text))
    faults = schema.faults(checker.t)
    return faults or checker.run(), checker.figures()


def run_program(program, repo, base, head):
    texts = [subprocess.run([program, repo, base, head], capture_output=True, check=True).stdout.decode("utf-8") for _ in range(2)]
    faults, figures = check(repo, base, head, texts[0])
    without_cost = [re.sub(r'"micros": \d+', "", t) for t in texts]
    if without_cost[0] != without_cost[1]:
        faults.append("two runs print different tutorials")
    return faults, figures


def main(args):
    if len(args) == 5 and args[0] == "--program":
        faults, figures = run_program(*args[1:])
    elif len(args) == 4:
        text = sys.stdin.read() if args[3] == "-" else open(args[3], encoding="utf-8").read()
        faults, figures = check(args[0], args[1], args[2], text)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for fault in faults:
        print(f"FAULT {fault}")
    print(json.dumps(figures))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
