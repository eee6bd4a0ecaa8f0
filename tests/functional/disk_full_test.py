"""A full disk: pushes are refused with a sentence before anything is written, pages go on, and room brings all back."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import Forge, Project, main  # noqa: E402

REPOSITORY = "acme/rocket"


@unittest.skipUnless(os.geteuid() == 0, "only root can mount a small disk")
class DiskFull(unittest.TestCase):
    def setUp(self):
        self.forge = Forge()
        self.forge.data.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=700", "tmpfs", self.forge.data], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.forge.data])

    def fill(self, leave):
        """Takes the disk's room but for `leave` bytes."""
        disk = os.statvfs(self.forge.data)
        with open(self.forge.data / "filler", "wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, max(4096, disk.f_bavail * disk.f_frsize - leave))

    def test_a_push_is_refused_with_a_sentence_and_taken_when_there_is_room_again(self):
        with self.forge as forge, Project({"unit": {"command": ["true"]}}) as project:
            forge.host(REPOSITORY, project)
            project.branch("x")
            project.write("a", "1")
            project.commit("x")
            number = forge.push_branch(REPOSITORY, project, "x")
            forge.wait_settled(REPOSITORY, number)
            self.assertEqual(forge.request("GET", "/health").status, 200)
            self.fill(leave=8 << 20)
            project.write("a", "2")
            head = project.commit("y")
            answer = project.push(forge.git_url(REPOSITORY), "HEAD:refs/heads/x", check=False)
            self.assertNotEqual(answer.returncode, 0)
            self.assertIn("the server's disk is full", answer.stderr)
            self.assertEqual(forge.request("GET", "/health").status, 503)
            self.assertEqual(forge.page(f"/{REPOSITORY}/branches/{number}").status, 200)
            (forge.data / "filler").unlink()
            self.assertEqual(forge.request("GET", "/health").status, 200)
            project.push(forge.git_url(REPOSITORY), "HEAD:refs/heads/x")
            self.assertEqual(forge.branch(REPOSITORY, number)["version"]["head"], head)

    def test_pages_answer_and_nothing_acknowledged_is_lost_when_not_a_byte_is_left(self):
        with self.forge as forge, Project({"unit": {"command": ["true"]}}) as project:
            forge.host(REPOSITORY, project)
            project.branch("x")
            project.write("a", "1")
            head = project.commit("x")
            number = forge.push_branch(REPOSITORY, project, "x")
            forge.wait_settled(REPOSITORY, number)
            self.fill(leave=0)
            for path in ("/", f"/{REPOSITORY}", f"/{REPOSITORY}/branches/{number}", f"/{REPOSITORY}/branches/{number}/diff"):
                self.assertEqual(forge.page(path).status, 200, path)
            forge.kill()
            (forge.data / "filler").unlink()
            forge.start()
            self.assertEqual(forge.branch(REPOSITORY, number)["version"]["head"], head)


if __name__ == "__main__":
    main()
