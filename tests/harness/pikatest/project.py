"""A small git repository with a catalogue, for pushing to a forge."""
import os
import pathlib
import shutil
import tempfile

from .basics import run

# Names a repository may well contain and a page, a shell or a JSON writer may well get wrong.
def hostile_names():
    return [b"with space.txt", b"quote'\".txt", "caf\u00e9.txt".encode(), b"new\nline.txt", b"<script>alert(1)<", b"\xff\xfe.bin",
            b"-rf", b"a&b=c%2F..txt", b"tab\there"]


IDENTITY = {"GIT_AUTHOR_NAME": "Ada Lovelace", "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada Lovelace", "GIT_COMMITTER_EMAIL": "ada@example.org",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}

POLICY = 'version = 1\n[target.main]\nrequired_lanes = [{lanes}]\noverride = ["admin"]\n'


def catalogue(lanes):
    """ci/pikaci.toml with one job a lane. {id: {"command": [...], "paths": [...], "runtime": ..., "time": ...}}"""
    text = "version = 1\n"
    for name, lane in lanes.items():
        text += f'[[lane]]\nid = "{name}"\ntitle = "check-{name}"\ntarget = "{name}"\n'
        if "paths" in lane:
            text += f"paths = [{', '.join(quoted(path) for path in lane['paths'])}]\n"
        text += f'[[targets.{name}.jobs]]\nid = "test"\ncommand = [{", ".join(quoted(word) for word in lane["command"])}]\n'
        text += f'placement = "local"\nruntime = "{lane.get("runtime", "sandbox")}"\nnetwork = "off"\n'
        text += f'limits = {{ memory = "1GiB", time = "{lane.get("time", "5m")}" }}\n'
    return text


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def shell(script):
    """A lane's command that runs a line of shell."""
    return ["/bin/sh", "-c", script]


class Project:
    """A work tree in a temporary folder; `write` and `commit`, then push with `push`."""

    def __init__(self, lanes=None, required=None, files=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pika-project-"))
        self.environment = {**os.environ, **IDENTITY, "HOME": str(self.folder)}
        self.git("init", "-q", "-b", "main")
        self.ticks = 0
        if lanes is not None:
            self.write("ci/pikaci.toml", catalogue(lanes))
            names = lanes.keys() if required is None else required
            self.write("ci/policy.toml", POLICY.format(lanes=", ".join(f'"{name}"' for name in names)))
        for name, text in (files or {"README.md": "A project.\n"}).items():
            self.write(name, text)
        self.commit("The first state")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def git(self, *words, check=True, **options):
        return run("git", *words, check=check, cwd=self.folder, env=self.environment, **options)

    def write(self, name, content):
        path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def commit(self, subject, body=""):
        """Commits all there is, at a time of its own so that the same story gives the same ids."""
        self.ticks += 1
        when = f"2026-01-01T00:{self.ticks // 60:02d}:{self.ticks % 60:02d}Z"
        self.git("add", "-A")
        words = ["commit", "-q", "--allow-empty", "-m", subject] + (["-m", body] if body else [])
        run("git", *words, cwd=self.folder, env={**self.environment, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when})
        return self.head()

    def branch(self, name, start="main"):
        self.git("checkout", "-q", "-b", name, start)

    def head(self, revision="HEAD"):
        return self.git("rev-parse", revision).stdout.strip()

    def push(self, url, *refs, check=True, options=()):
        """Pushes; gives the child with what the forge said in .stderr."""
        words = [word for option in options for word in ("-o", option)]
        return self.git("push", *words, url, *(refs or ["HEAD"]), check=check)
