"""pikaci on a terminal: narrow ones, without colours, in a pipe that ends, interrupted, in a subfolder, on a full disk."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, Project, main  # noqa: E402

CATALOGUE = """version = 1
[[lane]]
id = "a-lane-with-a-name-that-is-longer-than-the-terminal"
command = ["sh", "-c", "echo begun; exec sleep 4321"]
runtime = "host_process"
[[lane]]
id = "bad"
command = ["sh", "-c", "echo 'a very long line of a log that nobody would fold by hand at all'; exit 3"]
runtime = "host_process"
[[lane]]
id = "good"
command = ["true"]
runtime = "host_process"
"""
COLOUR = re.compile(r"\x1b\[\d*m")


def screen(seen):
    """The lines that are left of what a program wrote to a terminal that is wide enough."""
    lines, row, column = [""], 0, 0
    for piece in re.findall(r"\x1b\[\d*[A-Za-z]|\r|\n|[^\x1b\r\n]+", seen):
        if piece == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif piece == "\r":
            column = 0
        elif piece.startswith("\x1b["):
            if piece.endswith("A"):
                row = max(0, row - int(piece[2:-1] or 1))
            elif piece.endswith("J"):
                lines[row] = lines[row][:column]
                del lines[row + 1:]
        else:
            lines[row] = lines[row][:column].ljust(column) + piece + lines[row][column + len(piece):]
            column += len(piece)
    return [line.rstrip() for line in lines if line.strip()]


class Terminal(unittest.TestCase):
    def setUp(self):
        self.state = tempfile.TemporaryDirectory(prefix="pika-terminal-")
        os.chmod(self.state.name, 0o755)
        self.addCleanup(self.state.cleanup)
        self.project = Project(files={"ci/pikaci.toml": CATALOGUE, "deep/er/file": "f\n"})
        self.addCleanup(self.project.__exit__)
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "XDG_STATE_HOME": self.state.name, "TERM": "xterm"}

    def on_terminal(self, *words, columns=80, interrupt_at=None, **environment):
        """All that appears, and the exit code. `interrupt_at`: Ctrl-C is pressed when this has appeared."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        child = subprocess.Popen([BIN / "pikaci", *words], cwd=self.project.folder, env={**self.environment, **environment}, stdin=slave, stdout=slave,
                                 stderr=slave, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        seen = b""
        while True:
            select.select([master], [], [])
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
            if interrupt_at and interrupt_at.encode() in seen:
                os.write(master, b"\x03")
                interrupt_at = None
        os.close(master)
        return seen.decode(), child.wait()

    def piped(self, *words, folder=None):
        return subprocess.run([BIN / "pikaci", *words], cwd=folder or self.project.folder, env=self.environment, capture_output=True, text=True)

    def test_live_lines_fit_a_narrow_terminal_and_are_gone_at_the_end(self):
        seen, code = self.on_terminal("run", "--allow-host-process", "a-lane-with-a-name-that-is-longer-than-the-terminal", columns=30, interrupt_at="  … ")
        self.assertEqual(code, 6)
        live = [line for line in COLOUR.sub("", seen).replace("\x1b[J", "\n").split("\n") if line.lstrip("\r\x1b[1A").startswith("  …")]
        self.assertTrue(live, seen)
        for line in live:
            self.assertLess(len(line.rstrip("\r")), 30, repr(line))
            self.assertRegex(line, r"a-lane-w.*…  [\d.]+ ?(ms|s)", "the time is to be seen")

    def test_ctrl_c_ends_the_run_with_words_and_leaves_nothing(self):
        seen, code = self.on_terminal("run", "--allow-host-process", "a-lane-with-a-name-that-is-longer-than-the-terminal", columns=200, interrupt_at="running")
        self.assertEqual(code, 6)
        self.assertIn("cancelling; once more kills", seen)
        self.assertIn("cancelled", seen)
        self.assertEqual(subprocess.run(["pgrep", "-f", "^sleep 4321$"], capture_output=True, text=True).stdout, "")
        self.assertEqual(json.loads(self.piped("status", "last", "-o", "json").stdout)["status"], "cancelled")

    def test_the_answer_to_ctrl_c_stays_on_the_screen(self):
        seen, code = self.on_terminal("run", "--allow-host-process", "a-lane-with-a-name-that-is-longer-than-the-terminal", columns=200, interrupt_at="running")
        shown = screen(seen)
        self.assertEqual(code, 6)
        self.assertIn("pikaci: cancelling; once more kills", shown)
        self.assertLessEqual(len([line for line in shown if "  … " in line]), 1, shown)
        self.assertTrue(any(" cancelled in " in line for line in shown), shown)

    def test_no_colour_when_it_is_not_wanted(self):
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            with self.subTest(environment=environment):
                seen, code = self.on_terminal("run", "--allow-host-process", "bad", **environment)
                self.assertEqual(code, 1)
                self.assertIsNone(COLOUR.search(seen), repr(seen))
        seen, code = self.on_terminal("run", "--allow-host-process", "bad", NO_COLOR="")
        self.assertIsNotNone(COLOUR.search(seen), "an empty NO_COLOR is none")

    def test_in_a_pipe_it_is_quiet_and_plain(self):
        answer = self.piped("run", "--allow-host-process", "bad", "good")
        self.assertEqual(answer.returncode, 1)
        self.assertNotIn("\x1b", answer.stdout + answer.stderr)
        self.assertNotIn("running", answer.stdout)
        self.assertIn("a very long line of a log", answer.stdout)
        self.assertIn("1 passed, 1 failed", answer.stdout)

    def test_a_pipe_that_ends_does_not_end_the_run(self):
        child = subprocess.Popen([BIN / "pikaci", "run", "--allow-host-process", "good"], cwd=self.project.folder, env=self.environment, stdout=subprocess.PIPE)
        child.stdout.close()
        self.assertEqual(child.wait(), 0)
        self.assertEqual(json.loads(self.piped("status", "last", "-o", "json").stdout)["status"], "passed")

    def test_every_command_that_reads_the_repository_works_in_a_subfolder(self):
        for words in (["lanes"], ["targets"], ["select"], ["plan"], ["lint"], ["why", "good"], ["run", "--allow-host-process", "good"]):
            with self.subTest(words=words):
                above, below = self.piped(*words), self.piped(*words, folder=self.project.folder / "deep/er")
                self.assertEqual(below.returncode, above.returncode)
                self.assertEqual(re.sub(r"[\d.]+ ?m?s\b", "", below.stdout), re.sub(r"[\d.]+ ?m?s\b", "", above.stdout))

    def test_a_full_disk_is_told_as_one_and_is_no_verdict(self):
        if os.geteuid() != 0:
            self.skipTest("a full disk is mounted")
        with tempfile.TemporaryDirectory(prefix="pika-full-") as folder:
            # A disk of its own, in a mount namespace of its own: nobody else sees it.
            script = (f"mount -t tmpfs -o size=128k,mode=755 none {folder} && head -c 100000 /dev/zero > {folder}/taken && "
                      f"cd {self.project.folder} && XDG_STATE_HOME={folder} exec {BIN}/pikaci run --allow-host-process good -o json")
            answer = subprocess.run(["unshare", "-m", "sh", "-c", script], env=self.environment, capture_output=True, text=True)
            document = json.loads(answer.stdout)
            self.assertEqual((answer.returncode, document["exit_code"]), (4, 4), answer.stdout)
            self.assertIn("No space left on device", answer.stdout)


if __name__ == "__main__":
    main()
