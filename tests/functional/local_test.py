#!/usr/bin/env python3
"""`pika-git local`: the page of a branch as one file, without a server."""
import html.parser
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN  # noqa: E402
from pikatest.project import IDENTITY  # noqa: E402


class Links(html.parser.HTMLParser):
    """Every address that the page would load or lead to."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.scripts, self.titles, self.heading = [], 0, [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.scripts += tag == "script" and any(name == "src" for name, _ in attributes)
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href", "action", "data")]


class LocalTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.tree = pathlib.Path(self.folder.name) / "tree"
        (self.tree / "src").mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        (self.tree / "src/a.py").write_text("def one():\n    return 1\n")
        self.commit("Start")

    def git(self, *words):
        return subprocess.run(["git", "-C", self.tree, *words], check=True, capture_output=True, text=True, env={**os.environ, **IDENTITY}).stdout

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def local(self, *words, folder=None, **environment):
        plain = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        return subprocess.run([BIN / "pika-git", "local", *map(str, words)], cwd=folder or self.tree, capture_output=True, text=True, env={**plain, **environment})

    def branch(self):
        self.git("checkout", "-q", "-b", "topic")
        (self.tree / "src/a.py").write_text("def one():\n    return 1\n\n\ndef two():\n    return one() + one()\n")
        self.commit("Count to two")

    def test_the_page_of_a_branch_is_one_file_that_loads_nothing(self):
        self.branch()
        answer = self.local("--out", "page.html", folder=self.tree / "src")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("1 step, 4 of 4 changed lines to read", answer.stdout)
        text = (self.tree / "src/page.html").read_text()
        self.assertIn("Count to two", text)
        self.assertIn("Add two", text)
        links = Links(text)
        self.assertEqual(links.scripts, 0)
        self.assertEqual([a for a in links.addresses if not a.startswith(("#", "data:")) and a], [])
        self.assertEqual(self.local("--out", "-", "--base", "main").stdout.count("<!doctype html>") + text.lower().count("<!doctype html>"), 2)

    def test_uncommitted_work_is_in_it_only_when_asked_for_and_the_index_stays_as_it_is(self):
        self.branch()
        (self.tree / "src/new.py").write_text("def three():\n    return 3\n")
        before = self.git("status", "--porcelain=v2")
        self.assertNotIn("three", self.local("--out", "-").stdout)
        self.assertIn("three", self.local("--out", "-", "--include-uncommitted").stdout)
        self.assertEqual(self.git("status", "--porcelain=v2"), before)

    def test_a_browser_shows_it_when_asked_and_a_missing_one_is_told(self):
        self.branch()
        tools = pathlib.Path(self.folder.name) / "tools"
        tools.mkdir()
        opener = tools / "xdg-open"
        opener.write_text(f'#!/bin/sh\necho "$1" > "{tools}/opened"\n')
        opener.chmod(0o755)
        path = {"PATH": f"{tools}:{os.environ['PATH']}"}
        out = pathlib.Path(self.folder.name) / "page.html"
        self.assertEqual(self.local("--out", out, **path).returncode, 0)
        self.assertFalse((tools / "opened").exists())  # nobody looks on
        self.assertEqual(self.local("--out", out, "--open", **path).returncode, 0)
        self.assertEqual((tools / "opened").read_text().strip(), str(out))
        opener.write_text("#!/bin/sh\necho no display >&2\nexit 3\n")
        failed = self.local("--out", out, "--open", **path)
        self.assertEqual(failed.returncode, 4)
        self.assertIn("the page is written, and no browser opened it: no display", failed.stderr)
        self.assertIn("--no-open", failed.stderr)

    def test_what_cannot_be_told_is_said(self):
        alone = self.local()
        self.assertEqual(alone.returncode, 2)
        self.assertIn("nothing to compare with", alone.stderr)
        nowhere = self.local(folder=self.folder.name)
        self.assertEqual(nowhere.returncode, 2)
        self.assertIn("no git repository", nowhere.stderr)
        wrong = self.local("--base", "nothing-of-the-kind")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("nothing-of-the-kind", wrong.stderr)
        self.branch()
        for name, word in ((pathlib.Path(self.folder.name) / "missing" / "page.html", "No such file"), (self.tree / "src", "is a folder")):
            unwritable = self.local("--out", name)
            self.assertEqual(unwritable.returncode, 2)
            self.assertIn(str(name), unwritable.stderr)
            self.assertIn(word, unwritable.stderr)
        bare = pathlib.Path(self.folder.name) / "bare.git"
        self.git("clone", "-q", "--bare", self.tree, bare)
        self.assertIn("no work tree", self.local("--repo", bare, "--base", "main", "--include-uncommitted").stderr)

    def test_a_pipe_and_a_link_stay_what_they_are(self):
        self.branch()
        outside = pathlib.Path(self.folder.name)
        os.mkfifo(outside / "pipe")
        with subprocess.Popen(["cat", outside / "pipe"], stdout=subprocess.PIPE, text=True) as reader:
            self.assertEqual(self.local("--out", outside / "pipe").returncode, 0)
            self.assertIn("Count to two", reader.communicate()[0])
        self.assertTrue((outside / "pipe").is_fifo())
        (outside / "real.html").write_text("old")
        (outside / "link.html").symlink_to("real.html")
        self.assertEqual(self.local("--out", outside / "link.html").returncode, 0)
        self.assertTrue((outside / "link.html").is_symlink())
        self.assertIn("Count to two", (outside / "real.html").read_text())

    def test_uncommitted_work_on_the_only_branch_is_all_that_is_told_and_an_older_page_is_no_work(self):
        (self.tree / "src/b.py").write_text("def two():\n    return 2\n")
        for _ in range(2):
            answer = self.local("--include-uncommitted")
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertIn("1 step, 2 of 2 changed lines to read", answer.stdout)
        self.commit("And the page")  # somebody wants it there
        self.assertEqual(self.local("--include-uncommitted").returncode, 0)
        self.assertIn("pika.html", self.local("--include-uncommitted", "--base", "HEAD", "--out", "-").stdout)


if __name__ == "__main__":
    unittest.main()
