"""Starting and stopping the forge: what is wrong is said in a sentence, and nothing is harmed."""
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, Forge, Project, main, run  # noqa: E402


class Serve(unittest.TestCase):
    def serve(self, data, *words):
        """A start that must fail by itself."""
        return subprocess.run([BIN / "pika-git", "serve", "--data", data, *map(str, words)], capture_output=True, text=True, timeout=60)

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def test_a_port_in_use_is_named_and_what_to_do(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            answer = self.serve(self.folder() / "data", "--port", port)
        self.assertEqual(answer.returncode, 4, answer)
        self.assertIn(str(port), answer.stderr)
        self.assertIn("--port", answer.stderr)

    def test_a_data_folder_in_use_is_named(self):
        with Forge() as forge:
            answer = self.serve(forge.data, "--port", 0)
            self.assertEqual(answer.returncode, 4, answer)
            self.assertIn(str(forge.data), answer.stderr)
            self.assertEqual(forge.request("GET", "/").status, 200)

    def test_a_data_folder_that_cannot_be_made_is_named(self):
        place = self.folder() / "file"
        place.write_text("x")
        answer = self.serve(place / "data", "--port", 0)
        self.assertNotEqual(answer.returncode, 0)
        self.assertIn(str(place), answer.stderr)

    def test_unknown_keys_in_the_configuration_are_errors(self):
        data = self.folder() / "data"
        data.mkdir(mode=0o700)
        (data / "server.toml").write_text('prot = 8787\n')
        answer = self.serve(data, "--port", 0)
        self.assertEqual(answer.returncode, 2, answer)
        self.assertIn("prot", answer.stderr)
        self.assertIn("server.toml", answer.stderr)

    def test_wrong_arguments_exit_two_with_a_sentence(self):
        for words in (["serve"], ["serve", "--port", "99999", "--data", "x"], ["nonsense"], []):
            answer = run(BIN / "pika-git", *words, check=False, cwd=self.folder())
            self.assertEqual(answer.returncode, 2, (words, answer))
            self.assertTrue(answer.stderr.strip() or answer.stdout.strip())

    def test_every_program_says_its_version(self):
        for name in ("pika-git", "pika-runner", "ph", "pikaci", "jericho-conformance"):
            answer = subprocess.run([BIN / name, "--version"], capture_output=True, text=True)
            self.assertEqual(answer.returncode, 0, name)
            self.assertRegex(answer.stdout, rf"^{name} \d+\.\d+\.\d+\n$")

    def test_the_data_folder_is_for_its_owner_only(self):
        with Forge() as forge:
            self.assertEqual(forge.data.stat().st_mode & 0o777, 0o700)

    def test_sigterm_ends_it_with_success(self):
        with Forge() as forge:
            self.assertEqual(forge.stop(), 0)

    def test_the_feed_of_an_empty_forge_tells_how_to_fill_it(self):
        with Forge() as forge:
            page = forge.page("/")
            self.assertEqual(page.status, 200)
            self.assertIn("repo create", page.text)

    def test_every_page_has_the_policy_that_keeps_foreign_code_out(self):
        with Forge() as forge, Project({"unit": {"command": ["true"]}}) as project:
            forge.host("acme/rocket", project)
            project.branch("x")
            project.write("a", "1")
            project.commit("x")
            forge.push_branch("acme/rocket", project, "x")
            for path in ("/", "/acme/rocket", "/acme/rocket/branches/1", "/acme/rocket/branches/1/diff", "/acme/rocket/branches/1/ci", "/none", "/login"):
                answer = forge.page(path)
                policy = answer.headers["Content-Security-Policy"] or ""
                self.assertIn("default-src 'none'", policy, path)
                self.assertNotIn("unsafe-inline", policy, path)
                self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff", path)

    def test_requests_that_change_things_need_more_than_a_cookie(self):
        with Forge() as forge, Project({"unit": {"command": ["true"]}}) as project:
            forge.host("acme/rocket", project)
            project.branch("x")
            project.write("a", "1")
            head = project.commit("x")
            number = forge.push_branch("acme/rocket", project, "x")
            forge.wait_settled("acme/rocket", number)
            cookie = forge.sign_in()
            form = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
            for headers in ({**form, "Origin": "http://evil.example"}, {**form, "Sec-Fetch-Site": "cross-site"}, form):
                answer = forge.request("POST", f"/acme/rocket/branches/{number}/merge", f"expected_head={head}", headers)
                self.assertEqual(answer.status, 403, (headers, answer))
            self.assertEqual(forge.branch("acme/rocket", number)["state"], "open")

    def test_an_address_cannot_make_a_page_speak_for_the_forge(self):
        with Forge() as forge:
            for field in ("done", "trouble", "flash"):
                self.assertNotIn("call-this-number", forge.page(f"/?{field}=call-this-number").text)

    def test_a_method_that_an_address_does_not_take_is_told_which_it_takes(self):
        with Forge() as forge:
            answer = forge.request("PUT", "/login", "", {})
            self.assertEqual(answer.status, 405)
            self.assertEqual(answer.headers["Allow"], "GET, POST")

    def test_a_sign_in_link_works_once(self):
        with Forge() as forge:
            link = forge.login_link().removeprefix(forge.url)
            first = forge.request("GET", link)
            if first.status == 200:
                first = forge.submit(link, first, {})
            self.assertIn("Set-Cookie", first.headers)
            self.assertRegex(first.headers["Set-Cookie"], r"(?i)httponly")
            self.assertRegex(first.headers["Set-Cookie"], r"(?i)samesite")
            second = forge.request("GET", link)
            self.assertNotIn("Set-Cookie", second.headers)
            self.assertIn(second.status, (400, 403, 404, 410))


if __name__ == "__main__":
    main()
