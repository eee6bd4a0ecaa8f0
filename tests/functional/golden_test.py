"""What pikaci says, word for word: help, and every command as human, json and jsonl. Ids, times and what only this host
has are made the same. PIKA_UPDATE=1 writes golden/ anew, and then a person reads the difference."""
import difflib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, Project, main  # noqa: E402

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
FORMATS = ["human", "json", "jsonl"]
CATALOGUE = """version = 1
nightly_schedule_utc = "08:00"
[groups]
code = ["src/**", "!**/*.md"]
[concurrency_groups]
device = 2
[[lane]]
id = "unit"
title = "check-unit"
paths = ["@code"]
target = "unit"
concurrency_group = "device"
[[lane]]
id = "broken"
paths = ["src/**"]
command = ["sh", "-c", "echo first; echo 'src/a.c:1: wrong' >&2; exit 3"]
runtime = "host_process"
[[lane]]
id = "ship"
paths = ["ship/**", "src/**"]
needs = ["broken"]
command = ["true"]
runtime = "host_process"
required = false
[[lane]]
id = "portable"
paths = ["ports/**", "gone/**"]
command = ["sh", "-c", "echo ${matrix.cc}"]
runtime = "host_process"
matrix = { cc = ["gcc", "clang"] }
[[lane]]
id = "night"
nightly = true
command = ["true"]
[targets.unit]
description = "Build and test"
[[targets.unit.jobs]]
id = "build"
command = ["sh", "-c", "echo made > out.txt; echo built"]
runtime = "host_process"
artifacts = ["out.txt", "none/**"]
[[targets.unit.jobs]]
id = "test"
command = ["sh", "-c", "echo tested"]
runtime = "host_process"
needs = ["build"]
limits = { time = "5m" }
"""
POLICY = 'version = 1\n[target.main]\nrequired_lanes = ["unit", "broken"]\n'
WORKFLOW = """on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: somebody/something@v1
      - run: make test
"""
# What differs from host to host, or from run to run, in JSON.
HOST_KEYS = {"workspace_kind", "enforced", "not_enforced", "environment", "used", "kernel", "git", "limits", "sandbox", "why_not", "remedy", "nix",
             "nix_words", "log_bytes_stored", "started_at", "finished_at", "created_at", "time", "freed_bytes", "removed_bytes", "took_us"}
# Of the plan of a job, "limits" is what the catalogue says.
STABLE_LIMITS = {"time_us", "memory_bytes", "grace_us", "time"}


def same(value):
    """A JSON value with what differs made the same."""
    if isinstance(value, dict):
        out = {}
        for key, inner in value.items():
            of_host = key in HOST_KEYS and not (key == "limits" and isinstance(inner, dict) and STABLE_LIMITS & set(inner))
            out[key] = "…" if of_host else same(inner)
        return out
    if isinstance(value, list):
        return [same(v) for v in value]
    return value


def text_of(output, format):
    """Standard output as it is compared."""
    if format == "human" or not output.strip():
        return re.sub(r"workspace (overlay|reflink|copy)", "workspace KIND", output)
    if format == "json":
        return json.dumps(same(json.loads(output)), indent=1, ensure_ascii=False) + "\n"
    lines = [json.loads(line) for line in output.splitlines()]
    # How many lines of progress there are depends on the clock.
    return "".join(json.dumps(same(line), ensure_ascii=False) + "\n" for line in lines if line.get("event") != "job_progress")


