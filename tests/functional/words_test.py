"""A model's words on a forge: the derived page at once and always, the words when they come, and what was sent where."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "checker"))
from pikatest import BIN, Forge, Project, main, run, wait_until  # noqa: E402
from pikatest.model import Model, shown_text  # noqa: E402
import schema  # noqa: E402

KEY = "sk-of-this-test-4711"
NAME = "acme/rocket"
CODE = "std::string greeting() {\n  return \"hello\";\n}\n"


class Words(unittest.TestCase):
    def forge(self, *sections):
        forge = Forge(serve=["--no-runner"])
        forge.data.mkdir(mode=0o700)
        (forge.data / "server.toml").write_text("".join(sections))
        key = forge.data / "model.key"
        key.write_text(KEY + "\n")
        key.chmod(0o600)
        forge.start()
        self.addCleanup(forge.close)
        return forge

    def model(self):
        model = Model()
        self.addCleanup(model.close)
        return model

    def hosted(self, forge, name=NAME):
        project = Project(files={"src/greeting.cpp": CODE})
        self.addCleanup(project.__exit__)
        forge.host(name, project)
        return project

    def pushed(self, forge, project, branch="hello", word="good day", name=NAME):
        project.git("checkout", "-q", "-B", branch, "main")
        project.write("src/greeting.cpp", CODE.replace("hello", word))
        project.commit("Say it otherwise")
        return forge.push_branch(name, project, branch)

    def tutorial(self, forge, number, query="", name=NAME):
        """The tutorial as JSON, once it is ready."""
        def ready():
            answer = forge.api("GET", f"/repos/{name}/branches/{number}/tutorial{query}")
            return answer.json if answer.status == 200 else None
        tutorial = wait_until(ready, "the derived tutorial")
        self.assertEqual(schema.faults(tutorial), [])
        return tutorial

    def words(self, forge, number, condition, what, name=NAME):
        last = {}

        def holds():
            told = self.tutorial(forge, number, name=name)
            last.update(told["words"], summary=told.get("model", {}).get("model_summary"))
            return condition(last)
        try:
            wait_until(holds, what)
        except AssertionError as late:
            raise AssertionError(f"{late}; last seen: {last}") from None
        return self.tutorial(forge, number, name=name)

    def told(self, forge, number, **more):
        return self.words(forge, number, lambda words: words["shown"] and words["asking"] == "", "the model's words", **more)

    def page(self, forge, number, query="", name=NAME):
        answer = forge.page(f"/{name}/branches/{number}{query}")
        self.assertEqual(answer.status, 200)
        return shown_text(answer)

    def sent(self, forge):
        return forge.api("GET", "/models/sent").json["sent"]

    def test_the_derived_page_at_once_then_the_words_with_their_provenance(self):
        model = self.model()
        model.hold()
        forge = self.forge(model.section('key_file = "model.key"'))
        self.assertIn(f"code of acme/* is sent to {model.host} (model small-7b)", forge.log.read_text())
        project = self.hosted(forge)
        number = self.pushed(forge, project)
        derived = self.tutorial(forge, number)
        self.assertEqual((derived["provider"], derived["words"]["shown"]), ("derived", False))
        wait_until(lambda: model.requests, "the model to be asked")
        text = self.page(forge, number)
        self.assertIn("A model’s words are being asked for.", text)
        self.assertIn("no model.", text)
        model.release()
        told = self.told(forge, number)
        self.assertEqual(told["provider"], "small-7b")
        self.assertTrue(told["summary"].startswith(model.summary))
        self.assertEqual([s["title"] for s in told["model"]["sources"]], ["model"])
        self.assertEqual(told["steps"][0]["evidence"], derived["steps"][0]["evidence"])
        text = self.page(forge, number)
        for words in (model.summary, "Words marked model", f"1 hunk was sent to {model.host} , model small-7b , at ", "Version 1."):
            self.assertIn(words, text)
        # The switch to the derived words, and back.
        self.assertNotIn(model.summary, self.page(forge, number, "?words=derived"))
        self.assertIn("Show the model’s words", self.page(forge, number, "?words=derived"))
        self.assertEqual(self.tutorial(forge, number, "?words=derived")["provider"], "derived")
        self.assertNotIn("model", self.tutorial(forge, number, "?words=derived"))
        # The account, for administrators alone; the key is shown to the model and to nobody else.
        log = self.sent(forge)
        self.assertEqual([(s["host"], s["hunks"], s["status"], s["outcome"]) for s in log], [(model.host, 1, 200, "answered")])
        self.assertEqual(forge.page("/admin/models").status, 401)
        forge.create_user("reader", "reader")
        self.assertEqual(forge.api("GET", "/models/sent", user="reader").status, 403)
        forge.sign_in()
        self.assertIn("answered", shown_text(forge.page("/admin/models")))
        self.assertEqual({headers["Authorization"] for headers, _ in model.requests}, {f"Bearer {KEY}"})
        seen = [forge.page(p).body for p in ("/", "/admin/models", f"/{NAME}/branches/{number}")]
        seen += [forge.api("GET", "/models/sent").body, forge.log.read_bytes()]
        seen += [p.read_bytes() for p in forge.data.rglob("*") if p.is_file() and p.name != "model.key"]
        self.assertEqual([part[:200] for part in seen if KEY.encode() in part], [])

    def test_a_killed_server_leaves_no_version_waiting(self):
        model = self.model()
        model.hold()
        forge = self.forge(model.section())
        project = self.hosted(forge)
        number = self.pushed(forge, project)
        wait_until(lambda: model.requests, "the model to be asked")
        forge.kill()
        model.release()
        forge.start()
        told = self.told(forge, number)
        self.assertTrue(told["summary"].startswith(model.summary))
        outcomes = [s["outcome"] for s in self.sent(forge)]
        self.assertEqual(len(outcomes), 2)
        self.assertIn("the server stopped meanwhile", outcomes[1])

    def test_a_stop_does_not_wait_for_the_model(self):
        model = self.model()
        model.hold()
        forge = self.forge(model.section())
        project = self.hosted(forge)
        number = self.pushed(forge, project)
        wait_until(lambda: model.requests, "the model to be asked")
        self.assertEqual(forge.stop(), 0)
        model.release()
        forge.start()
        self.told(forge, number)

    def test_a_model_that_is_not_there_leaves_the_derived_page_with_a_line(self):
        model = self.model()
        section = model.section('call_deadline = "1s"', 'deadline = "1s"')
        model.close()
        forge = self.forge(section)
        project = self.hosted(forge)
        number = self.pushed(forge, project)
        told = self.words(forge, number, lambda words: words["why"], "a reason")
        self.assertEqual((told["provider"], told["words"]["asking"]), ("derived", "asked"))
        self.assertIn("The last try:", self.page(forge, number))
        self.assertIn(f"1 hunk was to be sent, and no answer came, from {model.host}", self.page(forge, number))
        self.assertIn("no model.", self.page(forge, number))

    def test_a_refusal_is_told_and_regenerate_asks_again(self):
        model = self.model()
        model.fail(401)
        forge = self.forge(model.section())
        project = self.hosted(forge)
        number = self.pushed(forge, project)
        failed = self.words(forge, number, lambda words: words["asking"] == "failed", "the refusal")
        self.assertTrue(failed["words"]["why"])
        self.assertNotIn("Regenerate", self.page(forge, number))  # a stranger may not
        path = f"/{NAME}/branches/{number}"
        forge.sign_in()
        page = forge.page(path)
        self.assertIn("No words of a model: ", shown_text(page))
        model.fail(200)
        self.assertEqual(forge.submit(path + "/tutorial", page, {}).status, 303)
        self.told(forge, number)
        # Again: the old words stay until the new ones are there, and a second press changes nothing.
        before = len(model.requests)
        model.summary = "A greeting says something new."
        model.hold()
        page = forge.page(path)
        self.assertEqual(forge.submit(path + "/tutorial", page, {}).status, 303)
        wait_until(lambda: len(model.requests) > before, "the model to be asked again")
        self.assertEqual(forge.submit(path + "/tutorial", page, {}).status, 303)
        text = shown_text(forge.page(path))
        self.assertIn("A greeting says something else now.", text)
        self.assertIn("New words of a model are being asked for", text)
        self.assertNotIn("Regenerate", text)
        model.release()
        self.words(forge, number, lambda words: words["summary"] == model.summary, "the new words")
        self.assertEqual(len(model.requests), before + 1)

    def test_a_derived_tutorial_that_cannot_be_read_is_made_again(self):
        forge = self.forge()
        project = self.hosted(forge)
        number = self.pushed(forge, project)
        before = self.tutorial(forge, number)
        for file in (forge.data / "blobs/tutorials").iterdir():
            file.write_text("{ torn")
        path = f"/{NAME}/branches/{number}"
        forge.sign_in()
        page = forge.page(path)
        self.assertIn("could not be made", shown_text(page))
        self.assertEqual(forge.submit(path + "/tutorial", page, {}).status, 303)
        again = self.tutorial(forge, number)
        self.assertEqual((again["summary"], again["steps"]), (before["summary"], before["steps"]))
        self.assertNotIn("could not be made", shown_text(forge.page(path)))

    def test_words_that_cannot_be_read_leave_the_derived_page_and_are_asked_for_again(self):
        model = self.model()
        forge = self.forge(model.section())
        project = self.hosted(forge)
        number = self.pushed(forge, project)
        self.told(forge, number)
        for file in (forge.data / "blobs/tutorials").glob("*-words-*"):
            file.write_text("{ torn")
        path = f"/{NAME}/branches/{number}"
        forge.sign_in()
        page = forge.page(path)
        self.assertIn("the kept words can't be read", shown_text(page))
        self.assertIn("no model.", shown_text(page))
        # By the API this time, and twice.
        ask = lambda **body: forge.api("POST", f"/repos/{NAME}/branches/{number}/tutorial", body)  # noqa: E731
        self.assertEqual((ask(what="words").json, ask(what="words").status), ({"what": "words", "version": 1}, 200))
        self.told(forge, number)
        self.assertEqual([ask(what="nonsense").status, ask(what="words", version=9).status, ask(what="derived").status], [400, 404, 200])

    def test_a_branch_that_is_deleted_ends_the_call_about_it(self):
        model = self.model()
        model.hold()
        forge = self.forge(model.section())
        project = self.hosted(forge)
        number = self.pushed(forge, project)
        wait_until(lambda: model.requests, "the model to be asked")
        project.push(forge.git_url(NAME), ":refs/heads/hello")
        self.words(forge, number, lambda words: words["asking"] == "", "the call to end")
        self.assertEqual(self.tutorial(forge, number)["words"]["kept"], False)

    def test_an_administrator_can_ask_whether_the_model_answers(self):
        model = self.model()
        forge = self.forge(model.section())
        forge.sign_in()
        page = forge.page("/admin/models")
        self.assertEqual(forge.submit("/admin/models/probe", page, {}).status, 303)
        self.assertEqual(len(model.requests), 1)
        self.assertNotIn("rocket", str(model.requests[0][1]))
        self.assertEqual(self.sent(forge), [])

    def test_the_proof_of_the_form_is_needed(self):
        model = self.model()
        forge = self.forge(model.section())
        project = self.hosted(forge)
        number = self.pushed(forge, project)
        self.told(forge, number)
        forge.sign_in()
        answer = forge.request("POST", f"/{NAME}/branches/{number}/tutorial", "what=words&version=1",
                               {"Content-Type": "application/x-www-form-urlencoded", "Cookie": forge.cookie, "Origin": forge.url})
        self.assertEqual(answer.status, 403)
        self.assertEqual(len(model.requests), 1)

    def test_an_equal_change_on_another_branch_costs_no_call(self):
        model = self.model()
        forge = self.forge(model.section())
        project = self.hosted(forge)
        number = self.pushed(forge, project)
        self.told(forge, number)
        other = forge.push_branch(NAME, project, "the-same")
        told = self.told(forge, other)
        self.assertTrue(told["words"]["for_an_equal_change"])
        self.assertIn("for this version nothing was sent", self.page(forge, other))
        self.assertEqual(len(model.requests), 1)
        self.assertEqual(len(self.sent(forge)), 1)

    def test_words_of_an_older_version_are_never_shown_for_a_newer_one(self):
        model = self.model()
        forge = self.forge(model.section())
        project = self.hosted(forge)
        number = self.pushed(forge, project)
        self.told(forge, number)
        model.hold()
        self.pushed(forge, project, word="good night")
        self.assertEqual(self.tutorial(forge, number)["words"]["kept"], False)
        self.assertNotIn(model.summary, self.page(forge, number))
        self.assertIn(model.summary, self.page(forge, number, "?version=1"))
        self.assertIn("Version 1. Words marked", self.page(forge, number, "?version=1"))
        model.summary = "A greeting is for the night."
        model.release()
        self.told(forge, number)
        self.assertIn("Version 2. Words marked", self.page(forge, number))

    def test_code_of_other_repositories_is_never_sent(self):
        model = self.model()
        forge = self.forge(model.section(repositories=["acme/rocket"]))
        secret = self.hosted(forge, "acme/secret")
        number = self.pushed(forge, secret, name="acme/secret")
        open_one = self.hosted(forge)
        # The newer job has run, so the older one was looked at.
        self.told(forge, self.pushed(forge, open_one))
        self.assertEqual(self.tutorial(forge, number, name="acme/secret")["words"]["asking"], "")
        self.assertEqual(len(model.requests), 1)
        self.assertEqual({s["repository"] for s in self.sent(forge)}, {NAME})

    def test_nothing_is_sent_unless_somebody_configures_it(self):
        forge = self.forge()
        project = self.hosted(forge)
        number = self.pushed(forge, project)
        words = self.tutorial(forge, number)["words"]
        self.assertEqual((words["shown"], words["asking"]), (False, ""))
        self.assertEqual(forge.api("GET", "/models/sent").json,
                         {"where": "no model is configured: no code is sent anywhere", "sent": []})

    def test_check_says_where_code_goes_and_refuses_a_key_that_others_can_read(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        data = pathlib.Path(folder.name)
        (data / "server.toml").write_text('[model]\nprotocol = "anthropic"\nurl = "https://api.anthropic.com"\n'
                                          'model = "claude"\nrepositories = ["acme/*"]\nkey_file = "model.key"\n')
        (data / "model.key").write_text(KEY)
        (data / "model.key").chmod(0o644)
        refused = run(BIN / "pika-git", "serve", "--data", data, "--check", check=False)
        self.assertEqual(refused.returncode, 2, refused)
        self.assertIn("can be read by others", refused.stderr)
        (data / "model.key").chmod(0o600)
        good = run(BIN / "pika-git", "serve", "--data", data, "--check")
        self.assertIn("code of acme/* is sent to api.anthropic.com", good.stdout)
        self.assertNotIn(KEY, good.stdout + good.stderr)
        self.assertFalse((data / "db").exists())


if __name__ == "__main__":
    main()
