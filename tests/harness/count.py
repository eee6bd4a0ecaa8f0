#!/usr/bin/env python3
"""Adds up ctest's JUnit files and ends with `N passed, N failed, N skipped`; exits 1 when anything failed.

A skipped test must be named in tests/expected-skips.txt, or it counts as failed: a suite that quietly
skips is not green. With PIKA_WITH=lxd,... the skips that belong to those parts are not expected.
"""
import os
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

EXPECTED = pathlib.Path(__file__).resolve().parent.parent / "expected-skips.txt"


def expected_skips(with_parts):
    """Lines are "<test> <part>": the test may be skipped unless --with names the part."""
    names = set()
    for line in EXPECTED.read_text().splitlines():
        words = line.partition("#")[0].split()
        if words and not (len(words) > 1 and words[1] in with_parts):
            names.add(words[0])
    return names


def main(paths):
    allowed = expected_skips(set(filter(None, os.environ.get("PIKA_WITH", "").split(","))))
    passed, failed, skipped = 0, [], []
    for path in paths:
        suite = pathlib.Path(path).stem
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            name = case.get("name")
            if case.get("status") == "fail" or case.find("failure") is not None:
                failed.append(f"{suite}: {name}")
            elif case.get("status") in ("notrun", "disabled") or case.find("skipped") is not None:
                if name in allowed:
                    skipped.append(f"{suite}: {name}")
                else:
                    failed.append(f"{suite}: {name} was skipped, which tests/expected-skips.txt does not allow")
            else:
                passed += 1
    for line in skipped:
        print("skipped:", line)
    for line in failed:
        print("FAILED:", line)
    if passed + len(failed) == 0:
        print("no test ran")
        failed.append("")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
