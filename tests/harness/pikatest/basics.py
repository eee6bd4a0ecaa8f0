"""Where things are, how a test file is run, and waiting without guessing."""
import os
import pathlib
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("PIKA_BUILD", ROOT / "build" / "dev"))
BIN = BUILD / "bin"

# One deadline for everything that is waited for: generous, because a machine may be busy, and never
# part of what a test asserts.
PATIENCE = float(os.environ.get("PIKA_TEST_PATIENCE", "120"))


def wait_until(condition, what, seconds=None):
    """Calls condition() until it gives something true, and gives that. Fails with `what` after the deadline."""
    end = time.monotonic() + (PATIENCE if seconds is None else seconds)
    pause = 0.01
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE if seconds is None else seconds:.0f} s in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


def run(*command, check=True, **options):
    """A child with its output captured as text (any byte survives); its words go into the failure."""
    options.setdefault("capture_output", True)
    answer = subprocess.run([str(word) if not isinstance(word, bytes) else word for word in command],
                            text=True, errors="surrogateescape", timeout=PATIENCE * 5, **options)
    if check and answer.returncode != 0:
        raise AssertionError(f"{command} exited {answer.returncode}\n{answer.stdout}\n{answer.stderr}")
    return answer


class _Result(unittest.TextTestResult):
    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"skipped: {reason}", flush=True)


def main():
    """Runs the calling file's tests. 77 tells ctest that all of them were skipped; none at all is a failure."""
    program = unittest.main(module="__main__", exit=False, verbosity=2,
                            testRunner=unittest.TextTestRunner(resultclass=_Result, verbosity=2, stream=sys.stdout))
    result = program.result
    if result.testsRun == 0 or not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if len(result.skipped) == result.testsRun else 0)
