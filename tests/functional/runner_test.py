"""pika-runner as a program, against a forge that is only its protocol: killed, cut off, drained, asked twice."""
import base64
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, main, run, wait_until  # noqa: E402
from pikatest.basics import PATIENCE  # noqa: E402
from pikatest.project import IDENTITY  # noqa: E402


class Connection:
    """One connection of the runner, seen from the forge (docs/runner-protocol.md)."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(PATIENCE)

    def send(self, **message):
        body = json.dumps(message).encode()
        self.sock.sendall(struct.pack(">I", len(body)) + body)

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.sock.recv(size - len(data))
            if not piece:
                raise EOFError("the runner closed the connection")
            data += piece
        return data

    def next(self):
        (size,) = struct.unpack(">I", self._exactly(4))
        return json.loads(self._exactly(size))

    def next_of(self, kind):
        while True:
            message = self.next()
            if message["type"] == kind:
                return message

    def greet(self, acks=()):
        hello = self.next_of("hello")
        self.send(type="hello_ok", version=1, acks=list(acks))
        return hello

    def close(self):
        self.sock.close()


class Place:
    """A repository, a socket to listen on, and runners over one state folder."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="pika-runner-test-")
        self.path = pathlib.Path(self.folder.name)
        self.path.chmod(0o755)
        self.runners = []
        env = dict(os.environ, **IDENTITY)
        run("git", "init", "-q", "-b", "main", self.path / "work", env=env)
        (self.path / "work" / "a b.txt").write_text("hello\n")
        run("git", "-C", self.path / "work", "add", "-A", env=env)
        run("git", "-C", self.path / "work", "commit", "-qm", "first", env=env)
        ids = run("git", "-C", self.path / "work", "rev-parse", "HEAD", "HEAD^{tree}", env=env).stdout.split()
        self.commit, self.tree = ids
        self.listen()
        return self

    def listen(self):
        self.socket_path = self.path / "runner.sock"
        self.socket_path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.settimeout(PATIENCE)
        self.listener.bind(str(self.socket_path))
        self.listener.listen(8)

    def start(self, *options):
        log = open(self.path / "runner.log", "ab")
        child = subprocess.Popen([BIN / "pika-runner", "--server", f"unix:{self.socket_path}", "--state", self.path / "state",
                                  "--name", "host-1", "--slots", "2", "--allow-host-process", *options], stderr=log)
        log.close()
        self.runners.append(child)
        return child

    def accept(self):
        sock, _ = self.listener.accept()
        return Connection(sock)

    def assign(self, connection, attempt, script, fence=1):
        connection.send(type="assign", attempt=attempt, fence=fence, repository="acme/rocket", git_url=str(self.path / "work"),
                        commit=self.commit, tree=self.tree, lane="unit", lane_title="check-unit", target="unit",
                        jobs=[{"id": "test", "command": ["/bin/sh", "-c", script], "placement": "local",
                               "runtime": "host_process", "network": "off", "limits": {"time_us": 300_000_000}}])

    def spool(self):
        return sorted(os.listdir(self.path / "state" / "spool"))

    def __exit__(self, kind, error, trace):
        for child in self.runners:
            if child.poll() is None:
                child.kill()
            child.wait()
        self.listener.close()
        if kind:
            print((self.path / "runner.log").read_text(errors="replace"))
        self.folder.cleanup()


def collect(connection, attempt, log=b""):
    """(whole log, done) of an attempt; what overlaps is checked, a gap fails."""
    while True:
        message = connection.next()
        if message.get("attempt") != attempt:
            continue
        if message["type"] == "log":
            if message["offset"] != len(log):
                raise AssertionError(f"a piece at {message['offset']} after {len(log)} bytes")
            log += base64.b64decode(message["bytes"])
        if message["type"] == "done":
            return log, message


