"""examples/pika: its branch chooses exactly ten lanes, they pass, and one turns red when the change is broken."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/harness"))
from pikatest import BIN, main  # noqa: E402

TEN = {"check-pika-rust", "check-pika-followup", "check-notifications", "check-agent-contracts", "check-rmp", "check-pikachat",
       "check-pikachat-typescript", "check-apple-host-sanity", "check-pikachat-openclaw-e2e", "check-fixture"}


class ExamplePika(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pika-example-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.tree = self.folder / "pika"
        subprocess.run([ROOT / "examples/pika/generate", self.tree], check=True)

    def pikaci(self, *words):
        return subprocess.run([BIN / "pikaci", "--state", self.folder / "state", *words], cwd=self.tree, capture_output=True, text=True, env=os.environ)

    def titles(self, ids):
        lanes = json.loads(self.pikaci("--output", "json", "lanes").stdout)["lanes"]
        return {lane["title"] for lane in lanes if lane["id"] in ids}

    def test_the_branch_chooses_exactly_ten_lanes_and_they_pass(self):
        self.assertEqual(self.pikaci("lint", "--base", "main").returncode, 0, self.pikaci("lint", "--base", "main").stdout)
        chosen = json.loads(self.pikaci("--output", "json", "select", "--base", "main", "--head", "extract-engine").stdout)
        self.assertEqual(self.titles({c["lane"] for c in chosen["lanes"] if c["selected"]}), TEN)
        answer = self.pikaci("run", "--base", "main")
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_a_dependency_that_is_forgotten_is_red_with_file_and_line(self):
        manifest = self.tree / "crates/pika-git/Cargo.toml"
        manifest.write_text(manifest.read_text().replace("jerichoci = ", "# jerichoci = "))
        answer = self.pikaci("run", "agent_contracts")
        self.assertEqual(answer.returncode, 1, answer.stdout + answer.stderr)
        self.assertIn("crates/pika-git/src/store.rs:3: uses jerichoci, which is no dependency of pika-git", answer.stdout)


if __name__ == "__main__":
    main()
