"""Logs and the run store: a gigabyte of output beside `cat` and `tee`, and with secrets to mask; a list of 100,000 runs
beside `ls`."""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

from figures import repeat, show
from pikatest import BIN
from pikatest.project import IDENTITY, catalogue

GIGABYTE = 1 << 30
LINE = "2026-03-27 00:38:06 compile libs/jerichoci/src/runstore/log_writer.cpp (812 of 4096)"
RUNS = 100_000
SECRETS = {"TOKEN": "tok-5f3a9c/zQ==-81c7", "PASSWORD": "correct horse", "KEY": "0123456789abcdefghijklmnopqrstuvwxyz" * 8}
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def project(folder):
    """A repository with a lane that prints a gigabyte of lines and one that does nothing."""
    (folder / "ci").mkdir(parents=True)
    lanes = {"loud": {"command": ["sh", "-c", f"yes '{LINE}' | head -c {GIGABYTE}"], "runtime": "host_process"},
             "masked": {"command": ["sh", "-c", f"yes '{LINE}' | head -c {GIGABYTE}"], "runtime": "host_process", "secrets": list(SECRETS)},
             "quiet": {"command": ["/bin/true"], "runtime": "host_process"}}
    (folder / "ci/pikaci.toml").write_text(catalogue(lanes))
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "logs"]):
        subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, **IDENTITY})


def run(tree, state, words):
    """Seconds and peak memory in KiB of one call of pikaci, which must succeed."""
    environment = {**os.environ, **IDENTITY, **SECRETS, "XDG_STATE_HOME": str(state), "HOME": str(state)}
    began = time.perf_counter()
    child = subprocess.Popen([BIN / "pikaci", *words], cwd=tree, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise RuntimeError(f"pikaci {words} ended with {status}")
    return time.perf_counter() - began, usage.ru_maxrss


def peer(command, folder):
    began = time.perf_counter()
    subprocess.run(["sh", "-c", f"yes '{LINE}' | head -c {GIGABYTE} | {command}"], cwd=folder, check=True)
    (folder / "peer").unlink()
    return time.perf_counter() - began


def ulid(milliseconds):
    text = ""
    for _ in range(10):
        text = DIGITS[milliseconds % 32] + text
        milliseconds //= 32
    return text + "0" * 16


def throughput(table, tree, state, folder):
    seconds, memory = run(tree, state, ["run", "loud", "--allow-host-process"])
    beside = f"cat {GIGABYTE / 1e6 / peer('cat >peer', folder):.0f} MB/s, tee {GIGABYTE / 1e6 / peer('tee peer >/dev/null', folder):.0f} MB/s (uncapped, not compressed)"
    table.add("a job that prints 1 GiB, from the command to its record", f"{GIGABYTE / 1e6 / seconds:.0f} MB/s, peak memory {memory / 1024:.0f} MiB", beside)


def masking(table, tree, state):
    """The same output with three secrets to mask and with none, in turns: the machine is as loud for both."""
    given = [word for name in SECRETS for word in ("--secret", name)]
    plain, masked = [], []
    for _ in range(5):
        plain.append(run(tree, state, ["run", "loud", "--allow-host-process"])[0])
        masked.append(run(tree, state, ["run", "masked", "--allow-host-process", *given])[0])
    more = statistics.median(masked) / statistics.median(plain) - 1
    table.add("masking of three secrets in 1 GiB of output", f"{more * 100:+.1f}% of the time, medians of 5",
              f"without {statistics.median(plain):.2f} s, from {min(plain):.2f} to {max(plain):.2f}")


def listing(table, tree, state):
    run(tree, state, ["run", "quiet", "--allow-host-process"])
    runs = next(state.rglob("runs"))
    record = next(runs.glob("*/run.json"))
    text = record.read_text()
    own = json.loads(text)["run_id"]
    for number in range(RUNS):
        folder = runs / ulid(1_700_000_000_000 + number)
        folder.mkdir()
        (folder / "run.json").write_text(text.replace(own, folder.name))
    run(tree, state, ["list"])
    ours = [run(tree, state, ["list"])[0] * 1000 for _ in range(5)]
    peers = repeat(5, lambda: subprocess.run(["ls", runs], stdout=subprocess.DEVNULL, check=True))
    table.add(f"list of the newest of {RUNS} runs", show(ours), f"ls of the folder {show(peers)}")


def measure(table):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pika-bench-"))
    try:
        project(folder / "tree")
        throughput(table, folder / "tree", folder / "state", folder)
        masking(table, folder / "tree", folder / "state")
        listing(table, folder / "tree", folder / "state")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
