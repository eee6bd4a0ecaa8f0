"""A live pika-git of a test's own: started on a free port, waited for, looked into, and gone afterwards."""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.parse

from . import processes
from .basics import BIN, run, wait_until


class Answer:
    """One HTTP answer: status, headers, body as bytes; text and json on demand."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"


class Forge:
    """Use as `with Forge() as forge:`. On a failure the server's log is printed; on leaving, every process
    that came of it must be gone, or the test fails."""

    def __init__(self, program=None, serve=(), environment=None):
        self.program = pathlib.Path(program or BIN / "pika-git")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pika-test-"))
        self.data = self.folder / "data"
        self.home = self.folder / "home"
        self.home.mkdir()
        self.log = self.folder / "server.log"
        self.serve = list(serve)
        self.environment = {**os.environ, "HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
                            **(environment or {})}
        self.server = None
        self.port = 0
        self.cookie = None
        self.tokens = {}
        processes.adopt_orphans()

    # -- life ---------------------------------------------------------------------------------------

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.tell_log()
            self.close(assert_clean=False)
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            self.tell_log()
        self.close(assert_clean=kind is None)

    def start(self):
        """Starts the server on the port it had before, or a free one, and waits until it answers."""
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.server = subprocess.Popen(
                [self.program, "serve", "--data", self.data, "--port", str(self.port), "--port-file", port_file, *self.serve],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        processes.waited_elsewhere(self.server.pid)

        def ready():
            if self.server.poll() is not None:
                raise AssertionError(f"pika-git serve exited {self.server.returncode}")
            return port_file.exists() and port_file.read_text().strip()

        self.port = int(wait_until(ready, "the server's port file"))
        wait_until(self._answers, "the server to answer")

    def _answers(self):
        try:
            return self.request("GET", "/").status < 500
        except OSError:
            return False

    def stop(self):
        """The graceful end: SIGTERM, and the server must go."""
        self.server.terminate()
        self.server.wait(timeout=60)
        return self.server.returncode

    def kill(self):
        """kill -9 of the server alone; the runner and its lanes go on."""
        self.server.kill()
        self.server.wait(timeout=60)

    def runners(self):
        """The pids of this forge's runners, those that outlived their server among them."""
        return processes.find(None, "pika-runner")

    def kill_runner(self):
        pids = self.runners()
        assert pids, f"no runner to kill: {processes.descendants()}"
        processes.kill_all(pids)
        return pids

    def close(self, assert_clean=True):
        """Ends server and runner in the gentle way, then looks that nothing is left. A runner that still has a
        lane drains, which is as long as the lane: where no more cleanness is asked for, it is killed."""
        if self.server is not None and self.server.poll() is None:
            self.server.terminate()
            try:
                self.server.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
                assert_clean = False
                print("the server did not end on SIGTERM within 30 s", file=sys.stderr)
        for pid in self.runners():
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass

        def gone():
            processes.reap()
            return not processes.descendants()

        left = {}
        try:
            wait_until(gone, "every process to end", 30)
        except AssertionError:
            left = processes.descendants()
            processes.kill_all(left)
            wait_until(gone, "killed processes to end", 30)
        shutil.rmtree(self.folder, ignore_errors=True)
        if assert_clean and left:
            raise AssertionError(f"processes left behind: {left}")

    def tell_log(self):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        lines = text.splitlines()
        print(f"---- the server's log ({len(lines)} lines, the last 200) ----", file=sys.stderr)
        print("\n".join(lines[-200:]), file=sys.stderr)
        for path in sorted(self.data.glob("runner/**/*.log"))[:4]:
            print(f"---- {path.relative_to(self.data)} ----\n{path.read_text(errors='replace')[-4000:]}", file=sys.stderr)
        print("---- end of the logs ----", file=sys.stderr, flush=True)

    # -- administration -------------------------------------------------------------------------------

    def admin(self, *words, check=True):
        """`pika-git WORDS --data DATA`, beside the running server."""
        return run(self.program, *words, "--data", self.data, check=check, env=self.environment)

    def create_repository(self, name, source=None, target=None):
        words = ["repo", "create", name]
        words += ["--import", source] if source else []
        words += ["--target", target] if target else []
        return self.admin(*words)

    def create_user(self, name, role):
        self.admin("user", "create", name, "--role", role)

    def token(self, user="admin"):
        if user not in self.tokens:
            self.tokens[user] = self.admin("token", "create", "--user", user).stdout.split()[-1]
        return self.tokens[user]

    def login_link(self, user="admin"):
        return re.search(r"https?://\S+", self.admin("user", "login-link", user).stdout).group(0)

    def sign_in(self, user="admin"):
        """Follows a one-time link and keeps the session's cookie for page()."""
        link = urllib.parse.urlsplit(self.login_link(user))
        path = link.path + ("?" + link.query if link.query else "")
        answer = self.request("GET", path)
        if answer.status == 200 and "set-cookie" not in {name.lower() for name in answer.headers}:
            answer = self.submit(path, answer, {})
        self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return self.cookie

    # -- git ------------------------------------------------------------------------------------------

    def git_url(self, name, user="admin"):
        """An address that carries the token, for pushes."""
        return f"http://{user}:{self.token(user)}@127.0.0.1:{self.port}/{name}.git"

    def read_url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}.git"

    # -- HTTP -----------------------------------------------------------------------------------------

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def page(self, path):
        """A page as the signed-in person sees it (as a stranger before sign_in)."""
        return self.request("GET", path, headers={"Cookie": self.cookie} if self.cookie else {})

    def submit(self, path, page, fields):
        """Posts the first form of `page` that goes to `path`, with its hidden fields and these."""
        form = re.search(r'<form[^>]*action="%s"[^>]*>(.*?)</form>' % re.escape(path), page.text, re.S)
        assert form, f"the page has no form for {path}: {page}"
        hidden = dict(re.findall(r'<input[^>]*type="?hidden"?[^>]*name="([^"]*)"[^>]*value="([^"]*)"', form.group(1)))
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.url}
        if self.cookie:
            headers["Cookie"] = self.cookie
        return self.request("POST", path, urllib.parse.urlencode({**hidden, **fields}), headers)

    def log_of(self, name, suite, lane, attempt):
        """The whole log of an attempt as it is now: (bytes, whether it is closed)."""
        parts, offset = [], 0
        while True:
            answer = self.request("GET", f"/api/v1/repos/{name}/ci/{suite}/{lane}/{attempt}/log?offset={offset}&size=1048576",
                                  headers={"Authorization": f"Bearer {self.token()}"})
            assert answer.status == 200, answer
            offset = int(answer.headers["X-Log-Next-Offset"])
            parts.append(answer.body)
            if not answer.body:
                return b"".join(parts), answer.headers["X-Log-Complete"] == "true"

    # -- stories --------------------------------------------------------------------------------------

    def host(self, name, project, target="main"):
        """Hosts the project's present `main`, by a first push to an empty repository."""
        self.create_repository(name, target=target)
        project.push(self.git_url(name), f"HEAD:refs/heads/{target}")

    def push_branch(self, name, project, branch, options=()):
        """Pushes HEAD as a branch; gives its number, read from what the forge said to the pusher."""
        said = project.push(self.git_url(name), f"+HEAD:refs/heads/{branch}", options=options).stderr
        found = re.search(r"/branches/(\d+)", said)
        assert found, f"the push named no page: {said}"
        return int(found.group(1))

    def branch(self, name, number):
        answer = self.api("GET", f"/repos/{name}/branches/{number}")
        assert answer.status == 200, answer
        return answer.json

    def wait_branch(self, name, number, condition, what):
        """Waits for condition(branch) and gives the branch; a failure shows the last state seen."""
        last = {}

        def holds():
            last.update(self.branch(name, number))
            return condition(last)

        try:
            wait_until(holds, f"branch {number} of {name}: {what}")
        except AssertionError as late:
            raise AssertionError(f"{late}; last seen: {json.dumps(last, indent=1)}") from None
        return self.branch(name, number)

    def wait_settled(self, name, number):
        """Waits until the suite of the branch's present candidate has ended and the verdict no longer waits."""
        ended = ("passed", "failed", "skipped", "cancelled", "nothing_ran")
        return self.wait_branch(name, number, lambda branch: branch["tutorial"] != "pending" and branch["verdict"]["state"] != "waiting"
                                and (not branch["ci"]["lanes"] or all(lane["status"] in ended for lane in branch["ci"]["lanes"])),
                                "the lanes to end and the verdict to stand")

    def merge(self, name, number, expected_head, reason=None, user="admin"):
        body = {"expected_head": expected_head}
        if reason:
            body["override_reason"] = reason
        return self.api("POST", f"/repos/{name}/branches/{number}/merge", body, user)

    def hosted(self, name):
        """The bare repository, for looking at with git."""
        return self.data / "repos" / f"{name}.git"

    def git(self, name, *words, check=True):
        return run("git", "-c", "safe.directory=*", "-C", self.hosted(name), *words, check=check, env=self.environment).stdout.strip()

    def api(self, method, path, body=None, user="admin"):
        """The JSON API with a token; `path` follows /api/v1."""
        headers = {"Content-Type": "application/json"}
        if user:
            headers["Authorization"] = f"Bearer {self.token(user)}"
        return self.request(method, "/api/v1" + path, None if body is None else json.dumps(body), headers)
