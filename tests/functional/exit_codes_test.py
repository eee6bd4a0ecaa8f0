"""Every exit code that is promised, and which one it is when several apply: 7, 2, 4, 1, 5, 6, 3, 0."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, Project, main  # noqa: E402

# What a lane's one command does, and the code that it alone ends with.
COMMANDS = {"good": 'command = ["true"]', "bad": 'command = ["false"]', "slow": 'command = ["sleep", "4321"]\nlimits = { time = "300ms", grace = "100ms" }',
            "gone": 'command = ["/no/such/program"]', "long": 'command = ["sh", "-c", "echo begun; exec sleep 4322"]',
            "secret": 'command = ["true"]\nsecrets = ["NOT_GIVEN"]'}
ALONE = {"good": 0, "bad": 1, "slow": 5, "gone": 4, "long": 6, "secret": 3}
WORST_FIRST = [7, 2, 4, 1, 5, 6, 3, 0]


def catalogue(*lanes):
    return "version = 1\n" + "".join(f'[[lane]]\nid = "{lane}"\nruntime = "host_process"\n{COMMANDS[lane]}\n' for lane in lanes)


class ExitCodes(unittest.TestCase):
    def setUp(self):
        self.state = tempfile.TemporaryDirectory(prefix="pika-exit-")
        os.chmod(self.state.name, 0o755)
        self.addCleanup(self.state.cleanup)
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "XDG_STATE_HOME": self.state.name}

    def project(self, *lanes, **files):
        project = Project(files={"ci/pikaci.toml": catalogue(*lanes), **files})
        self.addCleanup(project.__exit__)
        return project

    def start(self, project, *words):
        return subprocess.Popen([BIN / "pikaci", *words], cwd=project.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run_in(self, project, *words):
        """The exit code; the JSON document says the same."""
        child = self.start(project, *words, "-o", "json")
        out, err = child.communicate()
        document = json.loads(out)
        self.assertEqual(document.get("exit_code", child.returncode), child.returncode, out + err)
        return child.returncode

    def cancelled_in_the_long_one(self, project):
        """`run` of all lanes, interrupted when the lane `long` has begun."""
        child = self.start(project, "run", "--allow-host-process", "-o", "jsonl")
        lines = []
        for line in child.stdout:
            lines.append(json.loads(line))
            if lines[-1].get("event") == "job_started" and lines[-1].get("job_id") == "long":
                child.send_signal(signal.SIGINT)
        err = child.stderr.read()
        child.stdout.close(), child.stderr.close()
        self.assertEqual(lines[-1]["exit_code"], child.wait(), err)
        return child.returncode

    def test_each_by_itself(self):
        for lane, code in ALONE.items():
            with self.subTest(lane=lane):
                project = self.project(lane)
                got = self.cancelled_in_the_long_one(project) if lane == "long" else self.run_in(project, "run", "--allow-host-process")
                self.assertEqual(got, code)

    def test_the_worst_of_several(self):
        for one, other in [("good", "secret"), ("secret", "slow"), ("secret", "bad"), ("slow", "bad"), ("bad", "gone"), ("gone", "slow"), ("gone", "secret"),
                           ("slow", "long"), ("bad", "long"), ("gone", "long"), ("secret", "long"), ("good", "bad")]:
            with self.subTest(lanes=(one, other)):
                project = self.project(one, other)
                got = self.cancelled_in_the_long_one(project) if other == "long" else self.run_in(project, "run", "--allow-host-process")
                self.assertEqual(got, min(ALONE[one], ALONE[other], key=WORST_FIRST.index))

    def test_nothing_ran_is_three_wherever_it_shows(self):
        project = Project(files={"ci/pikaci.toml": 'version = 1\n[[lane]]\nid = "a"\npaths = ["src/**"]\ncommand = ["true"]\n', "src/a": "a\n"})
        self.addCleanup(project.__exit__)
        project.branch("topic")
        project.write("other", "o\n")
        for words in (["run"], ["select"], ["plan"], ["why", "a"]):
            with self.subTest(words=words):
                self.assertEqual(self.run_in(project, *words), 3)
        # What is named runs: it is never skipped for want of a change.
        self.assertEqual(self.run_in(project, "run", "a"), 0)

    def test_an_older_lane_without_its_target_is_three_and_not_green(self):
        project = Project(files={"ci/forge-lanes.toml": 'version = 1\n[[branch.lanes]]\nid = "linux"\nstaged_linux_target = "pre-merge"\n'})
        self.addCleanup(project.__exit__)
        self.assertEqual(self.run_in(project, "run"), 3)
        self.assertEqual(self.run_in(project, "run", "linux"), 3)

    def test_two_is_what_the_caller_can_mend(self):
        project = self.project("good")
        for words in (["rnu"], ["run", "goood"], ["run", "--no-such-option"], ["run", "good"], ["run", "--base", "nowhere"], ["status", "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
                      ["status", "last"], ["why", "goood"], ["schema", "none"], ["run", "--secret", "NOT_SET", "good"], ["artifacts", "last"]):
            with self.subTest(words=words):
                self.assertEqual(self.run_in(project, *words), 2)

    def test_four_is_the_host_s_trouble(self):
        project = self.project("good")
        (pathlib.Path(self.state.name) / "pikaci").write_text("no folder")
        self.assertEqual(self.run_in(project, "run", "--allow-host-process"), 4)

    def test_what_could_not_be_said_is_no_silence(self):
        project = self.project("good", "bad")
        for words, code in ((["lanes"], 4), (["run", "good", "--allow-host-process"], 4), (["run", "bad", "--allow-host-process", "-o", "json"], 4)):
            with self.subTest(words=words), open("/dev/full", "w") as full:
                answer = subprocess.run([BIN / "pikaci", *words], cwd=project.folder, env=self.environment, stdout=full, stderr=subprocess.PIPE, text=True)
                self.assertEqual(answer.returncode, code)
                self.assertIn("could not be written", answer.stderr)
        # Whoever closes it wants no words, and has the verdict all the same.
        for lane, code in (("good", 0), ("bad", 1)):
            for closed in (">&-", ">&- 2>&-", "<&- >&- 2>&-"):
                answer = subprocess.run(["sh", "-c", f"exec {BIN}/pikaci run {lane} --allow-host-process {closed}"], cwd=project.folder, env=self.environment)
                self.assertEqual(answer.returncode, code, closed)

    def test_help_is_a_command_too(self):
        project = self.project("good")
        for words in (["help"], ["help", "run"]):
            answer = subprocess.run([BIN / "pikaci", *words], cwd=project.folder, env=self.environment, capture_output=True, text=True)
            self.assertEqual(answer.stdout, subprocess.run([BIN / "pikaci", *words[1:], "--help"], env=self.environment, capture_output=True, text=True).stdout)

    def test_a_state_folder_that_anybody_may_write_is_not_used(self):
        project = self.project("good")
        with tempfile.TemporaryDirectory(prefix="pika-others-") as shared:
            environment = {"PATH": "/usr/bin:/bin", "TMPDIR": shared}  # no home: a name that others can guess
            run = [BIN / "pikaci", "run", "good", "--allow-host-process"]
            os.chmod(shared, 0o755)
            state = pathlib.Path(shared, f"pikaci-{os.geteuid()}")
            self.assertEqual(subprocess.run(run, cwd=project.folder, env=environment, capture_output=True).returncode, 0)
            self.assertEqual(state.stat().st_mode & 0o777, 0o700)
            state.chmod(0o777)
            answer = subprocess.run(run, cwd=project.folder, env=environment, capture_output=True, text=True)
            self.assertEqual(answer.returncode, 2)
            self.assertIn("belongs to somebody else", answer.stderr)

    def test_seven_comes_before_all_others(self):
        project = self.project("good")
        project.write("ci/pikaci.toml", "version = 1\nlanes = 3\n")
        for words in (["run"], ["run", "nothing-like-it"], ["run", "--base", "nowhere"], ["select", "--base", "nowhere"], ["why", "nothing"], ["plan", "x"],
                      ["lanes"], ["targets"], ["lint"]):
            with self.subTest(words=words):
                self.assertEqual(self.run_in(project, *words), 7)
        project.write("ci/pikaci.toml", catalogue("good"))
        project.write("ci/policy.toml", "version = 2\n")
        self.assertEqual(self.run_in(project, "lint"), 7)
        os.remove(project.folder / "ci/pikaci.toml")
        self.assertEqual(self.run_in(project, "run"), 7)

    def test_status_tells_a_run_s_code_again(self):
        for lane in ("good", "bad", "slow", "gone"):
            with self.subTest(lane=lane):
                project = self.project(lane)
                self.run_in(project, "run", "--allow-host-process")
                self.assertEqual(self.run_in(project, "status", "last"), 0)
                self.assertEqual(self.start_code(project, "status", "last", "--exit-status"), ALONE[lane])
                self.assertEqual(self.start_code(project, "rerun", "last", "--allow-host-process"), ALONE[lane])

    def start_code(self, project, *words):
        child = self.start(project, *words)
        child.communicate()
        return child.returncode

    def test_a_run_whose_engine_was_killed_is_lost_and_that_is_four(self):
        project = self.project("long")
        child = self.start(project, "run", "--allow-host-process", "-o", "jsonl")
        for line in child.stdout:
            if json.loads(line).get("event") == "job_started":
                child.kill()
        child.stdout.close(), child.stderr.close()
        child.wait()
        self.assertEqual(self.start_code(project, "status", "last", "--exit-status"), 4)


if __name__ == "__main__":
    main()
