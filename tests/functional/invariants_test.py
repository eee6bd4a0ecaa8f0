"""pika-invariants on real repositories: every exit code, a base, commits, folders without git, and what people see."""
import http.server
import json
import os
import pathlib
import pty
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / folder) for folder in ("harness", "checker")]
import schema  # noqa: E402
from pikatest import BIN, ROOT, Project, main  # noqa: E402

SCHEMA = json.loads((ROOT / "docs/invariants.schema.json").read_text())

RULES = """version = 1
name = "Rocket"

[[invariant]]
id = "engine-alone"
area = "layers"
kind = "must"
statement = "The engine knows nothing of the pages."
scope = ["engine/**"]
hint = "Hand it a value."
rule.must_not_depend_on = ["pages/**"]

[[invariant]]
id = "no-circles"
area = "layers"
kind = "must"
statement = "Nothing depends on itself."
rule.no_cycle = true

[[invariant]]
id = "kind-words"
area = "style"
kind = "must"
statement = "Names are kind."
"""
FILES = {"invariants/invariants.toml": RULES, "engine/run.c": '#include "run.h"\n', "engine/run.h": "",
         "pages/page.c": '#include "../engine/run.h"\n', "pages/page.h": ""}
GUILTY = '#include "run.h"\n#include "../pages/page.h"\n'


