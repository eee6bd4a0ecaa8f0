"""script/check-layers: the real tree holds, and each kind of fault is found where it stands."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
import pikatest  # noqa: E402

LAYERS = r"""
set(PIKA_LAYERS
  # a comment with "quotes" is no line of the table
  "base:"
  "engine: base"
  "forge: base engine"
  "app-server: forge"
)
set(PIKA_THIRD_PARTY
  "^boost/json=base"
  "^CLI/=app"
)
set(PIKA_DOORS
  "engine=engine/all.hpp: forge"
)
"""

TREE = {
    "cmake/Layers.cmake": LAYERS,
    "libs/base/CMakeLists.txt": "pika_library(base)",
    "libs/base/include/base/text.hpp": "#include <string>\n#include <sys/stat.h>\n",
    "libs/base/src/text.cpp": '#include "base/text.hpp"\n#include <boost/json/src.hpp>\n#include "inner.hpp"\n',
    "libs/base/src/inner.hpp": "",
    "libs/engine/CMakeLists.txt": "pika_library(engine\n  USES base TEST_USES forge)",
    "libs/engine/include/engine/all.hpp": "#include <engine/model.hpp>\n",
    "libs/engine/include/engine/model.hpp": "#include <base/text.hpp>\n#include <fmt/core.h>\n",
    "libs/engine/tests/engine_test.cpp": "#include <doctest/doctest.h>\n#include <forge/page.hpp>\n",
    "libs/forge/CMakeLists.txt": "pika_library(forge USES base engine)",
    "libs/forge/include/forge/page.hpp": "#include <engine/all.hpp>\n",
    "apps/server/CMakeLists.txt": "pika_app(server USES forge)",
    "apps/server/main.cpp": "#include <CLI/CLI.hpp>\n#include <forge/page.hpp>\n",
}

FAULTS = [
    ("libs/base/src/text.cpp", "\n#include <engine/all.hpp>\n", "2: base may not use engine (<engine/all.hpp>); allowed: nothing"),
    ("libs/engine/src/run.cpp", "#include <forge/page.hpp>\n", "1: engine may not use forge (<forge/page.hpp>); allowed: base"),
    ("libs/forge/src/page.cpp", "#include <engine/model.hpp>\n", "1: forge enters engine by <engine/model.hpp>; its only door is <engine/all.hpp>"),
    ("libs/forge/src/page.cpp", "#  include <boost/json.hpp>\n", "1: <boost/json.hpp> belongs to base; forge may not include it"),
    ("libs/forge/src/page.cpp", "#include <CLI/CLI.hpp>\n", "1: <CLI/CLI.hpp> belongs to app; forge may not include it"),
    ("libs/forge/src/page.cpp", "#include <doctest/doctest.h>\n", "1: <doctest/doctest.h>: no line of PIKA_THIRD_PARTY"),
    ("libs/forge/src/page.cpp", "#include <nlohmann/json.hpp>\n", "1: <nlohmann/json.hpp>: no line of PIKA_THIRD_PARTY"),
    ("libs/forge/src/page.cpp", '#include "../../base/src/inner.hpp"\n', '1: "../../base/src/inner.hpp" leaves the folder of forge'),
    ("libs/extra/CMakeLists.txt", "pika_library(extra)", "1: extra has no line in cmake/Layers.cmake"),
]


def check(root):
    return subprocess.run([pikatest.ROOT / "script/check-layers", "--root", root], capture_output=True, text=True)


class CheckLayers(unittest.TestCase):
    def tree(self, extra=()):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, text in {**TREE, **dict(extra)}.items():
            path = pathlib.Path(folder.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder.name

    def test_a_tree_that_keeps_the_table_has_no_fault(self):
        answer = check(self.tree())
        self.assertEqual((answer.returncode, answer.stdout), (0, "layers hold: 13 includes of 4 libraries and programs\n"), answer)

    def test_each_fault_is_named_with_its_file_and_line(self):
        for path, text, words in FAULTS:
            with self.subTest(words):
                answer = check(self.tree([(path, text)]))
                self.assertEqual(answer.returncode, 1)
                self.assertEqual(len(answer.stdout.splitlines()), 1, answer.stdout)
                self.assertTrue(answer.stdout.startswith(f"{path}:{words}"), answer.stdout)

    def test_this_tree_keeps_its_table(self):
        answer = check(pikatest.ROOT)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)


if __name__ == "__main__":
    pikatest.main()
