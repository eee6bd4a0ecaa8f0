"""script/server: what a newcomer meets first."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, ROOT, Project, adopt_orphans, descendants, main, processes, run, wait_until  # noqa: E402
from pikatest.project import IDENTITY, shell  # noqa: E402

LANES = {"unit": {"command": shell("echo tested; test -e README.md")}}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServerScript(unittest.TestCase):
    def setUp(self):
        adopt_orphans()
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.port = free_port()
        self.addCleanup(self.end_all)
        self.script = None

    def end_all(self):
        if self.script and self.script.poll() is None:
            self.end()
        processes.kill_all(processes.find(None, "pika-runner"))
        wait_until(lambda: processes.reap() or not descendants(), "every process to end", 30)

    def project(self, commits=3):
        project = Project(LANES)
        self.addCleanup(project.__exit__)
        for number in range(commits):
            for name in "abc":
                project.write(f"src/{name}{number}.txt", f"{name}\n" * 5)
            project.commit(f"Change {number}")
        return project

    def start(self, *words):
        """Runs the script until its last line; gives what it said."""
        self.script = subprocess.Popen(
            [ROOT / "script/server", "--no-setup", "--port", str(self.port), "--data", self.folder / "data", *map(str, words)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
            env={**os.environ, **IDENTITY, "PIKA_BIN": str(BIN), "PIKA_LOG": str(self.folder / "server.log")})
        processes.waited_elsewhere(self.script.pid)
        said = ""
        for line in self.script.stdout:
            said += line
            if "Press Ctrl-C" in line:
                return said
        self.script.wait(timeout=60)
        return said

    def end(self):
        self.script.send_signal(signal.SIGTERM)
        self.script.wait(timeout=60)
        self.script.stdout.close()

    def get(self, address):
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.status, answer.read().decode()

    def test_it_says_where_the_page_is_and_the_lanes_finish(self):
        project = self.project()
        said = self.start(project.folder)
        page = re.search(r"the branch page\s+(\S+)", said)
        self.assertTrue(page, said)
        status, text = self.get(page.group(1))
        self.assertEqual(status, 200)
        wait_until(lambda: "ci: success" in self.get(page.group(1))[1], "the lanes to finish")
        text = self.get(page.group(1))[1]
        for words in ("Summary", "Tutorial Steps", "Evidence", "Change 2", "src/a2.txt"):
            self.assertIn(words, text)
        self.assertEqual(self.get(re.search(r"sign in \(once\)\s+(\S+)", said).group(1))[0], 200)

        # The three commands, as printed.
        commands = re.findall(r"^  (git .*)$", said, re.M)
        self.assertEqual(len(commands), 3, said)
        here = self.folder / "here"
        here.mkdir()
        for number, command in enumerate(commands):
            if number == 2:
                clone = next(here.iterdir())
                (clone / "mine.txt").write_text("mine\n")
                run("git", "-C", clone, "add", "-A", env={**os.environ, **IDENTITY})
                run("git", "-C", clone, "commit", "-q", "-m", "My own", env={**os.environ, **IDENTITY})
            pushed = run("sh", "-c", command, cwd=here, env={**os.environ, **IDENTITY})
        self.assertIn("/branches/2", pushed.stderr)

        # Again: it goes on with what is there. Afresh: it does not.
        self.end()
        again = self.start(project.folder)
        self.assertIn("going on with it", again)
        self.assertIn(page.group(1), again)
        self.assertEqual(self.get(page.group(1))[0], 200)
        self.end()
        wait_until(lambda: not processes.find(None, "pika-git"), "the server to be gone")
        self.assertNotIn("going on with it", self.start("--fresh", project.folder))

    def test_a_detached_head_and_a_shallow_clone_work(self):
        project = self.project()
        project.git("checkout", "-q", "--detach")
        self.assertIn("the branch page", self.start(project.folder))
        self.end()
        run("git", "clone", "-q", "--depth", "3", f"file://{project.folder}", self.folder / "shallow", env={**os.environ, **IDENTITY})
        self.assertIn("the branch page", self.start(self.folder / "shallow"))

    def test_what_cannot_be_shown_is_said(self):
        empty = self.folder / "empty"
        run("git", "init", "-q", empty)
        for words, sentence in (([empty], "has no commit yet"), ([self.folder / "none"], "is no git repository"), (["--port", "x"], "--port takes"),
                                (["--bogus"], "unknown argument '--bogus'")):
            self.assertIn(sentence, self.start(*words))
            self.assertEqual(self.script.returncode, 2)
            self.script.stdout.close()
        (self.folder / "data").mkdir()
        (self.folder / "data/precious").write_text("x")
        self.assertIn("does not look like a data folder", self.start("--fresh", self.project().folder))
        self.script.stdout.close()
        self.assertTrue((self.folder / "data/precious").exists())

    def test_a_port_in_use_is_said_and_nothing_is_left_running(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.port))
            taken.listen()
            said = self.start(self.project().folder)
        self.assertEqual(self.script.returncode, 4, said)
        self.assertIn(str(self.port), said)
        self.script.stdout.close()


if __name__ == "__main__":
    main()
