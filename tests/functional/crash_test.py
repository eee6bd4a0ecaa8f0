"""Programs killed at the worst moment: nothing acknowledged is lost, and the pages stay true."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import Forge, Project, main, processes, wait_until  # noqa: E402
from pikatest.project import shell  # noqa: E402

REPOSITORY = "acme/rocket"
LINES = 60
COUNTING = {"unit": {"command": shell(f"i=0; while [ $i -lt {LINES} ]; do i=$((i+1)); echo line $i of {LINES}; sleep 0.1; done")}}


class Crash(unittest.TestCase):
    def start_lane(self, forge, project):
        """Pushes a branch and waits until its lane has written something; (number, suite)."""
        forge.host(REPOSITORY, project)
        project.branch("x")
        project.write("file", "1")
        project.commit("x")
        number = forge.push_branch(REPOSITORY, project, "x")
        branch = forge.wait_branch(REPOSITORY, number, lambda b: b["ci"]["lanes"] and b["ci"]["lanes"][0]["status"] == "running", "the lane to run")
        suite = branch["ci"]["suite"]
        wait_until(lambda: b"line 3 of" in forge.log_of(REPOSITORY, suite, "unit", 1)[0], "the lane's first lines")
        return number, suite

    def lines(self, log):
        return [line for line in log.decode().splitlines() if line.startswith("line ")]

    def test_a_killed_server_comes_back_to_a_lane_that_went_on(self):
        with Forge() as forge, Project(COUNTING) as project:
            number, suite = self.start_lane(forge, project)
            forge.kill()
            self.assertTrue(forge.runners(), "the runner went with the server")
            forge.start()
            branch = forge.wait_settled(REPOSITORY, number)
            lane = branch["ci"]["lanes"][0]
            self.assertEqual((lane["status"], len(lane["attempts"])), ("passed", 1), branch)
            log, closed = forge.log_of(REPOSITORY, suite, "unit", 1)
            self.assertTrue(closed)
            self.assertEqual(self.lines(log), [f"line {n} of {LINES}" for n in range(1, LINES + 1)])
            self.assertEqual(forge.admin("verify").returncode, 0)

    def test_a_lane_that_ends_while_the_server_is_down_is_told_afterwards(self):
        with Forge() as forge, Project(COUNTING) as project:
            number, suite = self.start_lane(forge, project)
            forge.kill()
            # The lane is over when no process of its command is left below the runner.
            wait_until(lambda: not [line for line in processes.descendants().values() if "while [" in line], "the lane to end without a server")
            forge.start()
            branch = forge.wait_settled(REPOSITORY, number)
            self.assertEqual((branch["ci"]["lanes"][0]["status"], len(branch["ci"]["lanes"][0]["attempts"])), ("passed", 1))
            self.assertEqual(len(self.lines(forge.log_of(REPOSITORY, suite, "unit", 1)[0])), LINES)

    def test_a_killed_runner_loses_the_attempt_and_the_lane_is_tried_again(self):
        with Forge() as forge, Project(COUNTING) as project:
            number, suite = self.start_lane(forge, project)
            forge.kill_runner()
            branch = forge.wait_branch(REPOSITORY, number, lambda b: b["ci"]["lanes"][0]["status"] == "passed", "the second attempt to pass")
            attempts = branch["ci"]["lanes"][0]["attempts"]
            self.assertEqual([(a["number"], a["status"], a["failure"]) for a in sorted(attempts, key=lambda a: a["number"])],
                             [(1, "failed", "lost"), (2, "passed", "")], attempts)
            self.assertEqual(len(self.lines(forge.log_of(REPOSITORY, suite, "unit", 2)[0])), LINES)
            self.assertEqual(forge.page(f"/{REPOSITORY}/branches/{number}").status, 200)

    def test_both_killed_and_started_again_end_in_one_verdict(self):
        with Forge() as forge, Project(COUNTING) as project:
            number, _ = self.start_lane(forge, project)
            forge.kill()
            forge.kill_runner()
            forge.start()
            branch = forge.wait_branch(REPOSITORY, number, lambda b: b["ci"]["lanes"][0]["status"] == "passed", "the lane to pass after all")
            self.assertEqual(branch["verdict"]["state"], "ready")

    def test_a_graceful_stop_and_start_keeps_everything(self):
        with Forge() as forge, Project({"unit": {"command": ["true"]}}) as project:
            forge.host(REPOSITORY, project)
            project.branch("x")
            project.write("file", "1")
            project.commit("x")
            number = forge.push_branch(REPOSITORY, project, "x")
            before = forge.wait_settled(REPOSITORY, number)
            self.assertEqual(forge.stop(), 0)
            forge.start()
            after = forge.wait_settled(REPOSITORY, number)
            self.assertEqual(before, after)


if __name__ == "__main__":
    main()
