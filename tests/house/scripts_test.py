"""The programs of script/: usage, arguments, and a count that cannot lie."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import ROOT, main  # noqa: E402

PROGRAMS = sorted(path for path in (ROOT / "script").iterdir() if path.is_file() and path.suffix not in (".md", ".sh"))

JUNIT = """<testsuite>
<testcase name="base" status="run"/><testcase name="gitx" status="run"/>
{more}
</testsuite>"""
FAILING = '<testcase name="broken" status="fail"><failure message=""/></testcase>'
SKIPPED = '<testcase name="{name}" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>'


def count(more, **environment):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "dev.xml")
        path.write_text(JUNIT.format(more=more))
        answer = subprocess.run([sys.executable, ROOT / "tests/harness/count.py", path], capture_output=True, text=True, env={**os.environ, **environment})
    return answer.returncode, answer.stdout.splitlines()[-1]


class Scripts(unittest.TestCase):
    def test_each_tells_its_usage_and_refuses_what_it_does_not_know(self):
        self.assertGreaterEqual(len(PROGRAMS), 8)
        for program in PROGRAMS:
            with self.subTest(program.name):
                self.assertTrue(os.access(program, os.X_OK), "it has no run bit")
                usage = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=60)
                self.assertEqual(usage.returncode, 0, usage.stderr)
                self.assertIn(f"script/{program.name}" if "python" not in program.read_text().splitlines()[0] else program.name, usage.stdout + usage.stderr)
                unknown = subprocess.run([program, "--no-such-argument"], capture_output=True, text=True, timeout=60)
                self.assertEqual(unknown.returncode, 2, unknown)
                self.assertTrue(unknown.stderr.strip())

    def test_setup_names_an_unknown_part_and_the_known_ones(self):
        answer = subprocess.run([ROOT / "script/setup", "--with", "lxd,moon"], capture_output=True, text=True)
        self.assertEqual(answer.returncode, 2)
        self.assertIn("'moon'", answer.stderr)
        self.assertIn("lxd nix postgres slurm ssh vm", answer.stderr)

    def test_the_map_names_every_program(self):
        text = (ROOT / "script/MAP.md").read_text()
        for program in PROGRAMS:
            self.assertIn(f"`{program.name}`", text)

    def test_ci_runs_the_test_command_of_the_readme(self):
        self.assertIn("script/test", (ROOT / ".ci/run").read_text())
        self.assertIn("./script/test", (ROOT / "README.md").read_text())


class Count(unittest.TestCase):
    def test_all_passed(self):
        self.assertEqual(count(""), (0, "2 passed, 0 failed, 0 skipped"))

    def test_a_failure_is_counted_and_told_by_the_exit_code(self):
        self.assertEqual(count(FAILING), (1, "2 passed, 1 failed, 0 skipped"))

    def test_a_skip_that_nobody_listed_is_a_failure(self):
        self.assertEqual(count(SKIPPED.format(name="base-again")), (1, "2 passed, 1 failed, 0 skipped"))

    def test_a_listed_skip_is_a_skip(self):
        self.assertEqual(count(SKIPPED.format(name="e2e-real-repository")), (0, "2 passed, 0 failed, 1 skipped"))

    def test_a_suite_that_ran_nothing_is_no_success(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "dev.xml")
            path.write_text("<testsuite/>")
            answer = subprocess.run([sys.executable, ROOT / "tests/harness/count.py", path], capture_output=True, text=True)
        self.assertEqual((answer.returncode, answer.stdout.splitlines()[-1]), (1, "0 passed, 1 failed, 0 skipped"))


if __name__ == "__main__":
    main()
