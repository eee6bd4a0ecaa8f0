"""ph against a live forge: signed in, followed, refused, merged, from where a person or an agent stands."""
import json
import pathlib
import stat
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, Forge, Project, main, run  # noqa: E402
from pikatest.project import shell  # noqa: E402

REPOSITORY = "acme/rocket"


class Person:
    """Stands in a clone; `ph` finds the rest."""

    def __init__(self, forge, project, user="admin"):
        self.project = project
        self.environment = {**project.environment, "XDG_CONFIG_HOME": str(project.folder / ".git" / f"config-of-{user}")}
        login = run(BIN / "ph", "login", forge.url, env=self.environment, input=forge.token(user) + "\n")
        assert user in login.stdout, login

    def ph(self, *words):
        return run(BIN / "ph", *words, check=False, cwd=self.project.folder, env=self.environment)


def pushed(forge, project, name, files):
    """A branch that is checked out, pushed, and whose remote is the forge."""
    project.branch(name)
    for path, text in files.items():
        project.write(path, text)
    project.commit(f"Change {name}")
    project.git("remote", "add", "origin", forge.read_url(REPOSITORY), check=False)
    return forge.push_branch(REPOSITORY, project, name)


class Ph(unittest.TestCase):
    def test_push_wait_merge(self):
        with Forge() as forge, Project({"unit": {"command": shell("echo all is well")}}) as project:
            forge.host(REPOSITORY, project)
            number = pushed(forge, project, "feature", {"file": "1"})
            ann = Person(forge, project)
            file = next(pathlib.Path(ann.environment["XDG_CONFIG_HOME"]).rglob("ph.json"))
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            waited = ann.ph("wait")
            self.assertEqual(waited.returncode, 0, waited)
            self.assertIn("check-unit", waited.stdout)
            self.assertIn("success", waited.stdout)
            status = ann.ph("status")
            self.assertEqual(status.returncode, 0, status)
            self.assertIn(f"{REPOSITORY} branch #{number}  feature  open", status.stdout)
            self.assertIn("can land: ph merge", status.stdout)
            self.assertIn(ann.ph("url").stdout.strip(), status.stdout)
            logs = ann.ph("logs", "check-unit", "-f")
            self.assertEqual(logs.returncode, 0, logs)
            self.assertIn("pika: lane check-unit of acme/rocket\n", logs.stdout)
            self.assertIn("\nall is well\npika: passed\n", logs.stdout)
            # What the log says to do again works: the commit that was tested can be fetched by its id.
            again = next(line for line in logs.stdout.splitlines() if line.startswith("pika: again in a clone: "))
            tested = again.split("git fetch origin ")[1].split()[0]
            project.git("fetch", "-q", forge.git_url(REPOSITORY), tested)
            merged = ann.ph("merge")
            self.assertEqual(merged.returncode, 0, merged)
            tip = forge.git(REPOSITORY, "rev-parse", "refs/heads/main")
            self.assertIn(tip, merged.stdout)
            told = json.loads(ann.ph("--json", "status", str(number)).stdout)
            self.assertEqual((told["state"], told["merge_commit"]), ("merged", tip))

    def test_red_is_refused_and_says_why_until_an_admin_gives_a_reason(self):
        with Forge() as forge, Project({"unit": {"command": shell("echo boom; exit 3")}}) as project:
            forge.host(REPOSITORY, project)
            forge.create_user("lander", "lander")
            number = pushed(forge, project, "feature", {"file": "1"})
            lander = Person(forge, project, "lander")
            waited = lander.ph("wait", f"#{number}")
            self.assertEqual(waited.returncode, 1, waited)
            self.assertIn("boom", lander.ph("logs").stdout)
            refused = lander.ph("merge")
            self.assertEqual(refused.returncode, 8, refused)
            self.assertIn("check-unit", refused.stderr)
            self.assertIn(lander.ph("merge", "--override", "I want it").returncode, (8, 9))
            admin = Person(forge, project)
            self.assertEqual(admin.ph("merge", "--override", "the fix of the night").returncode, 0)
            self.assertIn("over red: the fix of the night", admin.ph("status", str(number)).stdout)

    def test_a_head_that_moved_is_not_merged(self):
        with Forge() as forge, Project({"unit": {"command": ["true"]}}) as project:
            forge.host(REPOSITORY, project)
            number = pushed(forge, project, "feature", {"file": "1"})
            ann = Person(forge, project)
            self.assertEqual(ann.ph("wait").returncode, 0)
            old = project.head()
            project.write("file", "2")
            project.commit("more")
            here = ann.ph("merge")
            self.assertEqual(here.returncode, 8, here)
            self.assertIn("push first", here.stderr)
            forge.push_branch(REPOSITORY, project, "feature")
            moved = ann.ph("merge", str(number), "--expected-head", old)
            self.assertEqual(moved.returncode, 8, moved)
            self.assertEqual(ann.ph("wait").returncode, 0)
            self.assertEqual(ann.ph("merge").returncode, 0)

    def test_a_conflict_names_the_file(self):
        with Forge() as forge, Project({"unit": {"command": ["true"]}}, files={"caf\u00e9 x": "a\n"}) as project:
            forge.host(REPOSITORY, project)
            pushed(forge, project, "one", {"caf\u00e9 x": "b\n"})
            ann = Person(forge, project)
            self.assertEqual(ann.ph("wait").returncode, 0)
            project.git("checkout", "-q", "main")
            pushed(forge, project, "two", {"caf\u00e9 x": "c\n"})
            self.assertEqual(ann.ph("merge", "one").returncode, 0)
            waited = ann.ph("wait", "two", "--timeout", "100")
            self.assertEqual(waited.returncode, 8, waited)
            self.assertIn("caf\u00e9 x", waited.stderr)

    def test_a_stranger_is_told_to_sign_in(self):
        with Forge() as forge, Project({"unit": {"command": ["true"]}}) as project:
            forge.host(REPOSITORY, project)
            number = pushed(forge, project, "feature", {"file": "1"})
            nobody = {**project.environment, "XDG_CONFIG_HOME": str(project.folder / "none")}
            merge = run(BIN / "ph", "merge", str(number), check=False, cwd=project.folder, env=nobody)
            self.assertEqual(merge.returncode, 9, merge)
            self.assertIn("ph login", merge.stderr)
            wrong = run(BIN / "ph", "login", forge.url, "--token", "wrong", check=False, env=nobody)
            self.assertEqual(wrong.returncode, 9, wrong)
            self.assertFalse((project.folder / "none").exists())


if __name__ == "__main__":
    main()
