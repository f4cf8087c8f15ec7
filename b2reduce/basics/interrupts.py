"""Ctrl-C and SIGTERM.

Held back where half a step would leave something behind, and nobody else's process left running.
"""

from __future__ import annotations

import _thread
import atexit
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

__all__ = [
    "Terminated",
    "compilers_ended",
    "ctrl_c_blocked",
    "end_at_once",
    "end_processes",
    "imported",
    "in_main_thread",
    "raise_on_sigterm",
    "raised_again",
    "run_process",
    "undisturbed",
]

# s that a process, and one with processes of its own, gets to clean up after itself before it is killed
PATIENCE_, OF_WORKERS_ = 0.6, 1.4
_MARK = "B2REDUCE_COMPILES_FOR"
#: What a compiler runs besides itself. A linker is left alone: it is done at once, and half a library would
#: be taken for a whole one.
_COMPILER = re.compile(r"(as|cc|cc1|cc1plus)$|gcc|g\+\+|c\+\+|clang|\w+-linux-g")


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends the same way as Ctrl-C."""


def in_main_thread():
    """Whether signals arrive here: Python hands them to the main thread only."""
    return threading.current_thread() is threading.main_thread()


def raise_on_sigterm():
    """Make SIGTERM an exception, so that files, locks and processes are cleaned up.

    For processes of our own only.
    """

    def terminate(number, frame):
        raise Terminated

    if in_main_thread():
        signal.signal(signal.SIGTERM, terminate)


def end_at_once(status):
    """End this process.

    What libraries have to remove is removed, but nothing is torn down, which takes Python up to a second.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # a pipe whose reader has gone
            stream.flush()
    os._exit(status)


@contextmanager
def undisturbed():
    """Hold Ctrl-C and SIGTERM back until the end of the block, where they are raised.

    For what takes moments.
    """
    if not in_main_thread():
        yield
        return
    arrived, kept = [], {}

    def note(number, frame):
        arrived.append((number, frame))

    for number in (signal.SIGTERM, signal.SIGINT):
        handler = signal.getsignal(number)
        if callable(handler):
            kept[number] = handler
            signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in kept.items():
            if signal.getsignal(number) is note:
                signal.signal(number, handler)
        if arrived:
            kept[arrived[0][0]](*arrived[0])


def imported(name):
    """The module of that name, imported whole: numpy, pandas, matplotlib and Brian2 cannot be imported again
    once an import was cut short.

    Brian2 installs a handler of Ctrl-C when it is imported, which Python refuses outside of the main thread
    and which hands on to whatever handler it finds; it is given the one that is there between calls.
    """
    if name in sys.modules and not getattr(
        getattr(sys.modules[name], "__spec__", None), "_initializing", False
    ):
        return sys.modules[name]
    real = signal.signal
    if not in_main_thread():
        signal.signal = lambda number, handler: (
            real(number, handler) if in_main_thread() else signal.getsignal(number)
        )
        try:
            return import_module(name)
        finally:
            signal.signal = real
    before = signal.getsignal(signal.SIGINT)
    with undisturbed():
        module = import_module(name)
        ours = signal.getsignal(signal.SIGINT)
        if hasattr(ours, "previous_handler"):
            if callable(before):
                ours.previous_handler = before
            else:
                real(signal.SIGINT, before)  # a process that is to ignore Ctrl-C goes on ignoring it
    return module


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
    send = os.killpg if groups and hasattr(os, "killpg") else os.kill
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
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
            state, _, leader = path.read_text().rpartition(")")[2].split()[:3]
            if state != "Z" and (not group or int(leader) == pid):
                return True
    return False


@contextmanager
def ctrl_c_blocked():
    """Block Ctrl-C, here until the end of the block, and for good in processes that are started within it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def raised_again():
    """Raise Ctrl-C once more where it fell into a finaliser, in which Python drops whatever is raised.

    Brian2's objects have many.
    """
    before, ended = sys.unraisablehook, threading.Event()

    def again(lost):
        if not (isinstance(lost.exc_type, type) and issubclass(lost.exc_type, KeyboardInterrupt)):
            before(lost)
            return
        number = signal.SIGTERM if issubclass(lost.exc_type, Terminated) else signal.SIGINT

        def press():  # from outside: here it would be dropped again
            if not ended.wait(0.02):
                _thread.interrupt_main(number)

        threading.Thread(target=press, daemon=True).start()

    if not in_main_thread():
        yield
        return
    try:
        sys.unraisablehook = again
        yield
    finally:
        ended.set()
        if sys.unraisablehook is again:
            sys.unraisablehook = before


@contextmanager
def compilers_ended():
    """End the compilers that somebody else's code started within the block, where that is interrupted, and
    remove what they keep between their stages.

    Whatever is started inherits a mark in its environment; only compilers that bear it are ended. Where there
    is no /proc none is.
    """
    own = str(os.getpid())
    if os.environ.get(_MARK) == own:  # within another such block
        yield
        return
    tempfile.gettempdir()  # which Python asks for once: the caller's, then, and not that of this block
    place, before = None, {name: os.environ.get(name) for name in (_MARK, "TMPDIR")}
    try:
        with undisturbed():
            place = tempfile.mkdtemp(prefix="b2reduce_compile_")
            os.environ.update({_MARK: own, "TMPDIR": place})
        yield
    except KeyboardInterrupt:
        with undisturbed():
            end_processes(_marked(own))
        raise
    finally:
        with undisturbed():
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            if place is not None:
                shutil.rmtree(place, ignore_errors=True)


def _marked(mark):
    found, wanted = [], f"{_MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        # A process may end while it is looked at, and others' are not ours to see.
        with contextlib.suppress(OSError):
            if _COMPILER.match((folder / "comm").read_text().strip()) and wanted in (
                folder / "environ"
            ).read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found
