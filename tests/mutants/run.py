#!/usr/bin/env python3
"""Applies each patch of this folder, an old fault put back, and demands that the named test goes red.

    tests/mutants/run.py [--only REGEX] [--junit FILE]

A patch is what `git diff` prints, below a head of two or three lines:
    Fault: what the patch breaks, in one sentence
    Test: the exact name of the ctest test that must fail
    Case: the one test case of it (of doctest, or of jericho-conformance) that must; then only that is run
It is built in a copy under build/mutants/, so the work tree is never touched.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TREE = ROOT / "build" / "mutants" / "tree"
HANGS = 60  # seconds after which one case counts as red
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import junit  # noqa: E402


def copy_tree():
    """The tracked files as they are now: what a mutant changed before gets its old text back, what is gone goes."""
    names = set(filter(None, subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.split(b"\0")))
    for folder, folders, files in os.walk(TREE):
        folders[:] = [name for name in folders if name not in ("build", "node_modules")]
        for file in files:
            path = os.path.join(folder, file)
            if os.fsencode(os.path.relpath(path, TREE)) not in names:
                os.remove(path)
    for name in sorted(names):
        source, copy = ROOT / name.decode(), TREE / name.decode()
        if not source.is_file():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            shutil.copy(source, copy)


def command(*words):
    return subprocess.run(words, cwd=TREE, capture_output=True, text=True, errors="replace")


def targets_of(test):
    """What has to be built for a test: a library's tests are one program; everything else may run any program."""
    known = command("cmake", "--build", "--preset", "dev", "--target", "help").stdout
    if test.startswith("conformance-"):
        return ["--target", "jericho-conformance", "jericho-probe"]
    own = f"{test}-test"
    return ["--target", own] if re.search(rf"^{re.escape(own)}: phony$", known, re.M) else []


def command_of(test):
    """What ctest would run, as words; None when there is no such test."""
    listed = json.loads(command("ctest", "--test-dir", "build/dev", "--show-only=json-v1").stdout)
    return next((each["command"] for each in listed["tests"] if each["name"] == test), None)


def run_case(test, case):
    """Whether the one case passes; it is killed, with all it started, when it hangs."""
    words = command_of(test)
    if not words:
        return f"no test is called {test}"
    if test.startswith("conformance-"):
        words += ["--case", case]
        ran = r"^(passed|FAILED)"
    else:
        words += ["--test-case=" + case.replace(",", "?")]  # a comma would end the name
        ran = r"test cases: +1 \|"
    with subprocess.Popen(words, cwd=TREE / "build/dev", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", start_new_session=True) as child:
        try:
            said = child.communicate(timeout=HANGS)[0]
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return "failed"
    if child.returncode >= 0 and not re.search(ran, said, re.M):
        return f"{test} has no case called {case}"
    return "passed" if child.returncode == 0 else "failed"


def test_outcome(test, case):
    """"passed", "failed", or why neither can be said."""
    built = command("cmake", "--build", "--preset", "dev", *targets_of(test))
    if built.returncode != 0:
        return "it does not build: " + built.stdout[-1500:]
    if case:
        return run_case(test, case)
    ran = command("ctest", "--test-dir", "build/dev", "-R", f"^{re.escape(test)}$", "--no-tests=error", "--timeout", "300")
    if "No tests were found" in ran.stdout + ran.stderr:
        return f"no test is called {test}"
    return "passed" if ran.returncode == 0 else "failed"


def try_mutant(patch):
    head = dict(re.findall(r"^(Fault|Test|Case): (.*)$", patch.read_text(), re.M))
    if set(head) - {"Case"} != {"Fault", "Test"}:
        return "its head lacks a Fault: or a Test: line"
    # The ceiling hides the repository around the copy: git would take the paths from its top.
    applied = subprocess.run(["git", "apply", patch], cwd=TREE, capture_output=True, text=True, errors="replace",
                             env={**os.environ, "GIT_CEILING_DIRECTORIES": str(TREE.parent)})
    if applied.returncode != 0:
        return "it does not apply any more: " + applied.stdout + applied.stderr
    outcome = test_outcome(head["Test"], head.get("Case"))
    copy_tree()
    if outcome == "failed":
        return None
    return f"{head['Test']} {head.get('Case', '')} stayed green" if outcome == "passed" else outcome


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only")
    arguments.add_argument("--junit", type=pathlib.Path)
    options = arguments.parse_args()
    TREE.mkdir(parents=True, exist_ok=True)
    copy_tree()
    if command("cmake", "--preset", "dev").returncode != 0:
        raise SystemExit("mutants: the copy cannot be configured")
    cases = []
    for patch in sorted(HERE.glob("*.patch")):
        if not options.only or re.fullmatch(options.only, patch.stem):
            began = time.monotonic()
            fault = try_mutant(patch)
            print(f"mutant {patch.stem}: {fault or 'found, as it should be'} ({time.monotonic() - began:.0f} s)", flush=True)
            cases.append((f"mutant-{patch.stem}", fault))
    if options.junit:
        junit.write(options.junit, cases)
    return 1 if not cases or any(fault for _, fault in cases) else 0


if __name__ == "__main__":
    sys.exit(main())
