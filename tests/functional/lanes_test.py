"""Lanes and catalogues that misbehave get a clear state and a sentence, and are never green."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import Forge, Project, main, processes, wait_until  # noqa: E402
from pikatest.project import catalogue, shell  # noqa: E402

REPOSITORY = "acme/rocket"


class Lanes(unittest.TestCase):
    def push(self, forge, project, files, name="x"):
        project.branch(name)
        for path, text in files.items():
            project.write(path, text)
        project.commit(name)
        return forge.push_branch(REPOSITORY, project, name)

    def test_a_wrong_catalogue_is_named_by_file_line_and_column(self):
        with Forge() as forge, Project({"unit": {"command": ["true"]}}) as project:
            forge.host(REPOSITORY, project)
            number = self.push(forge, project, {"ci/pikaci.toml": 'version = 1\n[[lane]]\nid = "unit"\ntitel = "check-unit"\ntarget = "unit"\n'})
            page = forge.wait_branch(REPOSITORY, number, lambda b: "ci/pikaci.toml:4:1" in
                                     forge.page(f"/{REPOSITORY}/branches/{number}").text, "the catalogue's fault on the page")
            self.assertIn("titel", forge.page(f"/{REPOSITORY}/branches/{number}").text)
            self.assertEqual(page["state"], "open")

    def test_a_wrong_catalogue_in_the_target_stops_landing(self):
        with Forge() as forge, Project(None, files={"ci/pikaci.toml": "version = 1\nlanes = 3\n"}) as project:
            forge.host(REPOSITORY, project)
            number = self.push(forge, project, {"file": "1"})
            branch = forge.wait_branch(REPOSITORY, number, lambda b: b["verdict"]["state"] == "blocked", "the verdict")
            self.assertIn("ci/pikaci.toml:2:1", branch["ci"]["message"] + str(branch["verdict"]["reasons"]))
            self.assertEqual(forge.merge(REPOSITORY, number, project.head()).status, 409)

    def test_nothing_selected_is_nothing_ran_and_not_green(self):
        with Forge() as forge, Project({"unit": {"command": ["true"], "paths": ["src/**"]}}, required=[]) as project:
            forge.host(REPOSITORY, project)
            number = self.push(forge, project, {"docs/a": "1"})
            branch = forge.wait_branch(REPOSITORY, number, lambda b: b["verdict"]["state"] != "waiting", "the verdict")
            self.assertEqual(branch["ci"]["status"], "nothing_ran", branch)
            self.assertFalse(branch["verdict"]["can_land"], branch)
            self.assertNotIn("ci: success", forge.page(f"/{REPOSITORY}/branches/{number}").text)

    def test_a_rename_out_of_a_watched_path_selects_the_lane(self):
        with Forge() as forge, Project({"unit": {"command": ["false"], "paths": ["src/**"]}}, files={"src/a": "x\n" * 40}) as project:
            forge.host(REPOSITORY, project)
            project.branch("moved")
            project.git("mv", "src/a", "elsewhere")
            project.commit("Move it away")
            number = forge.push_branch(REPOSITORY, project, "moved")
            branch = forge.wait_settled(REPOSITORY, number)
            self.assertEqual([(lane["id"], lane["status"]) for lane in branch["ci"]["lanes"] if lane["kind"] == "gating"], [("unit", "failed")])

    def test_jobs_that_misbehave_end_with_a_typed_state(self):
        lanes = {
            "endless": {"command": shell("while :; do sleep 1; done"), "time": "2s"},
            "daemon": {"command": shell("(setsid sleep 4321 >/dev/null 2>&1 &) ; setsid sleep 4322 & echo started")},
            "loud": {"command": shell("head -c 200000000 /dev/zero | tr '\\0' 'x' | fold -w 100; echo the end")},
            "bytes": {"command": shell("printf 'caf\\303\\251 \\377 <script>alert(1)</script>\\n'")},
            "missing": {"command": ["no-such-program-anywhere"]},
            "network": {"command": shell("test $(wc -l < /proc/net/dev) -le 3")},
            "spy": {"command": shell("! cat /proc/1/environ 2>/dev/null | tr '\\0' '\\n' | grep -q '^HOME=.*pika-test'")},
        }
        with Forge() as forge, Project(lanes, required=[]) as project:
            forge.host(REPOSITORY, project)
            number = self.push(forge, project, {"file": "1"})
            branch = forge.wait_settled(REPOSITORY, number)
            seen = {lane["id"]: lane for lane in branch["ci"]["lanes"] if lane["kind"] == "gating"}
            told = {name: (lane["status"], lane["failure"], lane["message"]) for name, lane in seen.items()}
            self.assertEqual(told["endless"][:2], ("failed", "timed_out"), told)
            self.assertEqual(told["daemon"][0], "passed", told)
            self.assertEqual(told["loud"][0], "passed", told)
            self.assertEqual(told["bytes"][0], "passed", told)
            self.assertEqual(told["missing"][0], "failed", told)
            self.assertIn("no-such-program-anywhere", told["missing"][2] + forge.log_of(REPOSITORY, branch["ci"]["suite"], "missing", 1)[0].decode())
            self.assertEqual(told["network"][0], "passed", told)
            self.assertEqual(told["spy"][0], "passed", told)
            wait_until(lambda: not [line for line in processes.descendants().values() if "sleep 432" in line], "the daemons to be gone")
            log, closed = forge.log_of(REPOSITORY, branch["ci"]["suite"], "loud", 1)
            self.assertTrue(closed)
            self.assertIn(b"the end", log[-4000:])
            self.assertIn(b"caf\xc3\xa9 \xff <script>", forge.log_of(REPOSITORY, branch["ci"]["suite"], "bytes", 1)[0])
            for lane in lanes:
                answer = forge.page(f"/{REPOSITORY}/ci/{branch['ci']['suite']}/{lane}/1")
                self.assertEqual(answer.status, 200, lane)
                self.assertNotIn(b"<script>alert", answer.body, lane)
                self.assertLess(len(answer.body), 4 << 20, lane)

    def test_a_rerun_of_one_of_two_red_lanes_leaves_the_branch_red(self):
        lanes = {"one": {"command": ["false"]}, "two": {"command": ["false"]}}
        with Forge() as forge, Project(lanes) as project:
            forge.host(REPOSITORY, project)
            number = self.push(forge, project, {"file": "1"})
            branch = forge.wait_settled(REPOSITORY, number)
            answer = forge.api("POST", f"/repos/{REPOSITORY}/ci/{branch['ci']['suite']}/one/rerun", {})
            self.assertEqual((answer.status, answer.json["attempt"]), (200, 2), answer)
            branch = forge.wait_branch(REPOSITORY, number, lambda b: any(lane["attempt"] == 2 and lane["status"] == "failed" for lane in b["ci"]["lanes"]), "the rerun to end")
            self.assertEqual((branch["ci"]["status"], branch["verdict"]["state"]), ("failed", "blocked"))

    def test_a_new_push_cancels_the_lanes_of_the_old_version(self):
        with Forge() as forge, Project({"unit": {"command": shell("if grep -q slow file; then sleep 600; fi")}}, files={"file": "quick"}) as project:
            forge.host(REPOSITORY, project)
            number = self.push(forge, project, {"file": "slow"})
            first = forge.wait_branch(REPOSITORY, number, lambda b: any(lane["status"] == "running" for lane in b["ci"]["lanes"]), "the lane to run")
            project.write("file", "quick again")
            project.commit("quicker")
            forge.push_branch(REPOSITORY, project, "x")
            branch = forge.wait_settled(REPOSITORY, number)
            self.assertEqual((branch["version"]["number"], branch["verdict"]["state"]), (2, "ready"))
            # The runner was told at once; the lane is cancelled when its processes are gone.
            wait_until(lambda: {lane["status"] for lane in forge.api("GET", f"/repos/{REPOSITORY}/ci/{first['ci']['suite']}").json["lanes"]}
                       == {"cancelled"}, "the old version's lane to be cancelled")


if __name__ == "__main__":
    main()
