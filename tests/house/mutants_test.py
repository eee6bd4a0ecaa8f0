"""The old faults that can be put back still can: each patch applies to the tree as it is, and names a test there is."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATCHES = sorted((ROOT / "tests/mutants").glob("*.patch"))
# Names of cases, as literals; a name over two lines is one.
CASES = re.sub(r'"\s*\n\s*"', "", "\n".join(file.read_text() for file in [*ROOT.glob("libs/**/tests/*_test.cpp"), *ROOT.glob("libs/jerichoci/src/testing/*.cpp")]))


class Mutants(unittest.TestCase):
    def test_each_patch_applies(self):
        for patch in PATCHES:
            files = re.findall(r"^\+\+\+ b/(.*)$", patch.read_text(), re.M)
            self.assertTrue(files, patch.name)
            with self.subTest(patch.name), tempfile.TemporaryDirectory() as copy:
                for name in files:
                    place = pathlib.Path(copy, name)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(ROOT / name, place)
                answer = subprocess.run(["git", "apply", "--check", patch], cwd=copy, capture_output=True, text=True,
                                        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(pathlib.Path(copy).parent)})
                self.assertEqual(answer.returncode, 0, f"{patch.name} has to be made anew: {answer.stderr}")

    def test_each_names_its_fault_and_a_test_that_there_is(self):
        # Not from `ctest -N`, which would begin the log of the ctest that runs this anew.
        files = pathlib.Path(os.environ["PIKA_BUILD"]).rglob("CTestTestfile.cmake")
        tests = {name for file in files for name in re.findall(r"^add_test\((?:\[=*\[)?([^\]\s]+)", file.read_text(), re.M)}
        for patch in PATCHES:
            head = dict(re.findall(r"^(Fault|Test|Case): (.+)$", patch.read_text(), re.M))
            with self.subTest(patch.name):
                self.assertEqual(set(head) - {"Case"}, {"Fault", "Test"})
                self.assertIn(head["Test"], tests)
                if "Case" in head:
                    self.assertIn(f'"{head["Case"]}"', CASES)

    def test_every_seen_fault_has_a_test_and_a_mutant(self):
        rows = re.findall(r"^\| .+? \| (.+?) \| `(.+?)` \|$", (ROOT / "docs/seen.md").read_text(), re.M)
        self.assertGreater(len(rows), 10)
        for case, mutant in rows:
            with self.subTest(mutant):
                self.assertIn(f'"{case}"', CASES)
                self.assertIn(f"Case: {case}\n", (ROOT / "tests/mutants" / f"{mutant}.patch").read_text())


if __name__ == "__main__":
    sys.exit(unittest.main())
