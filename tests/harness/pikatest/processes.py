"""Which processes a test has left behind, by descent and not by name."""
import ctypes
import os
import pathlib
import signal

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Makes this process the parent of every orphan below it, so that a daemon cannot get out of sight."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def reap():
    """Collects the orphans that have ended; children started by subprocess keep their own waiting."""
    import subprocess
    known = {child.pid for child in getattr(subprocess, "_active", [])} | _waited
    for pid in _children(os.getpid()):
        if pid not in known and _state(pid) == "Z":
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


_waited = set()


def waited_elsewhere(pid):
    """Tells reap() that somebody else waits for this child."""
    _waited.add(pid)


def _state(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return None


def _children(parent):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = pathlib.Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found.append(int(entry))
    return found


def descendants(top=None):
    """{pid: command line} of all living processes below `top` (this process when not given)."""
    found = {}
    queue = [os.getpid() if top is None else top]
    while queue:
        for pid in _children(queue.pop()):
            if pid in found:
                continue
            queue.append(pid)
            if _state(pid) not in (None, "Z"):
                try:
                    line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                found[pid] = line.strip()
    return found


def find(top, word):
    """The pids below `top` whose program's own name is `word`."""
    return [pid for pid, line in descendants(top).items() if os.path.basename(line.split(" ")[0]) == word]


def kill_all(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
