"""jerichoci as another program gets it: installed, found by CMake, linked, run."""
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BUILD, ROOT, Project, main, run  # noqa: E402


class Install(unittest.TestCase):
    def test_the_example_builds_against_the_installed_library_and_runs(self):
        cache = (BUILD / "CMakeCache.txt").read_text()
        variable = lambda name: next(line.split("=", 1)[1] for line in cache.splitlines() if line.startswith(name + ":"))  # noqa: E731
        with tempfile.TemporaryDirectory() as name, Project({}) as project:
            folder = pathlib.Path(name)
            prefix, build, state = folder / "prefix", folder / "build", folder / "state"
            run("cmake", "--install", BUILD, "--component", "jerichoci", "--prefix", prefix)
            options = [f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={variable('CMAKE_CXX_COMPILER')}"]
            flags = variable("PIKA_SANITIZE")
            if flags:
                options.append(f"-DCMAKE_CXX_FLAGS=-fsanitize={flags}")
            launcher = variable("PIKA_CCACHE")
            if not launcher.endswith("NOTFOUND"):
                options.append(f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}")
            run("cmake", "-G", "Ninja", "-S", ROOT / "examples/jerichoci", "-B", build, *options)
            run("cmake", "--build", build)
            example = build / "run-on-head"
            # Nothing of it points back into the tree it was built from.
            for file in prefix.rglob("*.cmake"):
                self.assertNotIn(str(ROOT), file.read_text(), file)
            self.assertFalse((prefix / "include/jerichoci/testing").exists())

            project.write("hello.txt", "hello from the tree\n")
            project.commit("A file")
            passed = run(example, project.folder, state, "cat", "hello.txt")
            self.assertEqual(passed.stdout.splitlines(), ["passed ", "hello from the tree"])
            failed = run(example, project.folder, state, "sh", "-c", "exit 3", check=False)
            self.assertEqual((failed.returncode, failed.stdout), (1, "failed 1 of 1 job failed; job: exit code 3\n"))
            nowhere = run(example, folder, state, "true", check=False)
            self.assertEqual(nowhere.returncode, 4)
            self.assertNotEqual(nowhere.stderr, "")
            self.assertEqual(os.listdir(state / "work"), [])


if __name__ == "__main__":
    main()
