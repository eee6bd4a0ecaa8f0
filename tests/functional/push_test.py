"""git in and out: stock git over smart HTTP, who may push what, and what the pusher is told."""
import html
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import Forge, Project, hostile_names, main, run  # noqa: E402
from pikatest.project import IDENTITY  # noqa: E402

REPOSITORY = "acme/rocket"
LANES = {"unit": {"command": ["true"], "paths": ["src/**"]}, "docs": {"command": ["true"], "paths": ["docs/**"]}}


class Push(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.forge = Forge()
        cls.forge.start()
        cls.addClassCleanup(cls.forge.close)
        cls.count = 0

    def run(self, result=None):
        faults = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > faults:
            self.forge.tell_log()

    def hosted(self, lanes=LANES, **options):
        """A repository of its own for each test, on the one forge."""
        type(self).count += 1
        name = f"acme/rocket-{self.count}"
        project = Project(lanes, **options)
        self.addCleanup(project.__exit__)
        self.forge.host(name, project)
        return name, project

    def clone(self, url, *words, check=True):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        answer = run("git", *words, "clone", "-q", url, folder.name + "/clone", check=check, env={**os.environ, **IDENTITY})
        return pathlib.Path(folder.name, "clone"), answer

    def test_a_clone_and_a_fetch_give_what_was_pushed_with_protocol_two(self):
        name, project = self.hosted()
        folder, _ = self.clone(self.forge.read_url(name))
        self.assertEqual(run("git", "-C", folder, "rev-parse", "HEAD").stdout.strip(), project.head())
        traced = run("git", "-C", folder, "fetch", env={**os.environ, **IDENTITY, "GIT_TRACE_PACKET": "1"})
        self.assertIn("version 2", traced.stderr)

    def test_a_push_needs_a_token_and_says_so(self):
        name, project = self.hosted()
        project.branch("x")
        project.write("src/a", "1")
        project.commit("x")
        for address in (self.forge.read_url(name), f"http://admin:wrong@127.0.0.1:{self.forge.port}/{name}.git"):
            answer = project.push(address, "HEAD:refs/heads/x", check=False)
            self.assertNotEqual(answer.returncode, 0)
            self.assertRegex(answer.stderr, "(?i)authentication failed|could not read Username|401")
        self.assertEqual(self.forge.git(name, "for-each-ref", "refs/heads/x"), "")

    def test_a_push_tells_the_page_and_the_chosen_lanes(self):
        name, project = self.hosted()
        project.branch("x")
        project.write("src/a", "1")
        project.commit("Change the source")
        said = project.push(self.forge.git_url(name), "HEAD:refs/heads/x").stderr
        self.assertIn(f"{self.forge.url}/{name}/branches/1", said)
        self.assertIn("check-unit", said)
        self.assertNotIn("check-docs", said)
        branch = self.forge.branch(name, 1)
        self.assertEqual((branch["title"], branch["state"], branch["version"]["number"], branch["version"]["head"]),
                         ("Change the source", "open", 1, project.head()))

    def test_each_push_is_a_version_that_outlives_a_force_push_and_gc(self):
        name, project = self.hosted()
        project.branch("x")
        heads = []
        for text in ("one", "two"):
            project.git("reset", "-q", "--hard", "main")
            project.write("src/a", text)
            heads.append(project.commit(text))
            number = self.forge.push_branch(name, project, "x")
        self.assertEqual((number, self.forge.branch(name, 1)["version"]["number"]), (1, 2))
        self.forge.git(name, "-c", "gc.pruneExpire=now", "gc", "-q", "--prune=now")
        for head in heads:
            self.assertEqual(self.forge.git(name, "cat-file", "-t", head), "commit")

    def test_a_direct_push_to_the_target_is_refused_with_a_sentence(self):
        name, project = self.hosted()
        before = self.forge.git(name, "rev-parse", "refs/heads/main")
        project.write("src/a", "1")
        project.commit("Straight to main")
        for refs in (["HEAD:refs/heads/main"], [":refs/heads/main"], ["+main~0^0:refs/heads/main"]):
            answer = project.push(self.forge.git_url(name), *refs, check=False)
            self.assertNotEqual(answer.returncode, 0, answer)
            self.assertRegex(answer.stderr, r"remote: .*main.*branch", answer.stderr)
        self.assertEqual(self.forge.git(name, "rev-parse", "refs/heads/main"), before)

    def test_refs_of_the_forge_cannot_be_pushed(self):
        name, project = self.hosted()
        for ref in ("refs/pika/keep", "refs/pika/other"):
            answer = project.push(self.forge.git_url(name), f"HEAD:{ref}", check=False)
            self.assertNotEqual(answer.returncode, 0, ref)

    def test_the_first_push_creates_the_target(self):
        self.forge.create_repository("acme/empty", target="main")
        page = self.forge.page("/acme/empty")
        self.assertEqual(page.status, 200)
        self.assertIn("git push", html.unescape(page.text))
        with Project(LANES) as project:
            said = project.push(self.forge.git_url("acme/empty"), "HEAD:refs/heads/main").stderr
            self.assertNotIn("/branches/", said)
            self.assertEqual(self.forge.git("acme/empty", "rev-parse", "refs/heads/main"), project.head())

    def test_hosted_repositories_write_to_the_disk(self):
        name, _ = self.hosted()
        self.assertEqual(self.forge.git(name, "config", "core.fsync"), "all")

    def test_names_of_any_bytes_have_a_page_and_run_nothing(self):
        name, project = self.hosted()
        project.branch("x")
        for path in hostile_names():
            project.write(b"src/" + path, b"bytes \xff\n<script>alert(2)</script>\n")
        project.write("src/binary", bytes(range(256)))
        project.commit("<script>alert(3)</script> \"quoted\" & caf\u00e9")
        number = self.forge.push_branch(name, project, "x")
        self.forge.wait_settled(name, number)
        for path in ("", "/diff", "/commits", "/ci"):
            answer = self.forge.page(f"/{name}/branches/{number}{path}")
            self.assertEqual(answer.status, 200, path)
            for word in ("<script>alert", "<script>alert(1)<"):
                self.assertNotIn(word, answer.text, path)
            answer.body.decode("utf-8")
        page = self.forge.page(f"/{name}/branches/{number}").text
        for shown in ("with space.txt", "quote&#39;&quot;.txt", "caf\u00e9.txt", "&lt;script&gt;alert(1)&lt;", "a&amp;b=c%2F..txt"):
            self.assertTrue(shown in page or html.unescape(shown) in html.unescape(page), shown)

    def test_branch_names_of_every_kind_have_a_page(self):
        name, project = self.hosted()
        for branch in ("a/b/c", "caf\u00e9", "it's", 'say-"x"', "<script>alert(1)<!--", "100%25", "a&b#c"):
            with self.subTest(branch):
                project.git("checkout", "-q", "-B", "work", "main")
                project.write("src/a", branch)
                project.commit("x")
                number = self.forge.push_branch(name, project, branch)
                self.assertEqual(self.forge.branch(name, number)["name"], branch)
                answer = self.forge.page(f"/{name}/branches/{number}")
                self.assertEqual(answer.status, 200)
                self.assertNotIn("<script>alert", answer.text)

    def test_odd_branches_have_pages(self):
        name, project = self.hosted()

        def orphan():
            project.git("checkout", "-q", "--orphan", "island")
            project.write("src/island", "1")
            project.commit("No common history")

        def same():
            project.git("checkout", "-q", "-B", "same", "main")

        def empty_commit():
            project.git("checkout", "-q", "-B", "empty", "main")
            project.commit("Nothing changed")

        def no_files():
            project.git("checkout", "-q", "-B", "bare", "main")
            project.git("rm", "-q", "-r", ".")
            project.commit("All gone")

        for story in (same, empty_commit, no_files, orphan):
            with self.subTest(story.__name__):
                story()
                number = self.forge.push_branch(name, project, story.__name__)
                branch = self.forge.wait_settled(name, number)
                self.assertEqual(branch["state"], "open")
                for path in ("", "/diff", "/commits", "/ci"):
                    self.assertEqual(self.forge.page(f"/{name}/branches/{number}{path}").status, 200, path)

    def test_one_server_hosts_several_repositories_that_do_not_mix(self):
        one, first = self.hosted()
        two, second = self.hosted(files={"other": "x"})
        first.branch("x")
        first.write("src/a", "1")
        first.commit("x")
        self.forge.push_branch(one, first, "x")
        self.assertEqual([b["number"] for b in self.forge.api("GET", f"/repos/{one}/branches").json["branches"]], [1])
        self.assertEqual(self.forge.api("GET", f"/repos/{two}/branches").json["branches"], [])
        self.assertEqual(self.forge.git(two, "cat-file", "-e", first.head(), check=False) and "there", "")

    def test_a_repository_that_is_not_there_is_a_404_with_a_sentence(self):
        for path in ("/acme/none", "/acme/none/branches/1", "/acme/none.git/info/refs?service=git-upload-pack"):
            self.assertEqual(self.forge.request("GET", path).status, 404, path)
        answer = self.forge.api("GET", "/repos/acme/none/branches")
        self.assertEqual((answer.status, answer.json["error"]["code"]), (404, "not_found"))
        self.assertTrue(answer.json["error"]["message"])

    def test_bad_repository_names_are_refused_by_name(self):
        for name in ("rocket", "a/b/c", "../x", "acme/x.git", "acme/x.lock", "api/x", "acme/.", "acme/" + "x" * 65, "ac me/x"):
            with self.subTest(name):
                answer = self.forge.admin("repo", "create", name, check=False)
                self.assertEqual(answer.returncode, 2, answer)
                self.assertTrue(answer.stderr.strip())


if __name__ == "__main__":
    main()
