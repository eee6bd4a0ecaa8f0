"""pikaci replay --shell: a person in a job's world, on a terminal made here; as root and as an ordinary user."""
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, Project, main, wait_until  # noqa: E402
from pikatest.basics import PATIENCE  # noqa: E402

CATALOGUE = """
version = 1
[[targets.unit.jobs]]
id = "test"
command = ["sh", "-c", "cat source; echo made > made; test -n \\"$TOKEN\\" || echo no token; exit 3"]
env = { FLAVOUR = "vanilla and more" }
caches = ["depot"]
secrets = ["TOKEN"]
limits = { memory = "256MiB", pids = 100, time = "1s" }
[[targets.warm.jobs]]
id = "fill"
command = ["sh", "-c", "echo kept > $PIKA_CACHE_DEPOT/file"]
caches = ["depot"]
[[targets.host.jobs]]
id = "test"
command = ["false"]
runtime = "host_process"
[[targets.two.jobs]]
id = "one"
command = ["true"]
[[targets.two.jobs]]
id = "two"
command = ["true"]
"""


class Terminal:
    """pikaci on a terminal of its own: type, wait for words, resize."""

    def __init__(self, words, env, size=(24, 80), user=None):
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
            os.execvpe(words[0], words, env)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.fd, text.encode())

    def read(self):
        """False when nobody will write any more."""
        try:
            piece = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += piece
        return piece != b""

    def expect(self, pattern):
        """Waits until what was written since the last time matches; gives the match."""
        until = time.monotonic() + PATIENCE
        while not (found := re.search(pattern.encode(), self.seen)):
            if not select.select([self.fd], [], [], max(0, until - time.monotonic()))[0] or not self.read():
                raise AssertionError(f"{pattern!r} did not come; there was {self.seen!r}")
        self.seen = self.seen[found.end():]
        return found

    def command(self, text, pattern):
        """What the command prints; its own text, as it is echoed, does not count."""
        self.type(text + "; echo d''one\n")
        before = self.expect(r"(?s)(.*)\ndone\r")[1]
        found = re.search(pattern.encode(), before.split(b"d''one\r\n", 1)[-1])
        if not found:
            raise AssertionError(f"{text!r} printed {before!r}")
        return found

    def end(self):
        """Its exit code, once nobody writes any more; what holds the terminal longer than PATIENCE is a failure."""
        until = time.monotonic() + PATIENCE
        while select.select([self.fd], [], [], max(0, until - time.monotonic()))[0]:
            if not self.read():
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise AssertionError(f"it did not end; there was {self.seen!r}")
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class World:
    """A repository and a state folder, both the user's."""

    def __init__(self, user=None):
        self.user = user
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pika-shell-"))
        self.project = Project(files={"ci/pikaci.toml": CATALOGUE, "source": "the source\n"})
        self.state = self.folder / "state"
        self.program = self.folder / "pikaci"
        shutil.copy(BIN / "pikaci", self.program)
        os.chmod(self.program, 0o755)
        self.env = {**self.project.environment, "TERM": "xterm", "TOKEN": "hush-hush-hush", "HOME": str(self.folder)}
        if user is not None:
            for place in (self.folder, self.project.folder):
                subprocess.run(["chown", "-R", str(user), place], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.project.folder, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def words(self, *words):
        return [str(self.program), "--state", str(self.state), "-C", str(self.project.folder), *words]

    def pikaci(self, *words, **options):
        return subprocess.run(self.words(*words), env=self.env, user=self.user, group=self.user, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, extra_groups=None if self.user is None else [],
                              **options)

    def terminal(self, *words, **options):
        return Terminal(self.words(*words), self.env, user=self.user, **options)

    def left(self):
        """What names this state folder: processes, mounts; and folders of runs at work."""
        out = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.fsencode(self.folder) in (entry / "cmdline").read_bytes():
                    out.append(entry.name)
                if int(entry.name) == os.getpid() and str(self.folder) in (entry / "mountinfo").read_text():
                    out.append("mount")
            except OSError:
                pass
        for name in ("work", "busy"):
            place = self.state / name
            out += [str(path) for path in place.iterdir()] if place.exists() else []
        return out


class ReplayShell(unittest.TestCase):
    user = None

    def setUp(self):
        self.world = self.enterContext(World(self.user))
        self.world.pikaci("run", "warm")

    def failed(self, target="unit"):
        ran = self.world.pikaci("run", target, "--secret", "TOKEN", "--allow-host-process")
        self.assertEqual(ran.returncode, 1, ran.stdout + ran.stderr)

    def test_it_is_the_jobs_world_without_secrets_and_nothing_of_it_stays(self):
        self.failed()
        runs = self.world.pikaci("list").stdout
        shell = self.world.terminal("replay", "last", "--shell")
        shell.expect("command.*exit 3")
        shell.expect("without.*TOKEN")
        job = shell.expect(r"The job itself: (/\S+)\r\n")[1].decode()
        shell.command("pwd; ls -1", r"/workspace\r\n(?!.*made)(.|\n)*source")
        shell.command('echo "$PIKA_JOB/$FLAVOUR/${TOKEN-none}"', "test/vanilla and more/none\r")
        shell.command("cat $PIKA_CACHE_DEPOT/file", "kept\r")
        shell.command("ls /proc/1/root/root", "denied|No such")
        shell.command("grep -c : /proc/net/dev", "1\r")  # the loopback alone
        shell.command("cat source > /dev/tty", "the source\r")
        shell.command(job + '; echo "=$?"', "the source\r\nno token\r\n=3\r")
        shell.command("echo spoiled > $PIKA_CACHE_DEPOT/file; rm source; echo x > new; ls -1", "made\r\nnew\r")
        shell.type("exit 42\n")
        shell.expect("exit code 42")
        self.assertEqual(shell.end(), 42)
        self.assertEqual(self.world.left(), [])
        self.assertEqual(self.world.pikaci("list").stdout, runs)
        again = self.world.terminal("replay", "last", "--shell")
        again.expect("job itself")
        again.command("cat source $PIKA_CACHE_DEPOT/file", "the source\r\nkept\r")
        again.type("exit\n")
        self.assertEqual(again.end(), 0)

    def test_keys_and_size_reach_the_shell(self):
        self.failed()
        shell = self.world.terminal("replay", "last", "--shell", size=(33, 101))
        shell.expect("job itself")
        shell.command("stty size", "33 101\r")
        shell.resize(17, 55)
        wait_until(lambda: b"17 55" in shell.command("stty size", r"\d+ \d+\r")[0], "the new size")
        shell.type("sh -c 'echo read\\y; exec sleep 1000'; echo still here\n")
        shell.expect(r"[\r\n]ready\r")
        shell.type("\x03")
        shell.expect(r"\^C")
        shell.expect(r"\$ ")
        shell.command("echo code $?", r"code 130\r")
        shell.command("sleep 1000 &\necho started", "started\r")
        shell.expect(r"\$ ")  # a key typed ahead of the prompt reaches a terminal in another mode, where it ends nothing
        shell.type("\x04")  # the end of what is typed
        self.assertEqual(shell.end(), 0)
        self.assertEqual(self.world.left(), [])

    def test_a_terminal_that_is_closed_a_cancel_and_a_kill_leave_nothing(self):
        self.failed()
        for how in ("close", "cancel", "kill"):
            with self.subTest(how):
                runs = self.world.pikaci("list").stdout
                shell = self.world.terminal("replay", "last", "--shell")
                shell.expect("job itself")
                shell.type("trap '' TERM; sleep 4321 &\n")
                shell.command("echo here", "here\r")
                if how == "cancel":
                    os.kill(shell.pid, signal.SIGTERM)
                    self.assertEqual(shell.end(), 6)
                elif how == "kill":
                    os.kill(shell.pid, signal.SIGKILL)
                    self.assertEqual(shell.end(), -signal.SIGKILL)
                    wait_until(lambda: not [p for p in self.world.left() if p.isdigit()], "the end of the job")
                    self.assertEqual(self.world.pikaci("list").stdout, runs)  # the next start settles it
                else:
                    os.close(shell.fd)
                    os.waitpid(shell.pid, 0)
                self.assertEqual(self.world.left(), [])
                self.world.pikaci("run", "unit", "--secret", "TOKEN")

    def test_on_the_host_without_isolation(self):
        self.failed("host")
        refused = self.world.pikaci("replay", "last", "--shell")
        self.assertEqual(refused.returncode, 2)
        shell = self.world.terminal("replay", "last", "--shell", "--allow-host-process")
        shell.expect("command.*false")
        shell.expect("job itself")
        shell.command("cat source; id -u; cat < /dev/tty <<< x; tty", r"the source\r\n\d+\r\nx\r\n/dev/pts/\d+\r")
        shell.type("exit 7\n")
        self.assertEqual(shell.end(), 7)
        self.assertEqual(self.world.left(), [])

    def test_what_it_cannot_do_is_a_sentence(self):
        self.failed()
        for words, sentence in ((["replay", "last", "--shell"], "standard input is none"),
                                (["replay", "last", "--shell", "-o", "json"], "is for people")):
            answer = self.world.pikaci(*words)
            self.assertEqual(answer.returncode, 2)
            self.assertIn(sentence, answer.stdout + answer.stderr)
        self.world.pikaci("run", "two")
        for words, sentence in ((["--job", "three"], "has no job three"), ([], "name one of them with --job: one, two")):
            shell = self.world.terminal("replay", "last", "--shell", *words)
            shell.expect(sentence)
            self.assertEqual(shell.end(), 2)


@unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
class OrdinaryUser(ReplayShell):
    user = 65534


if __name__ == "__main__":
    main()
