"""A clean commit that breaks code is red in every path: run here, in the forge, and in the older form of a catalogue."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, Forge, Project, main  # noqa: E402

# The project's own test: what is added up must be three.
SOURCES = {"src/sum.sh": "echo $(($1 + $2))\n", "check": '#!/bin/sh\ntest "$(sh src/sum.sh 1 2)" = 3\n'}
BROKEN = "echo $(($1 - $2))\n"
NATIVE = 'version = 1\n[[lane]]\nid = "unit"\npaths = ["src/**"]\ncommand = ["sh", "check"]\n'
TARGET = 'version = 1\n[[targets.pre-merge.jobs]]\nid = "test"\ncommand = ["sh", "check"]\n'
OLDER = 'version = 1\n[[branch.lanes]]\nid = "unit"\npaths = ["src/**"]\n'
FORMS = {
    "native": {"ci/pikaci.toml": NATIVE},
    "older-command": {"ci/forge-lanes.toml": OLDER + 'command = ["sh", "check"]\n'},
    "older-staged": {"ci/forge-lanes.toml": OLDER + 'staged_linux_target = "pre-merge"\n', "ci/pikaci.toml": TARGET},
}


class BrokenCommit(unittest.TestCase):
    def project(self, form):
        project = Project(files={**SOURCES, **FORMS[form]})
        self.addCleanup(project.__exit__)
        return project

    def test_here(self):
        for form in FORMS:
            with self.subTest(form=form), tempfile.TemporaryDirectory(prefix="pika-broken-") as state:
                os.chmod(state, 0o755)
                project = self.project(form)

                def run(*words):
                    answer = subprocess.run([BIN / "pikaci", "run", *words, "-o", "json"], cwd=project.folder, capture_output=True, text=True,
                                            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "XDG_STATE_HOME": state})
                    return answer.returncode, [r["status"] for r in json.loads(answer.stdout)["runs"]]

                self.assertEqual(run(), (0, ["passed"]))
                project.branch("topic")
                project.write("src/sum.sh", BROKEN)
                project.commit("Subtract")
                self.assertEqual(project.git("status", "--porcelain").stdout, "")
                self.assertEqual(run(), (1, ["failed"]))
                self.assertEqual(run("unit"), (1, ["failed"]))
                # Also where it is the target branch itself that is broken and clean.
                project.git("checkout", "-q", "main")
                project.git("merge", "-q", "topic")
                self.assertEqual(run(), (1, ["failed"]))
                self.assertEqual(run("unit"), (1, ["failed"]))

    def test_in_the_forge(self):
        with Forge() as forge:
            for form in FORMS:
                with self.subTest(form=form):
                    name = f"acme/{form}"
                    project = self.project(form)
                    forge.host(name, project)
                    project.branch("topic")
                    project.write("src/sum.sh", BROKEN)
                    project.commit("Subtract")
                    number = forge.push_branch(name, project, "topic")
                    branch = forge.wait_settled(name, number)
                    self.assertEqual([(lane["id"], lane["status"], lane["failure"]) for lane in branch["ci"]["lanes"]], [("unit", "failed", "test_failed")])
                    self.assertEqual((branch["ci"]["status"], branch["verdict"]["state"]), ("failed", "blocked"))
                    self.assertEqual(forge.merge(name, number, project.head()).status, 409)
                    # And what does not break it is green by the same way.
                    project.write("src/sum.sh", "# Adds.\n" + SOURCES["src/sum.sh"])
                    project.commit("Add again")
                    forge.push_branch(name, project, "topic")
                    branch = forge.wait_branch(name, number, lambda b: b["version"]["number"] == 2 and b["verdict"]["state"] == "ready", "the mended branch")

    def test_a_staged_target_that_is_not_there_is_red_in_both(self):
        files = {"ci/forge-lanes.toml": OLDER + 'staged_linux_target = "pre-merge"\n'}
        with Forge() as forge, Project(files={**SOURCES, **files}) as project:
            forge.host("acme/none", project)
            project.branch("topic")
            project.write("src/sum.sh", BROKEN)
            project.commit("Subtract")
            number = forge.push_branch("acme/none", project, "topic")
            branch = forge.wait_branch("acme/none", number, lambda b: b["verdict"]["state"] != "waiting", "the verdict")
            self.assertEqual([lane["status"] for lane in branch["ci"]["lanes"]], ["nothing_ran"])
            self.assertFalse(branch["verdict"]["can_land"])


if __name__ == "__main__":
    main()
