"""pikaci init: what it writes runs as it is, is green, and turns red when the sample's test is broken."""
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

SAMPLES = {
    "make": ({"Makefile": "test:\n\tsh ./t\n", "t": "test 1 = 1\n"}, ("t", "test 1 = 2\n"), "/usr/bin/make"),
    "cmake": ({"CMakeLists.txt": "cmake_minimum_required(VERSION 3.20)\nproject(x C)\nenable_testing()\nadd_executable(t t.c)\nadd_test(NAME t COMMAND t)\n",
               "t.c": "int main(void) { return 0; }\n"}, ("t.c", "int main(void) { return 1; }\n"), "/usr/bin/cmake"),
    "python": ({"tests/__init__.py": "", "tests/test_x.py": "import unittest\n\n\nclass X(unittest.TestCase):\n    def test_x(self):\n        self.assertEqual(1, 1)\n", "setup.cfg": ""},
               ("tests/test_x.py", "import unittest\n\n\nclass X(unittest.TestCase):\n    def test_x(self):\n        self.assertEqual(1, 2)\n"), "/usr/bin/python3"),
    "node": ({"package.json": '{"scripts": {"test": "node t.js"}}\n', "t.js": "process.exit(0)\n"}, ("t.js", "process.exit(1)\n"), "/usr/bin/npm"),
    "cargo": ({"Cargo.toml": '[package]\nname = "x"\nversion = "0.1.0"\nedition = "2021"\n', "Cargo.lock": 'version = 3\n\n[[package]]\nname = "x"\nversion = "0.1.0"\n',
               "src/lib.rs": "#[test]\nfn adds() {\n    assert_eq!(1, 1);\n}\n"}, ("src/lib.rs", "#[test]\nfn adds() {\n    assert_eq!(1, 2);\n}\n"), "/usr/bin/cargo"),
    "go": ({"go.mod": "module x\n\ngo 1.19\n", "x_test.go": 'package x\n\nimport "testing"\n\nfunc TestX(t *testing.T) {\n}\n'},
           ("x_test.go", 'package x\n\nimport "testing"\n\nfunc TestX(t *testing.T) {\n\tt.Fail()\n}\n'), "/usr/bin/go"),
    # What builds is in the tree: nothing is fetched.
    "nix": ({"flake.nix": '{\n  outputs = { self }: {\n    checks.x86_64-linux.t = derivation {\n      name = "t"; system = "x86_64-linux"; builder = "${./bin}/busybox";\n'
                          '      args = [ "sh" "-c" "set -e; . ${./t}; echo ok > $out" ];\n    };\n  };\n}\n', "t": "test 1 = 1\n"}, ("t", "test 1 = 2\n"), "/usr/bin/nix"),
}


class Init(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pika-init-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def pikaci(self, project, *words, cwd=None):
        return subprocess.run([BIN / "pikaci", "--state", self.folder / "state", *words], cwd=cwd or project.folder, capture_output=True, text=True, env=os.environ)

    def green_then_red(self, name):
        files, broken, program = SAMPLES[name]
        if not pathlib.Path(program).exists():
            self.skipTest(f"{program} is not here")
        with Project(files=files) as project:
            if name == "nix":
                (project.folder / "bin").mkdir()
                shutil.copy("/bin/busybox", project.folder / "bin")
            answer = self.pikaci(project, "init")
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertIn("Try it: pikaci run", answer.stdout)
            self.assertEqual(self.pikaci(project, "lint").returncode, 0)
            answer = self.pikaci(project, "run")
            self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
            project.write(*broken)
            answer = self.pikaci(project, "run")
            self.assertEqual(answer.returncode, 1, answer.stdout + answer.stderr)

    def test_it_writes_over_nothing_and_says_what_to_do(self):
        with Project(files={"Makefile": "test:\n\ttrue\n", "ci/pikaci.toml": "version = 1\n", "sub/x": ""}) as project:
            answer = self.pikaci(project, "init")
            self.assertEqual(answer.returncode, 2)
            self.assertIn("ci/pikaci.toml is there already", answer.stderr)
            self.assertEqual((project.folder / "ci/pikaci.toml").read_text(), "version = 1\n")
            shown = self.pikaci(project, "init", "--print", cwd=project.folder / "sub")
            self.assertEqual(shown.returncode, 0)
            self.assertIn("make test", shown.stdout)
            document = json.loads(self.pikaci(project, "--output", "json", "init", "--print").stdout)
            self.assertEqual((document["written"], document["lanes"]), (False, [{"id": "test", "because": "Makefile"}]))

    def test_a_repository_that_says_nothing_gets_a_sentence_and_its_command(self):
        with Project(files={"notes.txt": "x\n"}) as project:
            answer = self.pikaci(project, "init")
            self.assertEqual(answer.returncode, 2)
            self.assertIn("pikaci init --command", answer.stderr)
            self.assertFalse((project.folder / "ci").exists())
            self.assertEqual(self.pikaci(project, "init", "--command", "grep -q x notes.txt").returncode, 0)
            self.assertEqual(self.pikaci(project, "run").returncode, 0)

    def test_a_workflow_becomes_lanes_and_what_was_left_out_is_red_and_listed(self):
        workflow = ("on: push\nenv: {WORD: hello}\njobs:\n  test:\n    strategy: {matrix: {n: [1, 2]}}\n    steps:\n      - uses: actions/checkout@v4\n"
                    "      - run: echo \"MORE=${WORD}-${{ matrix.n }}\" >> $GITHUB_ENV\n      - run: test \"$MORE\" = hello-${{ matrix.n }} && cat data\n"
                    "  other:\n    steps:\n      - run: cat data\n      - run: echo ${{ github.sha }}\n")
        with Project(files={".github/workflows/ci.yml": workflow, "data": "x\n"}) as project:
            answer = self.pikaci(project, "import")
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertIn("ci.yml:13: the step `echo ${{ github.sha }}`: `github.sha` means nothing here", answer.stderr)
            self.assertIn("One lane is red until", answer.stdout)
            self.assertEqual(self.pikaci(project, "run", "test-1", "test-2").returncode, 0)
            answer = self.pikaci(project, "run", "other")
            self.assertEqual(answer.returncode, 1)
            self.assertIn("left out by pikaci import", answer.stdout)
            os.unlink(project.folder / "data")
            self.assertEqual(self.pikaci(project, "run", "test-1").returncode, 1)
            self.assertEqual(self.pikaci(project, "import").returncode, 2)
            document = json.loads(self.pikaci(project, "--output", "json", "import", "--print", ".github/workflows/ci.yml").stdout)
            self.assertEqual((document["unfinished"], len(document["left_out"]), len(document["lanes"])), (1, 1, 3))
            self.assertEqual(self.pikaci(project, "import", "--print", "nothing.yml").returncode, 2)


for each in SAMPLES:
    setattr(Init, f"test_what_it_writes_for_{each}_is_green_and_turns_red", lambda self, name=each: self.green_then_red(name))


if __name__ == "__main__":
    main()
