"""What lands is what was tested, and nothing else lands."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import Forge, Project, main  # noqa: E402
from pikatest.project import catalogue, shell  # noqa: E402

REPOSITORY = "acme/rocket"
# The two halves of a bargain: either branch may change its half, both changed together break it.
BARGAIN = shell('test "$(cat left)$(cat right)" != 22')


def bargain():
    return Project({"unit": {"command": BARGAIN}}, files={"left": "1", "right": "1", "list": "a\nb\nc\n"})


class Landing(unittest.TestCase):
    def lane(self, branch, name, kind="gating"):
        return next(lane for lane in branch["ci"]["lanes"] if lane["id"] == name and lane["kind"] == kind)

    def reasons(self, answer):
        return {reason["code"] for reason in answer.json["error"].get("reasons", [])}

    def test_a_green_branch_lands_as_the_tree_that_was_tested(self):
        with Forge() as forge, bargain() as project:
            forge.host(REPOSITORY, project)
            project.branch("better-left")
            project.write("left", "2")
            head = project.commit("Better left")
            number = forge.push_branch(REPOSITORY, project, "better-left")
            branch = forge.wait_settled(REPOSITORY, number)
            self.assertEqual((branch["verdict"]["state"], self.lane(branch, "unit")["status"]), ("ready", "passed"), branch)
            tested = branch["candidate"]["tree"]
            self.assertEqual(branch["ci"]["tree"], tested)

            answer = forge.merge(REPOSITORY, number, head)
            self.assertEqual(answer.status, 200, answer)
            landed = answer.json["merge_commit"]
            self.assertEqual(forge.git(REPOSITORY, "rev-parse", "refs/heads/main"), landed)
            self.assertEqual(forge.git(REPOSITORY, "rev-parse", f"{landed}^{{tree}}"), tested)
            self.assertEqual(forge.git(REPOSITORY, "rev-parse", f"{landed}^2"), head)
            merged = forge.branch(REPOSITORY, number)
            self.assertEqual((merged["state"], merged["merge_commit"], merged["merged_by"]), ("merged", landed, "admin"))
            page = forge.page(f"/{REPOSITORY}/branches/{number}")
            self.assertEqual(page.status, 200)
            self.assertIn(landed, page.text)
            # The branch is gone from git, the page stays, and landing twice is refused.
            self.assertEqual(forge.git(REPOSITORY, "for-each-ref", "refs/heads/better-left"), "")
            again = forge.merge(REPOSITORY, number, head)
            self.assertEqual(again.status, 409, again)
            self.assertIn("fsck", "fsck" + forge.git(REPOSITORY, "fsck", "--strict"))

    def test_two_branches_green_alone_and_red_together_do_not_both_land(self):
        with Forge() as forge, bargain() as project:
            forge.host(REPOSITORY, project)
            heads, numbers = {}, {}
            for half in ("left", "right"):
                project.branch(f"new-{half}")
                project.write(half, "2")
                heads[half] = project.commit(f"New {half}")
                numbers[half] = forge.push_branch(REPOSITORY, project, f"new-{half}")
            for half in ("left", "right"):
                self.assertEqual(forge.wait_settled(REPOSITORY, numbers[half])["verdict"]["state"], "ready")
            self.assertEqual(forge.merge(REPOSITORY, numbers["left"], heads["left"]).status, 200)

            # At once: the candidate that was tested is no more, so the answer cannot be yes.
            early = forge.merge(REPOSITORY, numbers["right"], heads["right"])
            self.assertEqual(early.status, 409, early)
            tip = forge.git(REPOSITORY, "rev-parse", "refs/heads/main")
            branch = forge.wait_branch(REPOSITORY, numbers["right"], lambda b: b["candidate"] and b["candidate"]["target_tip"] == tip
                                       and b["verdict"]["state"] == "blocked", "the candidate on the new target to be tested")
            self.assertEqual(self.lane(branch, "unit")["status"], "failed")
            late = forge.merge(REPOSITORY, numbers["right"], heads["right"])
            self.assertEqual((late.status, self.reasons(late)), (409, {"lane_not_green"}), late)
            self.assertEqual(forge.git(REPOSITORY, "rev-parse", "refs/heads/main"), tip)

    def test_a_moved_target_brings_a_new_candidate_which_lands_when_green(self):
        with Forge() as forge, bargain() as project:
            forge.host(REPOSITORY, project)
            project.branch("first")
            project.write("left", "2")
            first = project.commit("First")
            one = forge.push_branch(REPOSITORY, project, "first")
            project.branch("second")
            project.write("other", "x")
            second = project.commit("Second")
            two = forge.push_branch(REPOSITORY, project, "second")
            old = forge.wait_settled(REPOSITORY, two)["candidate"]
            forge.wait_settled(REPOSITORY, one)
            self.assertEqual(forge.merge(REPOSITORY, one, first).status, 200)
            branch = forge.wait_branch(REPOSITORY, two, lambda b: b["candidate"] and b["candidate"]["target_tip"] != old["target_tip"]
                                       and b["verdict"]["state"] == "ready", "the new candidate to be green")
            self.assertNotEqual(branch["candidate"]["tree"], old["tree"])
            landed = forge.merge(REPOSITORY, two, second).json["merge_commit"]
            self.assertEqual(forge.git(REPOSITORY, "rev-parse", f"{landed}^{{tree}}"), branch["candidate"]["tree"])
            self.assertEqual(forge.git(REPOSITORY, "show", f"{landed}:left"), "2")

    def test_a_branch_cannot_gut_the_lane_it_must_pass(self):
        with Forge() as forge, bargain() as project:
            forge.host(REPOSITORY, project)
            project.branch("gutted")
            project.write("left", "2")
            project.write("right", "2")
            project.write("ci/pikaci.toml", catalogue({"unit": {"command": ["true"]}}))
            head = project.commit("Nothing to see")
            number = forge.push_branch(REPOSITORY, project, "gutted")
            branch = forge.wait_settled(REPOSITORY, number)
            self.assertEqual(self.lane(branch, "unit")["status"], "failed", branch)
            self.assertTrue(self.lane(branch, "unit")["required"])
            self.assertEqual(forge.merge(REPOSITORY, number, head).status, 409)

    def test_a_branch_cannot_delete_or_narrow_the_lane_or_the_policy(self):
        for name, files in {
            "deleted": {"ci/pikaci.toml": catalogue({"other": {"command": ["true"]}})},
            "narrowed": {"ci/pikaci.toml": catalogue({"unit": {"command": BARGAIN, "paths": ["nothing/**"]}})},
            "unrequired": {"ci/policy.toml": 'version = 1\n[target.main]\nrequired_lanes = []\noverride = ["admin"]\n'},
        }.items():
            with self.subTest(name), Forge() as forge, bargain() as project:
                forge.host(REPOSITORY, project)
                project.branch(name)
                for path, text in {**files, "left": "2", "right": "2"}.items():
                    project.write(path, text)
                head = project.commit(name)
                number = forge.push_branch(REPOSITORY, project, name)
                branch = forge.wait_settled(REPOSITORY, number)
                self.assertEqual(self.lane(branch, "unit")["status"], "failed", branch)
                self.assertEqual(forge.merge(REPOSITORY, number, head).status, 409)

    def test_a_push_between_looking_and_merging_refuses_the_merge(self):
        with Forge() as forge, bargain() as project:
            forge.host(REPOSITORY, project)
            project.branch("moving")
            project.write("left", "2")
            seen = project.commit("As it was seen")
            number = forge.push_branch(REPOSITORY, project, "moving")
            forge.wait_settled(REPOSITORY, number)
            project.write("left", "3")
            project.commit("As it is")
            self.assertEqual(forge.push_branch(REPOSITORY, project, "moving"), number)
            answer = forge.merge(REPOSITORY, number, seen)
            self.assertEqual((answer.status, "head_moved" in self.reasons(answer)), (409, True), answer)
            self.assertEqual(forge.branch(REPOSITORY, number)["version"]["number"], 2)

    def test_a_conflict_is_refused_and_names_the_paths(self):
        with Forge() as forge, bargain() as project:
            forge.host(REPOSITORY, project)
            project.branch("mine")
            project.write("list", "a\nmine\nc\n")
            project.write("caf\u00e9 \"x\"", "1")
            mine = project.commit("Mine")
            project.branch("theirs")
            project.write("list", "a\ntheirs\nc\n")
            project.write("caf\u00e9 \"x\"", "2")
            theirs = project.commit("Theirs")
            one = forge.push_branch(REPOSITORY, project, "theirs")
            project.git("checkout", "-q", "mine")
            two = forge.push_branch(REPOSITORY, project, "mine")
            for number in (one, two):
                forge.wait_settled(REPOSITORY, number)
            self.assertEqual(forge.merge(REPOSITORY, one, theirs).status, 200)
            branch = forge.wait_branch(REPOSITORY, two, lambda b: b["candidate"] and b["candidate"]["conflicts"], "the conflict to be seen")
            self.assertEqual(sorted(branch["candidate"]["conflicts"]), ["caf\u00e9 \"x\"", "list"])
            answer = forge.merge(REPOSITORY, two, mine)
            self.assertEqual((answer.status, self.reasons(answer)), (409, {"conflict"}), answer)
            page = forge.page(f"/{REPOSITORY}/branches/{two}").text
            self.assertIn("list", page)
            self.assertIn("caf\u00e9", page)

    def test_an_override_needs_a_reason_and_stays_on_the_page(self):
        with Forge() as forge, bargain() as project:
            forge.host(REPOSITORY, project)
            project.branch("red")
            project.write("left", "2")
            project.write("right", "2")
            head = project.commit("Red")
            number = forge.push_branch(REPOSITORY, project, "red")
            forge.wait_settled(REPOSITORY, number)
            self.assertEqual(forge.merge(REPOSITORY, number, head).status, 409)
            self.assertEqual(forge.merge(REPOSITORY, number, head, reason="   ").status in (400, 409), True)
            forge.create_user("eve", "lander")
            self.assertEqual(forge.merge(REPOSITORY, number, head, reason="I want it", user="eve").status, 403)
            answer = forge.merge(REPOSITORY, number, head, reason="The rocket <must> fly")
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(forge.branch(REPOSITORY, number)["override_reason"], "The rocket <must> fly")
            page = forge.page(f"/{REPOSITORY}/branches/{number}").text
            self.assertIn("The rocket &lt;must&gt; fly", page)
            self.assertIn("ci: failed", page.replace("</span>", "").replace("<span>", ""))


if __name__ == "__main__":
    main()