class Runner(unittest.TestCase):
    def test_a_lane_from_assignment_to_acknowledged_end(self):
        with Place() as place:
            place.start()
            forge = place.accept()
            hello = forge.greet()
            self.assertEqual((hello["name"], hello["slots"], hello["active"]), ("host-1", 2, []))
            place.assign(forge, 7, "cat 'a b.txt'; printf '\\377\\n'; exit 3")
            log, done = collect(forge, 7)
            self.assertEqual((done["result"]["status"], done["result"]["failure"], done["result"]["exit_code"]), ("failed", "test_failed", 3))
            run_id = done["result"]["run_id"]
            lines = log.split(b"\n")
            self.assertEqual(lines[0], b"pika: lane check-unit of acme/rocket")
            self.assertIn(b"pika: run " + run_id.encode(), lines)
            self.assertIn(b"hello\n\xff\n", log)
            self.assertEqual(done["log_bytes"], len(log))
            self.assertEqual(done["result"]["run"]["snapshot"]["tree"], place.tree)
            forge.send(type="ack", attempt=7, fence=1, event_seq=done["event_seq"], log_offset=len(log), done=True, stale=False)
            wait_until(lambda: place.spool() == [], "the spool to be empty")

    def test_a_forge_that_is_killed_gets_the_rest_of_the_log_when_it_is_back(self):
        with Place() as place:
            place.start()
            forge = place.accept()
            forge.greet()
            go = place.path / "go"
            place.assign(forge, 7, f"echo one; while [ ! -e '{go}' ]; do sleep 0.05; done; echo two")
            log = b""
            while b"\none\n" not in log:
                log += base64.b64decode(forge.next_of("log")["bytes"])
            place.listener.close()
            forge.close()
            go.touch()
            wait_until(lambda: (place.path / "state/spool/7-1/done.json").exists(), "the lane to end without a forge")
            place.listen()
            forge = place.accept()
            kept = len(log) - 2
            hello = forge.greet([{"attempt": 7, "fence": 1, "log_offset": kept, "event_seq": 0}])
            self.assertEqual([(a["attempt"], a["done"]) for a in hello["active"]], [(7, True)])
            log, done = collect(forge, 7, log[:kept])
            self.assertEqual(done["result"]["status"], "passed")
            self.assertTrue(log.endswith(b"\none\ntwo\npika: passed\n"), log)

    def test_a_killed_runner_says_lost_and_leaves_no_process(self):
        with Place() as place:
            first = place.start()
            forge = place.accept()
            forge.greet()
            mark = f"1000.{os.getpid()}"  # nobody else's
            place.assign(forge, 7, f"echo begun; sleep {mark}; true")
            log = b""
            while b"\nbegun\n" not in log:
                log += base64.b64decode(forge.next_of("log")["bytes"])
            wait_until(lambda: asleep(mark), "the job to sleep")
            first.send_signal(signal.SIGKILL)
            first.wait()
            place.start()
            forge = place.accept()
            hello = forge.greet([{"attempt": 7, "fence": 1, "log_offset": len(log), "event_seq": 0}])
            self.assertEqual([a["attempt"] for a in hello["active"]], [7])
            log, done = collect(forge, 7, log)
            self.assertEqual((done["result"]["status"], done["result"]["failure"]), ("failed", "lost"))
            self.assertIn("lost", json.dumps(done["result"]["run"]))
            self.assertTrue(log.rstrip().split(b"\n")[-1].startswith(b"pika: failed (lost)"), log)
            wait_until(lambda: not asleep(mark), "the job's processes to be gone")

    def test_cancel_and_stale(self):
        with Place() as place:
            place.start()
            forge = place.accept()
            forge.greet()
            place.assign(forge, 7, "echo begun; sleep 1000")
            place.assign(forge, 8, "echo begun; sleep 1000")
            forge.next_of("log")
            forge.send(type="cancel", attempt=7, fence=1, reason="version 5 superseded it")
            _, done = collect_any(forge, 7)
            self.assertEqual((done["result"]["status"], done["result"]["message"]), ("cancelled", "cancelled: version 5 superseded it"))
            forge.send(type="ack", attempt=8, fence=1, stale=True)
            wait_until(lambda: place.spool() == ["7-1"], "the stale attempt to be dropped")

    def test_the_first_sigterm_drains_and_the_second_ends_at_once(self):
        with Place() as place:
            runner = place.start("--drain", "300")
            forge = place.accept()
            forge.greet()
            go = place.path / "go"
            place.assign(forge, 7, f"while [ ! -e '{go}' ]; do sleep 0.05; done")
            forge.next_of("event")
            runner.send_signal(signal.SIGTERM)
            while not forge.next_of("heartbeat")["draining"]:
                pass
            place.assign(forge, 8, "true")
            self.assertEqual(forge.next_of("refuse")["attempt"], 8)
            go.touch()
            log, done = collect_any(forge, 7)
            self.assertEqual(done["result"]["status"], "passed")
            forge.send(type="ack", attempt=7, fence=1, event_seq=done["event_seq"], log_offset=done["log_bytes"], done=True)
            self.assertEqual(runner.wait(PATIENCE), 0)

            runner = place.start("--drain", "300")
            forge = place.accept()
            forge.greet()
            place.assign(forge, 9, "sleep 1000")
            forge.next_of("event")
            runner.send_signal(signal.SIGTERM)
            while not forge.next_of("heartbeat")["draining"]:
                pass
            runner.send_signal(signal.SIGTERM)
            self.assertEqual(runner.wait(PATIENCE), 6)

    def test_a_lane_that_outlives_the_drain_is_cancelled(self):
        with Place() as place:
            runner = place.start("--drain", "0")
            forge = place.accept()
            forge.greet()
            place.assign(forge, 7, "sleep 1000")
            forge.next_of("event")
            runner.send_signal(signal.SIGTERM)
            _, done = collect_any(forge, 7)
            self.assertEqual(done["result"]["status"], "cancelled")
            forge.close()
            self.assertEqual(runner.wait(PATIENCE), 0)
            self.assertEqual(place.spool(), ["7-1"])

    def test_a_second_runner_over_the_same_state_says_so(self):
        with Place() as place:
            place.start()
            place.accept().greet()
            second = run(BIN / "pika-runner", "--server", f"unix:{place.socket_path}", "--state", place.path / "state", check=False)
            self.assertEqual(second.returncode, 4)
            self.assertIn("another runner uses", second.stderr)
            wrong = run(BIN / "pika-runner", "--server", "tcp:10.0.0.1:80", "--state", place.path / "other", check=False)
            self.assertEqual(wrong.returncode, 2)
            self.assertIn("TLS", wrong.stderr)

    def test_a_runner_without_a_forge_ends_after_its_linger(self):
        with Place() as place:
            runner = place.start("--linger", "0.2")
            place.accept().greet()
            place.listener.close()
            place.socket_path.unlink()
            self.assertEqual(runner.wait(PATIENCE), 0)


def collect_any(connection, attempt):
    """The end of an attempt, whatever of its log was read before."""
    while True:
        message = connection.next_of("done")
        if message["attempt"] == attempt:
            return b"", message


def asleep(mark):
    """The processes that sleep so long, by their command lines."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"sleep\0" + mark.encode()):
                found.append(path.parent.name)
        except OSError:
            pass
    return found


if __name__ == "__main__":
    main()
