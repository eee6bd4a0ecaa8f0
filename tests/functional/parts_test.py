"""Parts of a branch: derived from its commits, chosen by a person, kept when the branch is pushed again."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import Forge, Project, main, wait_until  # noqa: E402

NAME = "acme/rocket"


class Parts(unittest.TestCase):
    def setUp(self):
        self.forge = self.enterContext(Forge(serve=["--no-runner"]))
        self.project = self.enterContext(Project(files={"server/a.py": "x = 1\n", "web/b.py": "y = 1\n", "notes": "-\n"}))
        self.forge.host(NAME, self.project)
        self.project.git("checkout", "-q", "-b", "work", "main")
        for word, file in (("one", "server/a.py"), ("two", "web/b.py"), ("three", "server/a.py")):
            self.project.write(file, f"# {word}\nvalue = '{word}'\n")
            self.project.write("notes", f"- {word}\n")
            self.project.commit(f"Commit {word}")
        self.number = self.forge.push_branch(NAME, self.project, "work")
        self.forge.sign_in()
        self.path = f"/{NAME}/branches/{self.number}"

    def told(self, head=None):
        def ready():
            answer = self.forge.api("GET", f"/repos/{NAME}/branches/{self.number}/tutorial")
            return answer.json if answer.status == 200 and (head is None or answer.json["head"] == head) else None
        return wait_until(ready, "the tutorial")

    def fields(self):
        page = self.forge.page(self.path + "/commits")
        self.assertEqual(page.status, 200)
        return page, re.findall(r'name="?(part-[0-9a-f]{40})"?', page.text)

    def choose(self, *numbers):
        page, names = self.fields()
        self.assertEqual(len(names), len(numbers), page.text)
        answer = self.forge.submit(self.path + "/parts", page, dict(zip(names, map(str, numbers))))
        self.assertEqual(answer.status, 303)

    def test_parts_are_split_kept_over_a_rebase_and_derived_again(self):
        self.assertNotIn("parts", self.told())  # all touch one file
        self.choose(1, 2, 1)
        parts = self.told()["parts"]
        self.assertEqual([p["title"] for p in parts], ["Commit one and 1 more commit", "Commit two"])
        self.assertIn("by hand", self.told()["summary"])
        self.assertIn("Part 2 of 2", self.forge.page(self.path).text)
        # Rebased with one more commit: new ids, the same parts, the new one goes with the one before it.
        old = self.project.head()
        self.project.git("rebase", "-q", "--no-ff", "--exec", "git commit -q --amend --no-edit --trailer 'Reviewed-by: B <b@x>'", "main")
        self.assertNotEqual(self.project.head(), old)
        self.project.write("web/c.py", "z = 1\n")
        head = self.project.commit("Commit four")
        self.project.push(self.forge.git_url(NAME), "+work")
        parts = self.told(head)["parts"]
        self.assertEqual([p["title"] for p in parts], ["Commit one and 2 more commits", "Commit two"])
        page, _ = self.fields()
        answer = self.forge.submit(self.path + "/parts", page, {"derived": "1"})
        self.assertEqual(answer.status, 303)
        # Of these only the newest commit shares no file with the others.
        self.assertEqual([p["title"] for p in self.told()["parts"]], ["Commit one and 2 more commits", "Commit four"])
        self.assertNotIn("by hand", self.told()["summary"])

    def test_what_makes_no_sense_is_a_sentence_and_changes_nothing(self):
        self.choose(1, 2, 1)
        before = self.told()["parts"]
        page, names = self.fields()
        for fields in ({}, dict.fromkeys(names, "0"), dict.fromkeys(names, "99"), dict.fromkeys(names, "x"), {names[0]: "1"}):
            self.assertEqual(self.forge.submit(self.path + "/parts", page, fields).status, 303)
            self.assertEqual(self.told()["parts"], before)
        self.choose(3, 3, 3)
        self.assertNotIn("parts", self.told())
        self.assertEqual(self.forge.request("POST", self.path + "/parts", "").status, 401)
        self.forge.create_user("eve", "reader")
        self.forge.sign_in("eve")
        self.assertNotIn("part-", self.forge.page(self.path + "/commits").text)


if __name__ == "__main__":
    main()
