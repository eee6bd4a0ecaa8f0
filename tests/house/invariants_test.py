"""This project's own invariants: the tree keeps them, a deliberate violation is found, and two tables say the same."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, ROOT, main  # noqa: E402

sys.dont_write_bytecode = True
RULES = tomllib.loads((ROOT / "invariants/invariants.toml").read_text())["invariant"]


def check(folder, *words):
    return subprocess.run([BIN / "pika-invariants", "--no-cache", "-C", folder, "check", *words], capture_output=True, text=True)


def layers():
    """{"jerichoci": ["base", ...]} as cmake/Layers.cmake says."""
    lines = (ROOT / "cmake/Layers.cmake").read_text().split("set(PIKA_LAYERS")[1].split("\n)")[0].splitlines()
    rows = [line.strip().strip('"').partition(":") for line in lines if line.strip().startswith('"')]
    return {name: uses.split() for name, _, uses in rows}


def folder_of(name):
    return "apps/" + name[4:] if name.startswith("app-") else "libs/" + name.replace("pika-git-", "pika-git/")


def block(name, uses):
    """What invariants.toml says of a line of the table."""
    kind, called = ("program", name[4:]) if name.startswith("app-") else ("library", name)
    scope = f"{folder_of(name)}/**" if kind == "program" else f"{folder_of(name)}/{{include,src}}/**"
    words = " and ".join([part for part in (", ".join(uses[:-1]), *uses[-1:]) if part])
    paths = ", ".join(f'"{folder_of(use)}/include/**"' for use in uses)
    return (f'[[invariant]]\nid = "layer-{name}"\narea = "layers"\nkind = "must"\nstatement = "The {kind} {called} uses only {words}."\n'
            f'scope = ["{scope}"]\nrule.depends_only_on = [{paths}]\n')


class Invariants(unittest.TestCase):
    def test_this_tree_keeps_its_invariants(self):
        answer = check(ROOT)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_a_deliberate_violation_is_red_with_its_place(self):
        with tempfile.TemporaryDirectory(prefix="pika-invariants-") as name:
            copy = pathlib.Path(name)
            for part in ("libs", "apps", "docs", "invariants"):
                shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("node_modules"))
            for file in ("README.md", "ARCHITECTURE.md", "HACKING.md", "LICENSE", "tests/MAP.md"):
                (copy / file).parent.mkdir(exist_ok=True)
                shutil.copy(ROOT / file, copy / file)
            self.assertEqual(check(copy).returncode, 0, check(copy).stdout)
            guilty = copy / "libs/jerichoci/src/forge_door.cpp"
            header = next((copy / "libs/pika-git/forge/include").rglob("*.hpp"))
            written = header.relative_to(copy / "libs/pika-git/forge/include")
            guilty.write_text(f"// A door.\n// #include <{written}>\n#include <{written}>\n")
            answer = check(copy, "--output", "json")
            self.assertEqual(answer.returncode, 1, answer.stdout)
            failed = {each["id"]: each["violations"] for each in json.loads(answer.stdout)["invariants"] if each["outcome"] == "failed"}
            self.assertEqual(sorted(failed), ["engine-knows-no-forge", "layer-jerichoci"])
            for places in failed.values():
                self.assertEqual([(p["path"], p["line"], p["target"]) for p in places],
                                 [("libs/jerichoci/src/forge_door.cpp", 3, str(header.relative_to(copy)))])

    def test_the_table_is_that_of_the_build(self):
        text = (ROOT / "invariants/invariants.toml").read_text()
        table = layers()
        known = [rule["id"][6:] for rule in RULES if rule["id"].startswith("layer-")]
        self.assertEqual([name for name in known if name not in table], [], "the table of layers has no such line any more")
        # What to write is told, so that whoever adds a line to the table can paste it.
        missing = "\n".join(block(name, uses) for name, uses in table.items() if uses and block(name, uses) not in text)
        self.assertEqual(missing, "", f"invariants/invariants.toml should say:\n\n{missing}")

    def test_the_lane_is_in_the_catalogue(self):
        lanes = tomllib.loads((ROOT / "ci/pikaci.toml").read_text())["lane"]
        self.assertIn("check-invariants", [lane["id"] for lane in lanes])


if __name__ == "__main__":
    main()
