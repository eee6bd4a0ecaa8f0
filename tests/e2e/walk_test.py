"""The whole way with real git and a real browser: push, page, live lane, log, merge, merged page, tree landed."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import Forge, Project, browser_or_skip, hostile_names, main, wait_until  # noqa: E402
from pikatest.project import shell  # noqa: E402

REPOSITORY = "acme/rocket"
CODE = "#include <string>\n\nstd::string greeting() {\n  return \"hello\";\n}\n"
USE = "#include \"greeting.hpp\"\n\nint main() {\n  return greeting().empty();\n}\n"
LANES = {
    "unit": {"command": shell("i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo test $i of 40; sleep 0.1; done; test ! -e broken")},
    "style": {"command": shell("! grep -rq TAB src")},
}


def project():
    return Project(LANES, files={"src/greeting.hpp": CODE, "src/main.cpp": USE, "README.md": "# Rocket\n"})


def change(work):
    """A branch of five files that moves, renames and uses a function."""
    work.branch("salutation")
    work.git("mv", "src/greeting.hpp", "src/salutation.hpp")
    work.write("src/salutation.hpp", CODE.replace("greeting", "salutation"))
    work.write("src/main.cpp", USE.replace("greeting", "salutation"))
    work.write("tests/salutation_test.cpp", '#include "salutation.hpp"\nint test() { return salutation().size(); }\n')
    work.write("README.md", "# Rocket\n\nSays hello.\n")
    for name in hostile_names():
        work.write(b"data/" + name, b"<script>alert(1)</script>\n")
    return work.commit("Call it a salutation", "A greeting may be *anything*; a salutation <script>alert(2)</script> is one.")


class Walk(unittest.TestCase):
    def test_from_push_to_merged_page(self):
        with Forge() as forge, project() as work, browser_or_skip() as browser:
            forge.host(REPOSITORY, work)
            head = change(work)
            link = forge.login_link()
            browser.goto(link)
            if browser.count("form[action*='login'] button"):
                browser.click("form[action*='login'] button")
            number = forge.push_branch(REPOSITORY, work, "salutation")
            page = f"{forge.url}/{REPOSITORY}/branches/{number}"

            # The page while a lane runs: every element of the walk, and the state in words.
            self.assertEqual(browser.goto(page), 200)
            for words in ("Back to feed", f"{REPOSITORY} branch #{number}", "salutation", "Call it a salutation", "Target branch: main",
                          "branch: open", "Continuous Integration", "Summary", "Tutorial Steps", "Intent", "Affected files", "Evidence"):
                browser.wait_text("body", words)
            browser.wait_text("body", "tutorial: ready")
            self.assertIn("src/salutation.hpp", browser.text())

            # The log of the running lane grows in place, without loading the page again.
            suite = forge.wait_branch(REPOSITORY, number, lambda b: b["ci"]["suite"], "a suite")["ci"]["suite"]
            browser.goto(f"{forge.url}/{REPOSITORY}/ci/{suite}/unit/1")
            browser.evaluate("window.sameDocument = true")
            browser.wait_text("body", "test 40 of 40")
            browser.wait_text("body", "success")
            self.assertTrue(browser.evaluate("window.sameDocument === true"), "the page was loaded again")

            # Landing by the button, as the page showed it.
            branch = forge.wait_settled(REPOSITORY, number)
            browser.goto(page)
            browser.wait_text("body", "ci: success")
            browser.click(f"form[action='/{REPOSITORY}/branches/{number}/merge'] button")
            browser.wait_text("body", "branch: merged")
            merged = forge.branch(REPOSITORY, number)
            self.assertEqual(merged["version"]["head"], head)
            self.assertIn(f"Merge Commit: {merged['merge_commit']}", browser.text().replace("\n", " "))
            self.assertEqual(forge.git(REPOSITORY, "rev-parse", "refs/heads/main"), merged["merge_commit"])
            self.assertEqual(forge.git(REPOSITORY, "rev-parse", "refs/heads/main^{tree}"), branch["candidate"]["tree"])
            for path in ("", "/diff", "/commits", "/ci"):
                self.assertEqual(browser.goto(page + path), 200)
            self.assertEqual(browser.goto(forge.url + "/"), 200)
            browser.wait_text("body", "Call it a salutation")
            self.assertEqual(browser.complaints(), [])

    def test_a_running_page_becomes_true_by_itself(self):
        with Forge() as forge, project() as work, browser_or_skip() as browser:
            forge.host(REPOSITORY, work)
            change(work)
            number = forge.push_branch(REPOSITORY, work, "salutation")
            browser.goto(f"{forge.url}/{REPOSITORY}/branches/{number}")
            browser.evaluate("window.sameDocument = true")
            browser.wait_text("body", "ci: success")
            self.assertTrue(browser.evaluate("window.sameDocument === true"), "the page was loaded again")
            self.assertEqual(browser.complaints(), [])

    def test_pages_are_whole_with_scripts_blocked(self):
        with Forge() as forge, project() as work, browser_or_skip(scripts=False) as browser:
            forge.host(REPOSITORY, work)
            change(work)
            link = forge.login_link()
            browser.goto(link)
            if browser.count("form[action*='login'] button"):
                browser.click("form[action*='login'] button")
            number = forge.push_branch(REPOSITORY, work, "salutation")
            branch = forge.wait_settled(REPOSITORY, number)
            browser.goto(f"{forge.url}/{REPOSITORY}/branches/{number}")
            for words in ("ci: success", "Tutorial Steps", "Evidence", "return \"hello\"", "Latest run"):
                browser.wait_text("body", words)
            browser.goto(f"{forge.url}/{REPOSITORY}/ci/{branch['ci']['suite']}/unit/1")
            browser.wait_text("body", "test 40 of 40")
            browser.goto(f"{forge.url}/{REPOSITORY}/branches/{number}")
            browser.click(f"form[action='/{REPOSITORY}/branches/{number}/merge'] button")
            browser.wait_text("body", "branch: merged")

    def test_a_failing_lane_shows_its_cause_in_place(self):
        with Forge() as forge, project() as work, browser_or_skip() as browser:
            forge.host(REPOSITORY, work)
            change(work)
            work.write("broken", "yes")
            work.commit("Break it")
            number = forge.push_branch(REPOSITORY, work, "salutation")
            forge.wait_settled(REPOSITORY, number)
            browser.goto(f"{forge.url}/{REPOSITORY}/branches/{number}")
            browser.wait_text("body", "ci: failed")
            browser.wait_text("body", "test 40 of 40")
            self.assertEqual(browser.complaints(), [])

    def test_narrow_pages_do_not_scroll_sideways(self):
        with Forge() as forge, project() as work, browser_or_skip() as browser:
            forge.host(REPOSITORY, work)
            change(work)
            number = forge.push_branch(REPOSITORY, work, "salutation")
            branch = forge.wait_settled(REPOSITORY, number)
            for width in (390, 1024, 1440):
                browser.context(width=width, height=800, dark=False, scripts=True)
                for path in ("/", f"/{REPOSITORY}", f"/{REPOSITORY}/branches/{number}", f"/{REPOSITORY}/branches/{number}/diff",
                             f"/{REPOSITORY}/branches/{number}/commits", f"/{REPOSITORY}/ci/{branch['ci']['suite']}/unit/1"):
                    browser.goto(forge.url + path)
                    self.assertLessEqual(browser.evaluate("document.documentElement.scrollWidth"), width, (width, path))


if __name__ == "__main__":
    main()
