"""A model's words in a real browser: they come in place where nobody reads yet, are announced where somebody does, and
the button asks again."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import Forge, Project, browser_or_skip, main, wait_until  # noqa: E402
from pikatest.model import Model  # noqa: E402

NAME = "acme/rocket"
CODE = "std::string greeting() {\n  return \"hello\";\n}\n"


class Words(unittest.TestCase):
    def test_from_the_derived_page_to_the_words_and_asking_again(self):
        forge = Forge(serve=["--no-runner"])
        forge.data.mkdir(mode=0o700)
        with Model() as model:
            (forge.data / "server.toml").write_text(model.section())
            model.hold()
            with forge, Project(files={"src/greeting.cpp": CODE}) as project, browser_or_skip() as browser:
                forge.host(NAME, project)
                project.branch("hello")
                project.write("src/greeting.cpp", CODE.replace("hello", "good day"))
                project.commit("Say it otherwise")
                number = forge.push_branch(NAME, project, "hello")
                browser.goto(forge.login_link())
                if browser.count("form[action*='login'] button"):
                    browser.click("form[action*='login'] button")
                browser.goto(f"{forge.url}/{NAME}/branches/{number}")
                browser.wait_text("#summary", "words are being asked for")
                browser.evaluate("window.sameDocument = true")

                # Nobody has begun to read: they come in place.
                model.release()
                browser.wait_text("#summary", model.summary)
                browser.wait_text("#summary", f"1 hunk was sent to {model.host}, model small-7b")
                self.assertEqual(browser.text("#step-1 .by"), "model")
                self.assertTrue(browser.evaluate("window.sameDocument === true"), "the page was loaded again")

                # Somebody reads (a step is marked): new words are announced, what is read stays.
                old = model.summary
                model.summary = "A greeting says something new."
                model.hold()
                browser.click("form[action$='/tutorial'] button")
                browser.wait_text("#summary", "New words of a model are being asked for")
                self.assertIn(old, browser.text("#summary"))
                self.assertEqual(browser.count("form[action$='/tutorial']"), 0)
                browser.click("#step-1 .tick")
                wait_until(lambda: len(model.requests) == 2, "the model to be asked again")
                model.release()
                browser.wait_text("#news", "words about this version are here")
                self.assertIn(old, browser.text("#summary"))
                browser.click("#news a")
                browser.wait_text("#summary", model.summary)

                # Without them, and back.
                browser.click("#summary a[href*='words=derived']")
                browser.wait_text("#summary", "no model")
                self.assertNotIn(model.summary, browser.text("#summary"))
                self.assertEqual(browser.count(".by"), 0)
                self.assertEqual(browser.complaints(), [])


if __name__ == "__main__":
    main()
