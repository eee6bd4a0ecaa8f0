#!/usr/bin/env python3
"""Explains the last commits of a repository and checks each tutorial from outside.

    history.py EXPLAIN REPO [COUNT]     first-parent commits from HEAD; 20 unless told
    history.py EXPLAIN --nasty          generated repositories with hostile content
"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_tutorial  # noqa: E402


def git(repo, *args, data=None):
    env = dict(os.environ, GIT_AUTHOR_NAME="t", GIT_AUTHOR_EMAIL="t@x", GIT_COMMITTER_NAME="t", GIT_COMMITTER_EMAIL="t@x",
               GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null")
    return subprocess.run(["git", "-C", repo, *args], capture_output=True, check=True, env=env, input=data).stdout.decode().strip()


class Figures:
    def __init__(self):
        self.rows, self.faults = [], 0

    def add(self, program, repo, base, head, label):
        faults, figures = check_tutorial.run_program(program, repo, base, head)
        for fault in faults:
            print(f"{label}: FAULT {fault}")
        self.faults += len(faults)
        self.rows.append(figures)

    def report(self):
        total = {key: sum(r[key] for r in self.rows) for key in self.rows[0]} if self.rows else {}
        n = len(self.rows)
        if n:
            broken = sum(1 for r in self.rows if r["forward"])
            print(f"{n} changes, {total['lines']} lines, {total['steps'] / n:.1f} steps on average, "
                  f"{100 * total['folded'] / max(1, total['lines']):.1f}% folded, {total['checks']} checks, "
                  f"{100 * broken / n:.0f}% of changes with a need that points forward, "
                  f"{total['micros'] / max(1, total['lines']):.1f} ms a 1,000 lines, longest {max(r['micros'] for r in self.rows) / 1e6:.2f} s")
        return 1 if self.faults else 0


def history(program, repo, count):
    if subprocess.run(["git", "-C", repo, "rev-parse", "HEAD"], capture_output=True).returncode:
        print(f"{repo} is no repository (a plain export of one): nothing to explain")
        return 77
    figures = Figures()
    commits = git(repo, "rev-list", "--first-parent", f"--max-count={count}", "HEAD").split()
    for commit in commits:
        parents = git(repo, "rev-list", "--parents", "-n1", commit).split()[1:]
        figures.add(program, repo, parents[0] if parents else "empty", commit, commit[:12])
    return figures.report()


class Nasty:
    """One repository; each change is a commit on the one before."""

    def __init__(self, path):
        self.path = path
        git(path, "init", "-q", "-b", "main")
        self.commits = [self.commit("start")]

    def commit(self, message):
        git(self.path, "add", "-A")
        git(self.path, "commit", "-q", "--allow-empty", "-m", message)
        return git(self.path, "rev-parse", "HEAD")

    def write(self, name, data):
        path = os.path.join(os.fsencode(self.path), name if isinstance(name, bytes) else name.encode())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def done(self, message="change"):
        self.commits.append(self.commit(message))


def nasty(program):
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        n = Nasty(folder)
        odd = [b"new\nline", b'quo"te', b"byte\xff", b"sp ace", b"tab\t", b"back\\slash", b"<script>alert(1)</script>", b"`tick`|pipe",
               "é/ü".encode(), b"-dash", b"@@ -1 +1 @@", b"\xe2\x80\xaertl"]
        for name in odd:
            n.write(name, b"one\ntwo\nthree\nfour\nfive\n")
        n.done("names \x1b[31m </script> `x`")
        for name in odd:
            n.write(name, b"one\n2\nthree\nfour\nfive")
        n.done("no newline at the end")
        for i, name in enumerate(odd):
            source, target = os.path.join(os.fsencode(folder), name), os.path.join(os.fsencode(folder), b"moved", b"%d" % i + name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.rename(source, target)
        n.done("moves")
        n.write("bin", bytes(range(256)) * 20)
        n.write("empty", b"")
        os.symlink("empty", os.path.join(folder, "link"))
        n.done("binary, empty, symlink")
        n.write("bin", bytes(reversed(range(256))) * 20)
        os.chmod(os.path.join(folder, "empty"), 0o755)
        os.remove(os.path.join(folder, "link"))
        n.write("link", b"a file now\n")
        n.done("binary, mode, type change")
        git(folder, "update-index", "--add", "--cacheinfo", f"160000,{n.commits[0]},sub")
        git(folder, "commit", "-q", "-m", "submodule")
        n.commits.append(git(folder, "rev-parse", "HEAD"))
        git(folder, "update-index", "--cacheinfo", f"160000,{n.commits[1]},sub")
        git(folder, "commit", "-q", "-m", "submodule moves")
        n.commits.append(git(folder, "rev-parse", "HEAD"))
        git(folder, "rm", "-q", "--cached", "sub")
        n.write("evil.py", b"def f(:\n\xff\xfe((((" + b"[" * 20000 + b"\n")
        n.write("evil.cpp", b"f'{" * 20000 + b"\n#define X \\\n")
        n.write("evil.rs", b'r##"' + b"x" * 100 + b"\n" + b"{" * 30000)
        n.write("diff.txt", b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n")
        n.write("Cargo.toml", b'[package]\nname = "x`y\n')
        n.write("ci/pikaci.toml", b'[[lane]]\npaths = ["a/**/**/**/**/**/b", "moved/**", "\\u0000"]\n')
        n.write("crlf.c", b"int a;\r\nint b;\r\n")
        n.done("hostile content")
        n.write("crlf.c", b"int a;\nint b;\n")
        n.write("diff.txt", b"")
        for i in range(800):
            n.write(f"many/{i % 37}/p{i}/f{i}.cpp", b"int f%d() { return %d; }\n" % (i, i))
        n.done("many files")
        n.write("huge.py", b"".join(b"def function_%d(a, b):\n    return a + b + %d\n\n\n" % (i, i) for i in range(12000)))
        n.write("huge.txt", b"".join(b"line %d\n" % i for i in range(60000)))
        n.done("huge")
        os.remove(os.path.join(folder, "huge.txt"))
        n.write("huge.py", b"".join(b"def function_%d(a, b):\n    return b + a + %d\n\n\n" % (i, i) for i in range(12000)))
        n.done("huge, changed everywhere")
        for base, head in zip(["empty", *n.commits], n.commits):
            figures.add(program, folder, base, head, git(folder, "log", "-1", "--format=%s", head))
    return figures.report()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(nasty(sys.argv[1]) if sys.argv[2] == "--nasty" else history(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 20))
