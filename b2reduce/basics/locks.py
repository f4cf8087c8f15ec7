"""Locks that all processes respect."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

from .interrupts import undisturbed

__all__ = ["locked"]


@contextmanager
def locked(path):
    """Hold a lock that all processes respect, and that leaves no file."""
    try:
        import fcntl
    except ImportError:  # Windows, where a file that is open cannot be removed
        from brian2.utils.filelock import FileLock

        with FileLock(str(path)):
            yield
        return
    held = None
    try:
        while held is None:
            with undisturbed():
                opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    # Whoever had it before may have removed this very file, so that others lock another one.
                    if path.exists() and os.path.samestat(os.stat(path), os.fstat(opened)):
                        held = opened
                except (
                    BlockingIOError,
                    FileNotFoundError,
                ):  # another process has it, or has just removed it: once more, in a moment
                    pass
                finally:
                    if held is None:
                        os.close(opened)
            if held is None:
                time.sleep(0.05)
        yield
    finally:
        with undisturbed():
            if held is not None:
                path.unlink(missing_ok=True)
                os.close(held)
