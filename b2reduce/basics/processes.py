"""Processes that are started here, by this package or within its calls, end with it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .interrupts import undisturbed

__all__ = ["compilers_ended", "end_processes", "run_process"]

# s that a process, and one with processes of its own, gets to clean up after itself before it is killed
PATIENCE_, OF_WORKERS_ = 0.6, 1.4
_MARK = "B2REDUCE_COMPILES_FOR"
_PLACES = "TMPDIR", "TEMP", "TMP"  # what says where temporary files go, on one system or another
#: What a compiler runs besides itself. A linker is left alone: it is done at once, and half a library would
#: be taken for a whole one.
_COMPILER = re.compile(r"(as|cc|cc1|cc1plus|cl)(\.exe)?$|gcc|g\+\+|c\+\+|clang|\w+-linux-g")


def run_process(command, **arguments):
    """`subprocess.run` with its output as text, which ends the whole family of the process where it is
    interrupted.

    A compiler is several processes, and killing the one that was started leaves the others at work.
    """
    given = arguments.pop("input", None)
    done = None
    try:
        with undisturbed():
            done = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # what that is on Windows
                **arguments,
            )
        out, err = done.communicate(given)
    except BaseException:
        with undisturbed():
            if done is not None:
                end_processes([done.pid], groups=True, wait=done.poll)
                for stream in (done.stdin, done.stdout, done.stderr):
                    if stream is not None:
                        with contextlib.suppress(OSError):
                            stream.close()
        raise
    return subprocess.CompletedProcess(command, done.returncode, out, err)


def end_processes(pids, *, groups=False, wait=None, patience_=PATIENCE_):
    """Ask processes, or the groups that they lead, to end, and kill what is still there a moment later.

    Parameters
    ----------
    pids : sequence of int
    groups : bool
        Whether they lead groups, all of which are to end.
    wait : callable, optional
        Collects the processes that have ended.
    patience_ : float
        Seconds.
    """
    if not hasattr(os, "killpg"):
        end_families(pids, patience_)
        return
    send = os.killpg if groups else os.kill
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                send(pid, number)
        until = time.monotonic() + patience_
        while time.monotonic() < until:
            if wait is not None:
                wait()
            if not any(_there(send, pid, groups) for pid in pids):
                return
            time.sleep(0.02)


def end_families(pids, patience_=PATIENCE_):
    """End processes and all that they have started, where there are no groups (Windows).

    A signal to a process ends it at once there, and signal 0, which asks whether it runs, is Ctrl-C.
    """
    import psutil

    family = []
    for pid in pids:
        with contextlib.suppress(psutil.Error):  # it has ended
            first = psutil.Process(pid)
            family += [first, *first.children(recursive=True)]
    for each in family:
        with contextlib.suppress(psutil.Error):
            each.kill()
    psutil.wait_procs(family, timeout=patience_)


def _there(send, pid, group):
    """Whether a process, or any of a group, still runs.

    One that has ended and that nobody has asked about does not.
    """
    try:
        send(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    if not Path("/proc/self/stat").exists():
        return True
    for path in Path("/proc").glob("[0-9]*/stat") if group else [Path(f"/proc/{pid}/stat")]:
        with contextlib.suppress(OSError):  # it has just gone
            state, _, leader = (
                path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:3]
            )
            if state != "Z" and (not group or int(leader) == pid):
                return True
    return False


@dataclass
class _Block:
    """What blocks of this process that overlap, in one thread or several, share."""

    number: int  #: of them that have not ended
    place: str  #: of what compilers keep between their stages
    before: dict  #: environment to go back to


_blocks: dict[str, _Block] = {}  # by process, since one that is forked has the parent's
_entering = threading.Lock()


def _unlock():
    global _entering
    _entering = threading.Lock()


if hasattr(os, "register_at_fork"):  # of the parent's threads there is only one in the child
    os.register_at_fork(after_in_child=_unlock)


@contextmanager
def compilers_ended():
    """End the compilers that somebody else's code started within the block, where that is interrupted, and
    remove what they keep between their stages.

    Whatever is started inherits a mark in its environment; only compilers that bear it are ended, and none
    where the system does not show it (Apple's own programs). Of blocks that overlap the last one removes what
    all of them kept.
    """
    own, entered = str(os.getpid()), False
    tempfile.gettempdir()  # which Python asks for once: the caller's, then, and not that of this block
    try:
        with undisturbed():
            _enter(own)
            entered = True
        yield
    except KeyboardInterrupt:
        with undisturbed():
            end_processes(_marked(own))
        raise
    finally:
        with undisturbed():
            if entered:
                _leave(own)


def _enter(own):
    with _entering:
        if own in _blocks:
            _blocks[own].number += 1
            return
        before = {name: os.environ.get(name) for name in (_MARK, *_PLACES)}
        _blocks[own] = _Block(1, tempfile.mkdtemp(prefix="b2reduce_compile_"), before)
        os.environ.update({_MARK: own, **dict.fromkeys(_PLACES, _blocks[own].place)})


def _leave(own):
    with _entering:
        block = _blocks[own]
        block.number -= 1
        if block.number:
            return
        del _blocks[own]
        for name, value in block.before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(block.place, ignore_errors=True)


def _marked(mark):
    import psutil

    found = []
    for process in psutil.process_iter():
        # A process may end while it is looked at, and others' are not ours to see.
        with contextlib.suppress(psutil.Error, OSError):
            if _COMPILER.match(process.name()) and process.environ().get(_MARK) == mark:
                found.append(process.pid)
    return found
