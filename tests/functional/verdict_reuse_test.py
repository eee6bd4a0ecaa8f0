"""A verdict of the catalogue that is used again: a job with a named root and declared inputs, by `pikaci run`."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, Project, main  # noqa: E402

CATALOGUE = """
version = 1
[[targets.unit.jobs]]
id = "test"
command = ["/bin/sh", "-c", "echo really ran; ls"]
root = "small"
reuse = { inputs = ["src/"], audit = 0.0 }
[[targets.secret.jobs]]
id = "test"
command = ["/bin/sh", "-c", "test $TOKEN = hush-hush"]
secrets = ["TOKEN"]
root = "small"
"""


@unittest.skipUnless(pathlib.Path("/bin/busybox").exists(), "there is no static busybox for a small root")
class VerdictReuse(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pika-reuse-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        os.chmod(self.folder, 0o755)
        self.root = self.folder / "root"
        (self.root / "bin").mkdir(parents=True)
        for name in ("sh", "ls", "test"):
            shutil.copy("/bin/busybox", self.root / "bin" / name)
        self.project = self.enterContext(Project(files={"ci/pikaci.toml": CATALOGUE, "src/a": "1\n", "other": "1\n"}))

    def pikaci(self, *words, **env):
        return subprocess.run([BIN / "pikaci", "--state", self.folder / "state", "-C", self.project.folder, *words],
                              env={**self.project.environment, **env}, text=True, capture_output=True)

    def run_unit(self):
        answer = self.pikaci("run", "unit", "--root", f"small={self.root}", "-o", "json")
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        run = json.loads(answer.stdout)["runs"][0]
        return run["run_id"], run["jobs"][0]["reuse"]

    def test_it_is_reused_while_its_inputs_and_its_root_are_the_same_and_says_which_run_proved_it(self):
        proof, reuse = self.run_unit()
        self.assertFalse(reuse["reused"])
        self.assertEqual(self.pikaci("logs", proof).stdout, "really ran\nsrc\n")  # shown only its inputs
        self.project.write("other", "2\n")
        _, reuse = self.run_unit()
        self.assertTrue(reuse["reused"])
        self.assertEqual(reuse["run_id"], proof)
        self.assertIn(proof, self.pikaci("run", "unit", "--root", f"small={self.root}").stdout)
        self.assertIn(f"proved by run {proof}", self.pikaci("status", "last").stdout)
        self.project.write("src/a", "2\n")
        self.assertFalse(self.run_unit()[1]["reused"])
        (self.root / "new").write_text("another root")
        self.assertFalse(self.run_unit()[1]["reused"])

    def test_a_root_that_is_not_there_is_a_sentence(self):
        for word, sentence in (("small", "NAME=PATH"), ("small=/nonexistent", "there is no folder"), ("../x=/", "NAME=PATH")):
            answer = self.pikaci("run", "unit", "--root", word)
            self.assertEqual(answer.returncode, 2)
            self.assertIn(sentence, answer.stderr)
        answer = self.pikaci("run", "unit")
        self.assertEqual(answer.returncode, 2)
        self.assertIn("say --root small=PATH", answer.stderr)
        self.assertEqual(answer.stdout, "")

    def test_a_rerun_and_a_replay_are_given_secrets_too(self):
        words = ("--secret", "TOKEN", "--root", f"small={self.root}")
        self.assertEqual(self.pikaci("run", "secret", *words, TOKEN="hush-hush").returncode, 0)
        for command in ("rerun", "replay"):
            answer = self.pikaci(command, "last", *words, TOKEN="hush-hush")
            self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)


if __name__ == "__main__":
    main()