class Scene:
    """A repository with a change, and a state folder that a job's user may reach."""

    def __init__(self, files):
        self.project = Project(files=files)
        self.folder = tempfile.TemporaryDirectory(prefix="pika-golden-")
        os.chmod(self.folder.name, 0o755)
        self.ids = {}

    def close(self):
        self.folder.cleanup()
        self.project.__exit__()

    def run(self, *words, folder=None):
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1",
                       "XDG_STATE_HOME": self.folder.name, "PIKA_SECRET": "s3cret"}
        return subprocess.run([BIN / "pikaci", *words], cwd=folder or self.project.folder, env=environment, capture_output=True, text=True)

    def normal(self, text):
        for path, name in ((self.folder.name + "/pikaci", "STATE"), (self.folder.name, "FOLDER"), (str(self.project.folder), "REPO"),
                           (self.project.folder.name, "REPO"), (str(BIN), "BIN")):
            text = text.replace(path, name)
        # Run ids in the order in which they are seen.
        text = re.sub(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", lambda m: self.ids.setdefault(m[0], f"RUN{len(self.ids) + 1}"), text)
        text = re.sub(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?Z?", "TIME", text)
        text = re.sub(r"\b(\d+h )?(\d+m )?\d+(\.\d+)?s\b(?!\w)", "TOOK", text)
        text = re.sub(r"\b\d+ ?ms\b", "TOOK", text)
        text = re.sub(r"TOOK +", "TOOK  ", text)
        return re.sub(r"local-[0-9a-f]{16}", "local-DOMAIN", text)


class Golden(unittest.TestCase):
    maxDiff = None

    def check(self, name, sections):
        """`sections`: (command line, exit code, standard output, standard error)."""
        text = ""
        for line, code, out, err in sections:
            text += f"$ {line}\n" + "".join(f"{each}\n" for each in out.splitlines())
            text += "".join(f"! {each}\n" for each in err.splitlines()) + f"exit {code}\n\n"
        path = GOLDEN / f"{name}.txt"
        if os.environ.get("PIKA_UPDATE"):
            GOLDEN.mkdir(exist_ok=True)
            path.write_text(text)
        want = path.read_text() if path.exists() else ""
        if text != want:
            difference = "".join(difflib.unified_diff(want.splitlines(True), text.splitlines(True), "golden", "now", n=2))
            self.fail(f"{path.name}; PIKA_UPDATE=1 writes it anew\n{difference}")

    def scene(self, files):
        scene = Scene(files)
        self.addCleanup(scene.close)
        return scene

    def said(self, scene, *words):
        """One command in each format."""
        out = []
        for format in FORMATS:
            answer = scene.run(*words, "-o", format)
            out.append((scene.normal(f"pikaci {' '.join(words)} -o {format}"), answer.returncode, scene.normal(text_of(answer.stdout, format)),
                        scene.normal(answer.stderr)))
        return out

    def changed(self):
        scene = self.scene({"ci/pikaci.toml": CATALOGUE, "ci/policy.toml": POLICY, "src/a.c": "int a;\n", "docs/a.md": "a\n", "ports/p": "p\n"})
        scene.project.branch("topic")
        scene.project.write("src/a.c", "int b;\n")
        scene.project.commit("Another")
        scene.project.write("src/new.c", "int c;\n")  # not committed
        return scene

    def test_help(self):
        scene = self.scene({"a": "a\n"})
        answer = scene.run("--help")
        commands = re.findall(r"^  ([a-z-]+)  +[A-Z]", answer.stdout.split("Subcommands:")[1], re.M)
        self.assertGreater(len(commands), 18)
        sections = [("pikaci --help", answer.returncode, answer.stdout, answer.stderr)]
        for command in commands:
            answer = scene.run(command, "--help")
            sections.append((f"pikaci {command} --help", answer.returncode, answer.stdout, answer.stderr))
        self.check("help", sections)

    def test_what_the_catalogue_says(self):
        scene = self.changed()
        for command in (["lanes"], ["targets"], ["select"], ["select", "--base", "HEAD"], ["why", "unit"], ["why", "night"], ["why", "portable.gcc"],
                        ["plan"], ["plan", "ship"], ["lint"], ["schema", "policy"]):
            with self.subTest(command=command):
                self.check("-".join(command).replace("---", "-").replace(".", "-"), self.said(scene, *command))

    def test_runs_and_what_is_left_of_them(self):
        scene = self.changed()
        host = "--allow-host-process"
        self.check("run", self.said(scene, "run", host))
        self.check("run-unit", self.said(scene, "run", host, "unit"))
        self.check("run-fail-fast", self.said(scene, "run", host, "--fail-fast", "broken", "unit"))
        for command in (["list", "-n", "2"], ["status", "last"], ["logs", "last", "-j", "broken"], ["artifacts", "last"], ["rerun", "last", host],
                        ["replay", "last", host], ["cancel", "last"], ["gc", "--dry-run"]):
            with self.subTest(command=command):
                self.check(command[0], self.said(scene, *command))
        unit = next(line.split()[0] for line in scene.run("list").stdout.splitlines() if "check-unit" in line or "unit" in line)
        self.check("logs-of-several", self.said(scene, "logs", unit))
        self.check("artifacts-of-unit", self.said(scene, "artifacts", unit))

    def test_first_catalogues(self):
        scene = self.scene({"Makefile": "test:\n\ttrue\n", ".github/workflows/ci.yml": WORKFLOW})
        self.check("init", self.said(scene, "init", "--print"))
        self.check("import", self.said(scene, "import", "--print"))
        written = scene.run("init")
        again = scene.run("init")
        self.check("init-twice", [("pikaci init", written.returncode, scene.normal(written.stdout), scene.normal(written.stderr)),
                                  ("pikaci init", again.returncode, scene.normal(again.stdout), scene.normal(again.stderr))])

    def test_doctor(self):
        scene = self.changed()
        human, as_json, as_line = self.said(scene, "doctor")
        # For people its rows are this host's; that they are these rows is kept.
        known = ("repository", "catalogue", "state", "git", "sandbox", "nix")
        rows = [word for line in human[2].splitlines() for word in line.split()[1:2] if word in known]
        self.assertEqual(tuple(dict.fromkeys(rows)), known)
        self.check("doctor", [as_json, as_line] if human[1] == 0 else [])

    def test_completion(self):
        scene = self.scene({"a": "a\n"})
        self.check("completion", [(f"pikaci completion {shell}", a.returncode, a.stdout, a.stderr)
                                  for shell in ("bash", "tcsh") for a in [scene.run("completion", shell)]])

    def test_what_is_wrong(self):
        scene = self.changed()
        sections = []
        for command in (["rnu"], ["run", "untit"], ["run", "--outptu", "json"], ["why", "untit"], ["status", "nothing"], ["select", "--base", "nowhere"],
                        ["run", "unit"], ["schema", "catalog"], ["logs", "last", "-j", "x"]):
            sections += self.said(scene, *command)
        scene.project.write("ci/pikaci.toml", CATALOGUE.replace("paths = [\"@code\"]", "pahts = [\"@cod\"]").replace("needs = [\"broken\"]", "needs = [\"brokn\"]"))
        sections += self.said(scene, "run")
        sections += self.said(scene, "lint")
        os.remove(scene.project.folder / "ci/pikaci.toml")
        sections += self.said(scene, "run")
        answer = scene.run("run", folder=scene.folder.name)
        sections.append(("pikaci run  # where no repository is", answer.returncode, scene.normal(answer.stdout), scene.normal(answer.stderr)))
        self.check("wrong", sections)


if __name__ == "__main__":
    main()
