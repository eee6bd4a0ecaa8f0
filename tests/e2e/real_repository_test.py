"""The whole way with a repository that was not made for the test: PIKA_REPOSITORY names one with 1,000 commits and
1,000 files or more. The branch is two of its own revisions; only the catalogue is added, at the base."""
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import Forge, main, run  # noqa: E402
from pikatest.project import IDENTITY, POLICY, catalogue, shell  # noqa: E402

NAME = "real/repository"


class RealRepository(unittest.TestCase):
    def test_two_of_its_own_revisions_are_explained_checked_and_landed(self):
        source = os.environ.get("PIKA_REPOSITORY")
        if not source:
            self.skipTest("PIKA_REPOSITORY names no repository")
        environment = {**os.environ, **IDENTITY}
        work = pathlib.Path(tempfile.mkdtemp(prefix="pika-real-"))
        self.addCleanup(shutil.rmtree, work, ignore_errors=True)

        def git(*words):
            return run("git", "-c", "safe.directory=*", "-C", work / "tree", *words, env=environment).stdout.strip()

        run("git", "-c", "safe.directory=*", "clone", "-q", "--no-checkout", source, work / "tree", env=environment)
        self.assertGreaterEqual(int(git("rev-list", "--count", "HEAD")), 1000)
        self.assertGreaterEqual(len(git("ls-tree", "-r", "--name-only", "HEAD").splitlines()), 1000)

        # Base and head: the newest first-parent range of ten commits. The catalogue goes below both.
        head = git("rev-parse", "HEAD")
        line = git("rev-list", "--first-parent", "--max-count=11", "HEAD").splitlines()
        base = line[-1]
        git("checkout", "-q", "-B", "main", base)
        (work / "tree/ci").mkdir(exist_ok=True)
        (work / "tree/ci/pikaci.toml").write_text(catalogue({"count": {"command": shell("find . -type f | wc -l; test -e ci/pikaci.toml")}}))
        (work / "tree/ci/policy.toml").write_text(POLICY.format(lanes='"count"'))
        git("add", "-A", "ci")
        git("commit", "-q", "-m", "A catalogue")

        with Forge() as forge:
            forge.create_repository(NAME, target="main")
            git("push", "-q", forge.git_url(NAME), "main:refs/heads/main")
            said = run("git", "-C", work / "tree", "push", forge.git_url(NAME), f"{head}:refs/heads/newest", env=environment).stderr
            number = int(said.split("/branches/")[1].split()[0])
            branch = forge.wait_settled(NAME, number)
            self.assertEqual(branch["version"]["merge_base"], base)
            self.assertEqual(branch["verdict"]["state"], "ready", branch)
            self.assertEqual(branch["tutorial"], "ready")
            names = git("diff", "--name-only", "-M", base, head).splitlines()
            page = forge.page(f"/{NAME}/branches/{number}")
            diff = forge.page(f"/{NAME}/branches/{number}/diff")
            for name in names[:20]:
                self.assertIn(name, diff.text)
            self.assertEqual((page.status, "Tutorial Steps" in page.text), (200, True))
            answer = forge.merge(NAME, number, head)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(forge.git(NAME, "rev-parse", "refs/heads/main^{tree}"), branch["candidate"]["tree"])
            self.assertEqual(forge.git(NAME, "rev-parse", "refs/heads/main^{tree}"), git("merge-tree", "--write-tree", "main", head).split()[0])
            forge.git(NAME, "fsck", "--connectivity-only")


if __name__ == "__main__":
    main()
