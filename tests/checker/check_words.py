"""Are the facts that a page's words state those of the diff? Counts of lines and files, the lines that lists point to, the edits
that are said to be the same, what is said to be new or gone. Read from the words, with no code of the explainer.

Names are looked for as they are shown; those that quoting or cutting changed are passed over."""
import re

PLACE = r"\(`([^`]+)`, (?:old )?line (\d+)[);]"
NUMBER = r"([\d,]+)"


def number(text):
    return int(text.replace(",", ""))


class Words:
    def __init__(self, checker):
        self.c, self.t, self.faults = checker, checker.t, []
        self.lines = {}   # step -> [added, removed] as bytes without the mark
        self.blobs = {}
        for hunk, first, last, step, _ in checker.atoms:
            text = checker.unit(hunk)[1]
            for line in text["lines"][first:last + 1] if text else []:
                if line[:1] in b"+-":
                    self.lines.setdefault(step, ([], []))[line[:1] == b"-"].append(line[1:])

    def run(self):
        for step in self.t["steps"]:
            self.at = f"step {step['id']}"
            added, removed = self.lines.get(step["id"], ([], []))
            self.counts(step["intent"], len(added), len(removed))
            self.files(step)
            self.table(step)
            self.lists(step, added, removed)
        self.at = "summary"
        ours = [line for step in self.lines.values() for line in step[0]], [line for step in self.lines.values() for line in step[1]]
        self.counts(self.t["summary"], *map(len, ours))
        self.steps_said()
        return self.faults

    def fault(self, text):
        self.faults.append(f"{self.at}: {text}")

    def counts(self, text, added, removed):
        said = re.search(NUMBER + r" lines? added and " + NUMBER + r" removed", text)
        only = re.search(NUMBER + r" lines? (added|removed)(?! and)", text)
        if said:
            if (number(said[1]), number(said[2])) != (added, removed):
                self.fault(f"says {said[0]}, and they are {added} and {removed}")
        elif only:
            if (number(only[1]), 0 if only[2] == "added" else number(only[1])) not in ((added, 0), (removed, removed)) or added * removed:
                self.fault(f"says {only[0]}, and they are {added} and {removed}")
        elif added + removed:
            self.fault("does not say how many lines change")

    def files(self, step):
        said = re.search(r" in (?:\d+ of )?" + NUMBER + r" files?:", step["intent"])
        if said and number(said[1]) != len(step["files"]):
            self.fault(f"says {said[0]}, and they are {len(step['files'])}")
        parts = re.findall(r"(?:[Aa]dds|[Mm]oves or renames|[Cc]opies|[Cc]hanges|[Dd]eletes) " + NUMBER + r" files?", step["intent"])
        if parts and sum(map(number, parts)) != len(step["files"]):
            self.fault(f"speaks of {sum(map(number, parts))} files, and they are {len(step['files'])}")

    def table(self, step):
        ours = {}
        for hunk, first, last, at, _ in self.c.atoms:
            if at == step["id"]:
                file, text = self.c.unit(hunk)
                count = ours.setdefault(self.c.path(file), [0, 0])
                for line in text["lines"][first:last + 1] if text else []:
                    count[line[:1] == b"-"] += line[:1] in b"+-"
        for name, added, removed in re.findall(r"^\| `([^`|\\]+)` \| \w[\w ]* \| \+(\d+) −(\d+) \|", step["body_markdown"], re.M):
            if name.encode() in ours and ours[name.encode()] != [int(added), int(removed)]:
                self.fault(f"says +{added} −{removed} of {name}, and they are {ours[name.encode()]}")

    def blob(self, side, path):
        key = (side, path)
        if key not in self.blobs:
            try:
                self.blobs[key] = self.c.show(side, path).decode("utf-8", "replace").split("\n")
            except Exception:  # noqa: BLE001  it is not there on that side
                self.blobs[key] = None
        return self.blobs[key]

    def lists(self, step, added, removed):
        section = ""
        for line in step["body_markdown"].split("\n"):
            if line.startswith("**") and line.endswith("**"):
                section = line.strip("*")
            if not line.startswith("- "):
                continue
            if section == "The same edit in many places":
                self.edit(line, added, removed)
            place = re.search(PLACE, line)
            name = re.match(r"- `([^`]+)`", line)
            if place and name and section in ("Added", "Changed", "Removed"):
                self.place(section, name[1], place[1], int(place[2]))

    def place(self, section, shown, path, line):
        text = self.blob("base" if section == "Removed" else "head", path)
        if text is None or not 1 <= line <= len(text):
            return self.fault(f"{section}: {path} has no line {line}")
        # The name is what comes before the first bracket, without its scope.
        words = re.findall(r"[^\W\d]\w+", shown)
        # Decorators and attributes belong to it, and can be long.
        led = text[line - 1].lstrip().startswith(("@", "#[", "[["))
        near = "\n".join(text[line - 1:line + (120 if led else 8)])
        if words and "…" not in shown and not any(w in near for w in words):
            self.fault(f"{section}: {shown} is not at {path}:{line}")

    def edit(self, line, added, removed):
        join = lambda lines: b"\n".join(lines).decode("utf-8", "replace")  # noqa: E731
        said = re.match(r"- (?:Replace `([^`]+)` by `([^`]+)` in|Remove `([^`]+)` from|Add `([^`]+)` to) " + NUMBER + r" lines?$", line)
        if not said or "…" in line:
            return
        gone, come, n = said[1] or said[3] or "", said[2] or said[4] or "", number(said[5])
        if gone and sum(gone in x.decode("utf-8", "replace") for x in removed) < n:
            self.fault(f"{line}: it is in fewer lines that go")
        if come and sum(come in x.decode("utf-8", "replace") for x in added) < n:
            self.fault(f"{line}: it is in fewer lines that come")
        if gone and not come and gone not in join(removed):
            self.fault(f"{line}: nothing of it goes")

    def steps_said(self):
        said = re.search(r"told in " + NUMBER + r" steps?", self.t["summary"])
        if self.t["steps"] and (not said or number(said[1]) != len(self.t["steps"])):
            self.fault("says another number of steps")
        folded = re.search(NUMBER + r" of " + NUMBER + r" lines? changed match(?:es)? a checked rule", self.t["summary"])
        lines = self.t["lines"]
        if folded and (number(folded[1]), number(folded[2])) != (lines["folded"], lines["changed"]):
            self.fault("says another number of folded lines")
