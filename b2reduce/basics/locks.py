"""Locks that all processes of this machine respect, and that leave no file."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from contextlib import contextmanager

from .interrupts import undisturbed

__all__ = ["locked"]


def _at_once(path):
    """A lock that was taken there, or None where another has it; `_given_back` gives it back."""
    from filelock import FileLock, Timeout

    opened = []
    lock = FileLock(path, mode=0o600, on_acquired=opened.append)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    # Whoever had it before may have removed this very file, so that others lock another one.
    with contextlib.suppress(FileNotFoundError):
        if not opened or os.path.samestat(os.stat(path), os.fstat(opened[-1])):
            return lock
    lock.release()
    return None


def _given_back(lock):
    """Give a lock back, and leave no file of it."""
    with contextlib.suppress(OSError):  # where a file that is open cannot be removed it stays
        os.unlink(lock.lock_file)
    lock.release()


@contextmanager
def locked(path, *, wait=True):
    """Hold a lock that all processes respect, and that leaves no file.

    Parameters
    ----------
    path : path
    wait : bool
        Whether to wait for another that holds it.

    Raises
    ------
    BlockingIOError
        If another holds it and nobody is to wait.
    """
    held = None
    try:
        while held is None:
            with undisturbed():
                held = _at_once(path)
            if held is None and not wait:
                raise BlockingIOError(errno.EWOULDBLOCK, "is held by another process", str(path))
            if held is None:
                time.sleep(0.05)
        yield
    finally:
        with undisturbed():
            if held is not None:
                _given_back(held)
