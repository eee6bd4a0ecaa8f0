#!/usr/bin/env python3
"""Runs every libFuzzer program of the fuzz preset for a while, over its committed corpus and what it found before.

    tests/harness/fuzz.py [--seconds N] [--only NAME] [--junit FILE]

Inputs that crash are kept in build/fuzz/findings/<name>/; the words say how to run one again.
"""
import argparse
import pathlib
import re
import subprocess
import sys

import junit

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "fuzz"


def build():
    subprocess.run(["cmake", "--preset", "fuzz"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "--preset", "fuzz", "--target", "fuzzers"], cwd=ROOT, check=True)


def fuzzers():
    """{name: program}, as the build made them."""
    return {path.name.removeprefix("fuzz-"): path for path in sorted((BUILD / "libs").rglob("fuzz-*"))
            if path.is_file() and path.stat().st_mode & 0o100 and path.suffix == ""}


def run(name, program, seconds):
    """(executions, None or what went wrong)"""
    corpus = BUILD / "corpus" / name
    findings = BUILD / "findings" / name
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    committed = [path for path in (ROOT / "libs").rglob(f"fuzz/corpus/{name}") if path.is_dir()]
    answer = subprocess.run([program, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
                             f"-artifact_prefix={findings}/", corpus, *committed],
                            capture_output=True, text=True, errors="replace", cwd=BUILD)
    done = re.search(r"number_of_executed_units:\s*(\d+)", answer.stderr)
    count = int(done.group(1)) if done else 0
    if answer.returncode != 0:
        print(answer.stderr[-6000:])
        return count, f"exit {answer.returncode}; the input is in {findings.relative_to(ROOT)}"
    return count, None if count else "it executed nothing"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=int, default=20)
    arguments.add_argument("--only")
    arguments.add_argument("--junit", type=pathlib.Path)
    options = arguments.parse_args()
    build()
    cases = []
    for name, program in fuzzers().items():
        if options.only in (None, name):
            count, fault = run(name, program, options.seconds)
            print(f"fuzz {name}: {count} inputs, {fault or 'no finding'}", flush=True)
            cases.append((f"fuzz-{name}", fault))
    if not cases:
        cases.append(("fuzz", "the fuzz preset built no fuzzer"))
    if options.junit:
        junit.write(options.junit, cases)
    return 1 if any(fault for _, fault in cases) else 0


if __name__ == "__main__":
    sys.exit(main())
