"""Jobs that do nothing: what one costs above its bare command, and a thousand in one run beside make."""
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

from engine import Laptop, find_jobs
from figures import milliseconds, repeat, show
from pikatest.project import IDENTITY

MANY = 1000
ROUNDS = 3
BARE = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
        "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "/bin/true"]
PEERS = {"sandbox": ("bubblewrap", " ".join(BARE)), "host_process": ("the command", "/bin/true;")}


def catalogue():
    text = "version = 1\n"
    for runtime in PEERS:
        for kind, count in (("one", 1), ("limited", 1), ("many", MANY)):
            text += f'[[lane]]\nid = "{kind}-{runtime}"\ntitle = "{kind}"\ntarget = "{kind}-{runtime}"\n'
            limits = 'limits = { memory = "1GiB", cpus = 1, pids = 100 }\n' if kind == "limited" else ""
            for number in range(count):
                text += f'[[targets.{kind}-{runtime}.jobs]]\nid = "job-{number}"\ncommand = ["/bin/true"]\nruntime = "{runtime}"\n{limits}'
    return text


def makefile(command):
    """A thousand targets; the semicolon keeps make from starting /bin/true without a shell, as a job's own is."""
    return f"N := $(shell seq {MANY})\nall: $(N:%=t%)\nt%:\n\t@{command}\n"


def phases_of(laptop, lane, times=20):
    phases = {}
    for _ in range(times):
        for job in find_jobs(laptop.run(lane)):
            for phase in job["phases"]:
                phases.setdefault(phase["phase"], []).append((phase["finished_at"] - phase["started_at"]) / 1000)
    return phases


def measure_one(table, laptop):
    bare = repeat(20, lambda: subprocess.run(BARE, check=True))
    for kind, words in (("one", "no-op job in the sandbox"), ("limited", "the same with limits of memory, cpu and pids")):
        phases = phases_of(laptop, f"{kind}-sandbox")
        above = statistics.median(phases["run"]) - statistics.median(bare)
        others = ", ".join(f"{name} {statistics.median(values):.1f}" for name, values in phases.items() if name != "run")
        table.add(f"{words}: its run phase", show(phases["run"]), f"bare bwrap {show(bare)}: {above:.1f} ms above; {others} ms")
    bare = repeat(20, lambda: subprocess.run(["/bin/true"], check=True))
    table.add("no-op job as a host process: its run phase", show(phases_of(laptop, "one-host_process")["run"]), f"the command alone {show(bare)}")


def measure_many(table, laptop, folder):
    for runtime, (name, command) in PEERS.items():
        (folder / "Makefile").write_text(makefile(command))
        ours, peer = [], []
        for _ in range(ROUNDS):  # in turns: a busy moment of the machine meets both
            ours.append(milliseconds(lambda: laptop.run(f"many-{runtime}")))
            peer.append(milliseconds(lambda: subprocess.run(["make", "-s", "-j2", "-f", folder / "Makefile"], check=True)))
        rate, other = (MANY * 1000 / statistics.median(times) for times in (ours, peer))
        table.add(f"{MANY} no-op jobs in one run, {runtime}", f"{rate:.0f}/s", f"{name} under make -j2 {other:.0f}/s: {rate / other:.2f} of it")


def measure(table):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pika-bench-"))
    try:
        tree = folder / "tree"
        (tree / "ci").mkdir(parents=True)
        (tree / "ci/pikaci.toml").write_text(catalogue())
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "jobs that do nothing"]):
            subprocess.run(["git", *words], cwd=tree, check=True, env={**os.environ, **IDENTITY})
        laptop = Laptop(tree, folder / "state", ["--allow-host-process"])
        laptop.run("one-sandbox")
        measure_one(table, laptop)
        measure_many(table, laptop, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
