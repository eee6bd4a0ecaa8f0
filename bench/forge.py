"""The forge: push, queue to first instruction, pages, start and idle memory."""
import http.client
import os
import pathlib
import subprocess
import tempfile
import time

from figures import milliseconds, repeat, show
from pikatest import Forge, Project, wait_until

REPOSITORY = "bench/rocket"
# The job tells when its first instruction ran, in microseconds.
LANES = {runtime: {"command": ["/bin/date", "+at %s%6N"], "runtime": runtime} for runtime in ("sandbox", "host_process")}


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def page_times(forge, path, times):
    """First byte and whole answer of `times` requests on one kept connection, in ms; and the bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", forge.port)
    first, whole, size = [], [], 0
    for _ in range(times):
        began = time.perf_counter()
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        first.append((time.perf_counter() - began) * 1000)
        size = len(answer.read())
        whole.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, path
    connection.close()
    return first, whole, size


def measure(table):
    with Forge(serve=["--allow-host-process"]) as forge, Project(LANES, files={f"src/f{n}.cpp": f"int f{n}() {{ return {n}; }}\n" * 20 for n in range(40)}) as project:
        forge.stop()
        began = time.perf_counter()
        forge.start()
        table.add("server: start to first answer", show([(time.perf_counter() - began) * 1000]))
        forge.host(REPOSITORY, project)
        bare = tempfile.TemporaryDirectory()
        subprocess.run(["git", "init", "-q", "--bare", bare.name], check=True)
        subprocess.run(["git", "-C", bare.name, "config", "core.fsync", "all"], check=True)
        project.push(bare.name, "main")

        waits, pushes, bare_pushes, number = {}, [], [], 0
        for turn in range(15):
            project.git("checkout", "-q", "-B", "work", "main")
            for n in range(6):
                project.write(f"src/f{n}.cpp", f"int f{n}() {{ return {turn}; }}\n" * 20)
            project.commit(f"Turn {turn}")
            bare_pushes.append(milliseconds(lambda: project.push(bare.name, f"HEAD:refs/heads/turn-{turn}")))
            numbers = []
            pushes.append(milliseconds(lambda: numbers.append(forge.push_branch(REPOSITORY, project, f"turn-{turn}"))))
            number = numbers[0]
            branch = forge.wait_settled(REPOSITORY, number)
            suite = branch["ci"]["suite"]
            for lane in branch["ci"]["lanes"]:
                log = wait_until(lambda: forge.log_of(REPOSITORY, suite, lane["id"], 1)[0], "the log").decode()
                waits.setdefault(lane["id"], []).append((int(log.split("at ")[1].split()[0]) - lane["attempts"][0]["queued_at"]) / 1000)
        for runtime, times in waits.items():
            table.add(f"queued to the job's first instruction ({runtime})", show(times), "each push queues both")
        table.add("git push of one branch, answered with its page", show(pushes), f"bare repository with core.fsync=all {show(bare_pushes)}")

        for name, path in (("branch page", f"/{REPOSITORY}/branches/{number}"), ("diff page", f"/{REPOSITORY}/branches/{number}/diff"), ("feed", "/")):
            first, whole, size = page_times(forge, path, 200)
            table.add(f"{name}: first byte", show(first), f"whole {show(whole)}, {size / 1024:.1f} KiB as sent")
        table.add("server: memory after this", f"{resident_mib(forge.server.pid):.1f} MiB")
        forge.stop()
        forge.start()
        repeat(3, lambda: forge.page("/"))
        table.add("server: idle memory after a start", f"{resident_mib(forge.server.pid):.1f} MiB",
                  ", ".join(f"its runner {resident_mib(pid):.1f} MiB" for pid in forge.runners()))
        bare.cleanup()
    table.add("machine", f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end")
