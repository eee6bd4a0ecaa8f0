"""The JSON Schema of the catalogue and its reader say the same: by a schema's own program, on files that use every key."""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib
import unittest

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, ROOT, main  # noqa: E402

DATA = ROOT / "libs/pikaci/tests/data"
FILES = {"catalogue": "ci/pikaci.toml", "older": "ci/forge-lanes.toml", "policy": "ci/policy.toml"}
EVERYTHING = {name: tomllib.loads((DATA / f"everything-{name}.toml").read_text()) for name in FILES}
# A value that no key takes.
NOTHING = {"date": "2026-01-01"}


def schema(name):
    return json.loads(subprocess.run([BIN / "pikaci", "schema", name], capture_output=True, text=True, check=True).stdout)


def toml(value):
    """A TOML value on one line; tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    return json.dumps(value)


def places(value, way=()):
    """Every table in a document, by the way to it."""
    if isinstance(value, dict):
        yield way
        for key, inner in value.items():
            yield from places(inner, way + (key,))
    if isinstance(value, list):
        for i, inner in enumerate(value):
            yield from places(inner, way + (i,))


def at(value, way):
    for step in way:
        value = value[step]
    return value


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.repo = pathlib.Path(cls.folder.name)
        subprocess.run(["git", "init", "-q", cls.repo], check=True)
        cls.schemas = {name: schema(name) for name in FILES}
        cls.validators = {name: jsonschema.Draft202012Validator(s) for name, s in cls.schemas.items()}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def complaints(self, name, document):
        """What the reader says of these values."""
        (self.repo / "ci").mkdir(exist_ok=True)
        for file in FILES.values():
            (self.repo / file).unlink(missing_ok=True)
        text = "".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in document.items())
        if name == "policy":
            (self.repo / FILES["catalogue"]).write_text('version = 1\n[[lane]]\nid = "unit"\ncommand = ["true"]\n')
        (self.repo / FILES[name]).write_text(text)
        command = "lint" if name == "policy" else "lanes"
        answer = subprocess.run([BIN / "pikaci", command, "-o", "json"], cwd=self.repo, capture_output=True, text=True)
        return [p["text"] for p in json.loads(answer.stdout).get("error", {}).get("problems", [])]

    def both_refuse(self, name, document, what):
        with self.subTest(name=name, what=what):
            self.assertFalse(self.validators[name].is_valid(document), "the schema takes it")
            self.assertTrue(self.complaints(name, document), "the reader takes it")

    def test_each_is_a_schema(self):
        for s in self.schemas.values():
            jsonschema.Draft202012Validator.check_schema(s)

    def test_every_example_is_valid(self):
        documents = [(name, EVERYTHING[name]) for name in FILES]
        for folder in (ROOT, ROOT / "examples/pika"):
            documents += [(name, tomllib.loads((folder / file).read_text())) for name, file in FILES.items() if (folder / file).exists()]
        self.assertGreater(len(documents), 5)
        for name, document in documents:
            with self.subTest(name=name):
                self.assertEqual([e.message for e in self.validators[name].iter_errors(document)], [])

    def test_the_files_with_everything_have_every_key(self):
        for name in FILES:
            self.assertEqual(self.complaints(name, EVERYTHING[name]), [])
            keys = {k for way in places(EVERYTHING[name]) for k in at(EVERYTHING[name], way)}
            tables = [self.schemas[name], *self.schemas[name]["$defs"].values()]
            self.assertEqual({k for t in tables for k in t["properties"]} - keys, set(), name)

    def test_an_unknown_key_is_refused_in_every_table(self):
        for name in FILES:
            for way in places(EVERYTHING[name]):
                document = copy.deepcopy(EVERYTHING[name])
                at(document, way)["no such key!"] = copy.deepcopy(NOTHING)
                self.both_refuse(name, document, f"in {way}")

    def test_a_value_of_another_kind_is_refused_for_every_key(self):
        for name in FILES:
            seen = set()
            for way in places(EVERYTHING[name]):
                for key in at(EVERYTHING[name], way):
                    kind = tuple(step for step in way if not isinstance(step, int)) + (key,)
                    if kind in seen:
                        continue
                    seen.add(kind)
                    document = copy.deepcopy(EVERYTHING[name])
                    at(document, way)[key] = [[NOTHING]] if key != "lane" else 7
                    self.both_refuse(name, document, f"{way} {key}")

    def test_what_is_required_is_required_by_both(self):
        for name in FILES:
            for way in places(EVERYTHING[name]):
                for key in at(EVERYTHING[name], way):
                    document = copy.deepcopy(EVERYTHING[name])
                    del at(document, way)[key]
                    if not self.validators[name].is_valid(document):
                        with self.subTest(name=name, way=way, key=key):
                            self.assertTrue(self.complaints(name, document), "the reader does without it")


if __name__ == "__main__":
    main()
