"""This project built and tested by its own catalogue, in the sandbox, as an ordinary user: cold, then with one file
edited and the caches of the first run, then that edit again without them. The three verdicts must be the same."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from figures import milliseconds
from pikatest import BIN
from pikatest.project import IDENTITY

ROOT = pathlib.Path(__file__).resolve().parent.parent
ORDINARY = 61234  # no account: nothing of the machine is theirs
LANE = "check-unit"


class User:
    """An ordinary user with a clone of this project's HEAD."""

    def __init__(self, folder):
        self.folder = folder
        self.clone = folder / "pika"
        self.dropped = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups"] if os.geteuid() == 0 else []
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, self.clone], check=True)
        if self.dropped:
            subprocess.run(["chown", "-R", f"{ORDINARY}:{ORDINARY}", folder], check=True)

    def run(self, words, **more):
        environment = {**IDENTITY, "HOME": str(self.folder), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        return subprocess.run([*self.dropped, *map(str, words)], env=environment, **{"cwd": self.clone, **more})

    def lane(self, state):
        """(record of the lane's only job, its milliseconds, what was printed about caches)."""
        words = [BIN / "pikaci", "run", LANE, "--state", self.folder / state]
        answer = []
        took = milliseconds(lambda: answer.append(self.run(words, capture_output=True, text=True, errors="replace")))
        story = [line.strip() for line in answer[0].stdout.splitlines() if "caches:" in line]
        listed = self.run([BIN / "pikaci", "list", "--state", self.folder / state, "--output", "json"], capture_output=True, text=True, check=True)
        record = next(run for run in json.loads(listed.stdout)["runs"])["jobs"][0]
        if answer[0].returncode not in (0, 1):
            raise RuntimeError(f"pikaci run {LANE} exited {answer[0].returncode}: {answer[0].stdout[-3000:]}{answer[0].stderr[-1000:]}")
        return record, took, " ".join(story), answer[0].stdout


def verdict(record):
    return record["status"], record["failure"], record.get("exit_code")


def measure(table):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pika-own-"))
    try:
        os.chmod(folder, 0o755)
        user = User(folder)
        cold, cold_took, _, said = user.lane("state")
        if verdict(cold)[0] != "passed":
            raise RuntimeError(f"the cold build did not pass: {verdict(cold)}\n{said[-3000:]}")
        edited = user.clone / "libs/base/src/text.cpp"
        user.run(["sh", "-c", 'echo "// edited" >> "$1"', "sh", edited], check=True)
        warm, warm_took, story, _ = user.lane("state")
        again, again_took, _, _ = user.lane("other-state")
        table.add("this project's own lane in the sandbox, ordinary user, cold", f"{cold_took / 1000:.0f} s", verdict(cold)[0])
        table.add("one file edited, with the caches of that run", f"{warm_took / 1000:.0f} s, {verdict(warm)[0]}",
                  f"the same edit without them: {again_took / 1000:.0f} s, {verdict(again)[0]}")
        table.add("what pikaci said of it", story or "nothing", "")
        if verdict(warm) != verdict(again):
            raise RuntimeError(f"with its caches the build ended {verdict(warm)}, without them {verdict(again)}")
        if not story:
            raise RuntimeError("pikaci did not say what the caches did")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