class InvariantsProgram(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="pika-invariants-")
        self.addCleanup(shutil.rmtree, self.home)
        self.environment = {**os.environ, "XDG_CACHE_HOME": self.home + "/cache"}

    def run_it(self, folder, *words, **environment):
        return subprocess.run([BIN / "pika-invariants", *words], cwd=folder, capture_output=True, text=True, env={**self.environment, **environment})

    def check(self, project, *words):
        """The exit code and the findings by id."""
        answer = self.run_it(project.folder, "-o", "json", "check", *words)
        document = json.loads(answer.stdout)
        self.assertEqual(document["exit_code"], answer.returncode)
        return answer.returncode, {each["id"]: each for each in document.get("invariants", [])}, document

    def test_each_exit_code(self):
        with Project(files=FILES) as project:
            self.assertEqual(self.check(project)[0], 0)
            project.write("engine/run.c", GUILTY)  # not committed, and seen
            code, findings, _ = self.check(project)
            self.assertEqual(code, 1)
            self.assertEqual([(v["path"], v["line"], v["column"], v["target"]) for v in findings["engine-alone"]["violations"]],
                             [("engine/run.c", 2, 1, "pages/page.h")])
            self.assertEqual(self.check(project, "--base", "nowhere")[0], 2)
            self.assertEqual(self.check(project, "--only-new")[0], 2)
            self.assertEqual(self.run_it(project.folder, "-o", "json", "chekc").returncode, 2)
            self.assertEqual(self.run_it(project.folder, "explain", "engine-alnoe").returncode, 2)
            project.write("invariants/invariants.toml", RULES[:RULES.index("rule.")].replace("hint", "hnit"))
            answer = self.run_it(project.folder, "check")
            self.assertEqual(answer.returncode, 7)
            self.assertIn("invariants/invariants.toml:10:1: unknown key 'hnit'; did you mean 'hint'?", answer.stderr)
            project.write("invariants/invariants.toml", RULES[:RULES.index("rule.")])
            answer = self.run_it(project.folder, "check")
            self.assertEqual(answer.returncode, 3)
            self.assertIn("nothing was checked", answer.stdout)
            os.remove(project.folder / "invariants/invariants.toml")
            self.assertEqual(self.run_it(project.folder, "check").returncode, 7)
            # A file that cannot be read, which root can: a repository that git cannot list.
            project.write("invariants/invariants.toml", RULES)
            (project.folder / ".git/index").write_bytes(b"broken")
            self.assertEqual(self.check(project)[0], 4)
        self.assertEqual(self.run_it("/", "check").returncode, 2)

    def test_a_branch_is_told_what_it_adds_and_what_it_removes(self):
        with Project(files={**FILES, "engine/old.c": '#include "../pages/page.h"\n'}) as project:
            self.assertEqual(self.check(project)[0], 1)
            code, findings, _ = self.check(project, "--base", "main")
            self.assertEqual((code, [v["new"] for v in findings["engine-alone"]["violations"]]), (1, [False]))
            self.assertEqual(self.check(project, "--base", "main", "--only-new")[0], 0)
            project.git("checkout", "-q", "-b", "branch")
            project.write("engine/run.c", GUILTY)
            project.write("engine/old.c", "\n")
            project.write("invariants/invariants.toml", RULES.replace("no-circles", "no-rings"))
            project.commit("A new one for an old one")
            code, findings, document = self.check(project, "--base", "main", "--only-new")
            self.assertEqual((code, [v["path"] for v in findings["engine-alone"]["violations"] if v["new"]]), (1, ["engine/run.c"]))
            self.assertEqual([v["path"] for v in findings["engine-alone"]["removed"]], ["engine/old.c"])
            self.assertEqual(document["base"]["rules"], {"added": ["no-rings"], "removed": ["no-circles"], "changed": []})
            text = self.run_it(project.folder, "check", "--base", "main").stdout
            self.assertIn("this branch adds 1 violation, removes 1; 0 stood before", text)
            self.assertIn("this branch removes the invariant: no-circles", text)
            # The same of commits, whatever lies in the work tree.
            project.write("engine/run.c", "")
            self.assertEqual(self.check(project, "--base", "main", "--only-new")[0], 0)
            code, _, document = self.check(project, "--tree", "branch", "--base", "main", "--only-new")
            self.assertEqual((code, document["tree"]), (1, project.git("rev-parse", "branch").stdout.strip()))
            bare = pathlib.Path(self.home) / "bare.git"
            project.git("clone", "-q", "--bare", ".", str(bare))
            self.assertEqual(self.run_it(bare, "check", "--tree", "branch").returncode, 1)
            self.assertEqual(self.run_it(bare, "check").returncode, 2)

    def test_a_file_that_was_moved_brings_nothing_new(self):
        lines = "".join(f"int a{i};\n" for i in range(20))
        with Project(files={**FILES, "engine/old.c": '#include "../pages/page.h"\n' + lines}) as project:
            project.git("checkout", "-q", "-b", "branch")
            (project.folder / "engine/deep").mkdir()
            os.rename(project.folder / "engine/old.c", project.folder / "engine/deep/new.c")  # git has not been told
            project.write("engine/deep/new.c", '#include "../../pages/page.h"\n' + lines)
            index = (project.folder / ".git/index").read_bytes()
            for step in ("not added", "committed"):
                code, findings, _ = self.check(project, "--base", "main", "--only-new")
                self.assertEqual((code, [(v["path"], v["new"]) for v in findings["engine-alone"]["violations"]], findings["engine-alone"]["removed"]),
                                 (0, [("engine/deep/new.c", False)], []), step)
                if step == "not added":
                    self.assertEqual((project.folder / ".git/index").read_bytes(), index)
                    project.commit("Moved")
            self.assertEqual(self.check(project, "--base", "main", "--tree", "branch", "--only-new")[0], 0)

    def test_from_any_folder_and_without_git(self):
        with Project(files=FILES) as project:
            deep = project.folder / "engine/deep"
            deep.mkdir()
            self.assertEqual(self.run_it(deep, "check").returncode, 0)
            project.write(".gitignore", "ignored/\n")
            project.write("ignored/a.c", '#include "b.c"\n')
            project.write("ignored/b.c", '#include "a.c"\n')
            self.assertEqual(self.run_it(deep, "check").returncode, 0)
            shutil.rmtree(project.folder / ".git")  # as in the workspace of a CI job
            self.assertEqual(self.run_it(deep, "check").returncode, 0)
            project.write("engine/run.c", GUILTY)
            self.assertEqual(self.run_it(deep, "check").returncode, 1)
            self.assertEqual(self.run_it(deep, "check", "--base", "main").returncode, 2)

    def test_what_is_kept_between_runs_changes_nothing_that_is_seen(self):
        with Project(files=FILES) as project:
            for name in FILES:
                os.utime(project.folder / name, (1_000_000_000, 1_000_000_000))
            def both():
                kept, fresh = self.run_it(project.folder, "-o", "json", "check"), self.run_it(project.folder, "--no-cache", "-o", "json", "check")
                self.assertEqual(kept.stdout, fresh.stdout)
                return kept.returncode
            self.assertEqual([both(), both()], [0, 0])
            project.write("engine/run.c", GUILTY)
            self.assertEqual([both(), both()], [1, 1])
            kept = list(pathlib.Path(self.home, "cache/pika-invariants").iterdir())
            self.assertEqual(len(kept), 1)
            for broken in (b"", b"PIKAINV1", kept[0].read_bytes()[:-1], kept[0].read_bytes().replace(b"engine", b"engixe")):
                kept[0].write_bytes(broken)
                self.assertEqual(both(), 1)

    def test_list_explain_and_graph(self):
        with Project(files=FILES) as project:
            listed = self.run_it(project.folder, "list").stdout.splitlines()
            self.assertEqual([line.split()[:3] for line in listed],
                             [["engine-alone", "must", "must_not_depend_on"], ["no-circles", "must", "no_cycle"], ["kind-words", "must", "-"]])
            text = self.run_it(project.folder, "explain", "engine-alone").stdout
            for words in ("(invariants/invariants.toml:5)", "scope  engine/**: 2 files", "rule   must_not_depend_on pages/**", "hint   Hand it a value.", "now    passed"):
                self.assertIn(words, text)
            self.assertIn("did you mean 'engine-alone'?", self.run_it(project.folder, "explain", "engine-alne").stderr)
            self.assertEqual(self.run_it(project.folder, "graph", "pages/**").stdout, 'pages/page.c:1:1  #include "../engine/run.h" -> engine/run.h\n')
            project.write("pages/page.c", '#include "gone.h"\n')
            self.assertEqual(self.run_it(project.folder, "graph", "--unresolved").stdout, 'pages/page.c:1:1  #include "gone.h"\n')

    def test_json_is_what_the_published_schema_says(self):
        more = """[[invariant]]
id = "pages-see-engine"
area = "layers"
kind = "allowed"
statement = "Pages use the engine."
scope = ["pages/**"]
rule.must_not_depend_on = ["engine/**", "gone/**"]
"""
        files = {**FILES, "engine/old.c": '#include "../pages/page.h"\n', "invariants/invariants.toml": RULES + more,
                 "a/go.mod": "module m\n", "a/x/x.go": 'package x\nimport "m/y"\n', "a/y/y.go": 'package y\nimport "m/x"\n'}
        with Project(files=files) as project:
            os.remove(project.folder / "engine/old.c")
            project.write("engine/run.c", GUILTY + '#include "nowhere.h"\n')
            seen = set()
            for words in (["check"], ["check", "--base", "main"], ["check", "--tree", "main"], ["list"], ["explain", "engine-alone"], ["explain", "kind-words"],
                          ["graph"], ["graph", "--unresolved"], ["check", "--base", "nowhere"], ["wrong"]):
                document = json.loads(self.run_it(project.folder, "-o", "json", *words).stdout)
                self.assertEqual(schema.faults(document, SCHEMA, SCHEMA), [], words)
                seen.update(document)
            project.write("invariants/invariants.toml", "version = 2\n")
            document = json.loads(self.run_it(project.folder, "-o", "json", "check").stdout)
            self.assertEqual(schema.faults(document, SCHEMA, SCHEMA), [])
            self.assertTrue(document["error"]["problems"])
            self.assertLessEqual({"base", "invariants", "explanation", "dependencies", "unresolved", "error"}, seen)
            self.assertNotEqual(schema.faults({**document, "more": 1}, SCHEMA, SCHEMA), [])

    def test_a_model_grades_what_has_no_rule_and_decides_nothing(self):
        answers, asked = [], []

        class Model(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                asked.append((self.path, self.headers.get("Authorization"), json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
                status, words = answers[min(len(asked), len(answers)) - 1]
                body = json.dumps({"choices": [{"message": {"content": words}, "finish_reason": "stop"}]}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Model)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        model = ["--model", "wise", "--model-url", f"http://127.0.0.1:{server.server_port}", "--model-key-env", "SOME_KEY"]
        with Project(files=FILES) as project:
            def grade(words, status=200):
                answers[:] = [(status, words)]
                asked.clear()
                answer = self.run_it(project.folder, "-o", "json", "check", *model, SOME_KEY="sk-very-secret")
                document = json.loads(answer.stdout)
                self.assertEqual(schema.faults(document, SCHEMA, SCHEMA), [])
                self.assertNotIn("sk-very-secret", answer.stdout + answer.stderr)
                self.assertIn("pika-invariants: sends 5 files of the scope of kind-words", answer.stderr)
                found = {each["id"]: each for each in document["invariants"]}
                self.assertEqual([name for name, each in found.items() if "grade" in each], ["kind-words"])
                self.assertEqual(found["kind-words"]["outcome"], "not-checked")
                return answer.returncode, found["kind-words"]["grade"]

            true = {"path": "engine/run.c", "line": 1, "quote": "run.h"}
            code, said = grade(json.dumps({"verdict": "violated", "why": "It runs.", "evidence": [true, {**true, "line": 7}, {**true, "path": "../secret"}]}))
            self.assertEqual((code, said["verdict"], said["evidence"], len(said["not_believed"])), (0, "violated", [true], 2))
            self.assertEqual([(path, key, body["model"]) for path, key, body in asked], [("/v1/chat/completions", "Bearer sk-very-secret", "wise")])
            code, said = grade(json.dumps({"verdict": "violated", "why": "Trust me.", "evidence": []}))
            self.assertEqual((code, said["verdict"]), (0, "unclear"))
            self.assertEqual(grade("What a nice tree!")[1]["verdict"], "unclear")
            code, said = grade("", status=401)
            self.assertEqual((code, said["verdict"], said["evidence"]), (0, "unclear", []))
            # What a model says turns nothing green either.
            project.write("engine/run.c", GUILTY)
            answers[:] = [(200, json.dumps({"verdict": "holds", "why": "All is well.", "evidence": []}))]
            answer = self.run_it(project.folder, "check", *model, SOME_KEY="sk-very-secret")
            self.assertEqual(answer.returncode, 1)
            self.assertIn('says, which is advice and no check: holds\n         "All is well."\n', answer.stdout)
            self.assertEqual(self.run_it(project.folder, "check", "--model", "wise").returncode, 2)
            self.assertEqual(self.run_it(project.folder, "check", *model[:4], "--model-key-env", "NO_SUCH_KEY").returncode, 2)

    def test_a_lane_that_runs_it_is_red_by_a_violation(self):
        lane = {"invariants": {"command": ["tools/pika-invariants", "--no-cache", "check"]}}
        with Project(lanes=lane, files=FILES) as project:
            (project.folder / "tools").mkdir()
            shutil.copy(BIN / "pika-invariants", project.folder / "tools")  # a job sees its workspace and the system
            def run():
                return subprocess.run([BIN / "pikaci", "--state", self.home + "/state", "run", "invariants"], cwd=project.folder, capture_output=True, text=True, env=self.environment)
            answer = run()
            self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
            project.write("engine/run.c", GUILTY)  # no more than on disk
            answer = run()
            self.assertEqual(answer.returncode, 1, answer.stdout + answer.stderr)
            self.assertIn("engine/run.c:2:1", answer.stdout + answer.stderr)

    def test_colour_is_for_terminals_that_want_it(self):
        with Project(files=FILES) as project:
            def on_terminal(**environment):
                ours, theirs = pty.openpty()
                child = subprocess.Popen([BIN / "pika-invariants", "check"], cwd=project.folder, stdout=theirs, stderr=theirs,
                                         env={**{k: v for k, v in self.environment.items() if k != "NO_COLOR"}, "TERM": "xterm", **environment})
                os.close(theirs)
                seen = b""
                try:
                    while piece := os.read(ours, 4096):
                        seen += piece
                except OSError:  # the other end is closed
                    pass
                os.close(ours)
                self.assertEqual(child.wait(), 0)
                return seen
            self.assertIn(b"\x1b[32m", on_terminal())
            self.assertNotIn(b"\x1b", on_terminal(NO_COLOR="1"))
            self.assertNotIn("\x1b", self.run_it(project.folder, "check").stdout)


if __name__ == "__main__":
    main()
