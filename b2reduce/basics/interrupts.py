"""Ctrl-C and SIGTERM.

Held back where half a step would leave something behind, and raised again where they would be lost.
"""

from __future__ import annotations

import _thread
import atexit
import contextlib
import os
import signal
import sys
import threading
from contextlib import contextmanager

__all__ = [
    "Terminated",
    "ctrl_c_blocked",
    "end_at_once",
    "in_main_thread",
    "raise_on_sigterm",
    "raised_again",
    "undisturbed",
]


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
