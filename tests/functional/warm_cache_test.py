"""Caches of the forge: a branch is warm by what landed, and by nothing that has not."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import Forge, Project, main  # noqa: E402

REPOSITORY = "acme/rocket"
CATALOGUE = """version = 1
[[lane]]
id = "unit"
command = ["/bin/sh", "-c", "echo found=$(cat $PIKA_CACHE_DEPOT/f); sh ./fill"]
caches = ["depot"]
"""
POLICY = 'version = 1\n[target.main]\nrequired_lanes = ["unit"]\noverride = ["admin"]\n'


class WarmCache(unittest.TestCase):
    def push(self, forge, project, name, fill, start="main"):
        if start:
            project.branch(name, start)
        project.write("fill", fill)
        head = project.commit(f"Fill: {fill}")
        number = forge.push_branch(REPOSITORY, project, name)
        branch = forge.wait_branch(REPOSITORY, number, lambda b: b["version"]["head"] == head and b["verdict"]["state"] == "ready", "its verdict")
        lane = next(lane for lane in branch["ci"]["lanes"] if lane["id"] == "unit" and lane["kind"] == "gating")
        return number, head, forge.log_of(REPOSITORY, branch["ci"]["suite"], "unit", lane["attempt"])[0].decode()

    def test_a_new_branch_is_warm_after_a_landing_and_never_by_a_branch_that_did_not_land(self):
        with Forge() as forge, Project(files={"ci/pikaci.toml": CATALOGUE, "ci/policy.toml": POLICY, "fill": "true\n"}) as project:
            forge.host(REPOSITORY, project)
            poison = "echo poison > $PIKA_CACHE_DEPOT/f\n"
            self.push(forge, project, "evil", poison)
            # Another branch, and a later push of the same one, which then lands.
            self.assertIn("found=\n", self.push(forge, project, "other", "true # 1\n")[2])
            number, head, log = self.push(forge, project, "good", poison + "# first\n")
            number, head, log = self.push(forge, project, "good", "echo clean > $PIKA_CACHE_DEPOT/f\n", start=None)
            self.assertIn("found=\n", log)
            self.assertEqual(forge.merge(REPOSITORY, number, head).status, 200)
            self.assertIn("found=clean\n", self.push(forge, project, "new", "true # 2\n", start=head)[2])


if __name__ == "__main__":
    main()
