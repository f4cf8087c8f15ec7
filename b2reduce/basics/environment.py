"""What environment variables say about compiling and running.

B2REDUCE_CACHE, B2REDUCE_MARCH and B2REDUCE_THREADS; `compilers.choice` reads CXX.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from platformdirs import user_cache_path

from .errors import InputError

__all__ = ["cache_folder", "core_count", "free_memory", "instruction_set", "thread_count"]


def cache_folder():
    """Where compiled code is kept: ``$B2REDUCE_CACHE``, else this system's folder of a user's caches."""
    own = os.environ.get("B2REDUCE_CACHE")
    return Path(own).expanduser().absolute() if own else user_cache_path("b2reduce", appauthor=False)


def instruction_set():
    """What code is compiled for.

    ``$B2REDUCE_MARCH`` as the compiler's -march takes it (``x86-64-v3``, ``x86-64``), or its -mcpu on ARM
    (``apple-m1``), by default this machine.
    """
    return os.environ.get("B2REDUCE_MARCH", "").strip() or "native"


def core_count():
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_count():
    """Threads of a run: ``$B2REDUCE_THREADS``, by default as many as this process may use.

    Raises
    ------
    InputError
        If the variable is not a whole number of at least 1.
    """
    said = os.environ.get("B2REDUCE_THREADS", "").strip()
    if not said:
        return core_count()
    if not (said.isdecimal() and int(said) >= 1):
        raise InputError(
            f"B2REDUCE_THREADS: got {said!r}, expected a whole number of threads of at least 1; unset it to"
            " use all cores"
        )
    return int(said)


def free_memory():
    """Bytes that this process can still have, of the machine and of its group."""
    import psutil

    found = [psutil.virtual_memory().available]
    with contextlib.suppress(OSError, ValueError):  # "max" is no number
        group = Path("/sys/fs/cgroup")
        limit, used = (
            int((group / f"memory.{name}").read_text(encoding="utf-8")) for name in ("max", "current")
        )
        found.append(limit - used)
    return min(found)
