"""A real browser for a test: Debian's chromium, driven by playwright-core through one node process."""
import hashlib
import json
import pathlib
import shutil
import subprocess
import unittest

from . import processes
from .basics import ROOT


def node_modules():
    """Where script/setup put the npm packages, or None."""
    lock = ROOT / "third-party" / "npm" / "package-lock.json"
    if not lock.exists():
        return None
    shared = pathlib.Path("/usr/local/lib/pika-node") / hashlib.sha256(lock.read_bytes()).hexdigest()[:16] / "node_modules"
    for place in (shared, lock.parent / "node_modules"):
        if (place / "playwright-core").is_dir():
            return place
    return None


def browser_or_skip(**options):
    """A Browser, or the test is skipped with the reason."""
    if not shutil.which("chromium"):
        raise unittest.SkipTest("no chromium (script/setup --with-tests installs it)")
    if not shutil.which("node") or node_modules() is None:
        raise unittest.SkipTest("no playwright-core (script/setup --with-tests installs it)")
    return Browser(**options)


class Browser:
    """`with Forge() as forge, browser_or_skip() as browser:`, in this order: a forge that ends finds any process left
    over, a browser among them. Each method is one operation of tests/harness/browser.mjs;
    a failing one raises AssertionError with the browser's words."""

    def __init__(self, width=1440, height=900, dark=False, scripts=True):
        self.node = subprocess.Popen(["node", ROOT / "tests/harness/browser.mjs", node_modules()],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.waited_elsewhere(self.node.pid)
        self.context(width=width, height=height, dark=dark, scripts=scripts)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.node.poll() is None:
            try:
                self._ask("close")
            except (AssertionError, OSError):
                pass
            self.node.stdin.close()
            self.node.wait(timeout=30)
        self.node.stdout.close()

    def _ask(self, operation, **words):
        self.node.stdin.write(json.dumps({"op": operation, **words}) + "\n")
        self.node.stdin.flush()
        line = self.node.stdout.readline()
        if not line:
            raise AssertionError(f"the browser ended during {operation}")
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(f"browser, {operation} {words}: {answer['error']}")
        return answer.get("value")

    def context(self, **options):
        """Opens a fresh profile: width, height, dark, scripts."""
        return self._ask("context", **options)

    def goto(self, url):
        """Opens a page; gives its HTTP status."""
        return self._ask("goto", url=url)

    def click(self, selector):
        return self._ask("click", selector=selector)

    def fill(self, selector, text):
        return self._ask("fill", selector=selector, text=text)

    def wait_text(self, selector, text):
        """Waits until an element of the selector holds the text, without loading the page again."""
        return self._ask("wait_text", selector=selector, text=text)

    def text(self, selector="body"):
        return self._ask("text", selector=selector)

    def count(self, selector):
        return self._ask("count", selector=selector)

    def url(self):
        return self._ask("url")

    def evaluate(self, expression):
        return self._ask("evaluate", expression=expression)

    def complaints(self):
        """What the page did that it should not: script errors, dialogs, CSP violations, foreign requests."""
        return self._ask("complaints")

    def picture(self, path, full=True):
        return self._ask("picture", path=str(path), full=full)
