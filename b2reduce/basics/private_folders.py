"""Whom to trust: code is loaded only from folders and files that are the user's own and that nobody else can
write.

Whoever can write a file that is loaded runs what he likes in the user's name. On systems without owners
(Windows) a user's folders are closed to others from the start, and nothing is checked.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import stat
import tempfile
import warnings
from functools import cache
from pathlib import Path

__all__ = ["aside", "close", "discard", "private_folder", "refusal"]

CHECKED = hasattr(os, "geteuid")


def refusal(path):
    """Why a file or folder is not to be trusted, or None; what a link points to never is."""
    if not CHECKED:
        return None
    try:
        found = os.lstat(path)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if stat.S_ISLNK(found.st_mode):
        return "is a link"
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return "is neither a file nor a folder"
    if found.st_uid != os.geteuid():
        return f"belongs to another user ({found.st_uid})"
    return "can be written by others" if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) else None


def close(path):
    """Take everybody else's rights to a file or folder and to all that is in it."""
    for each in [path, *(path.rglob("*") if path.is_dir() else ())]:
        if not each.is_symlink():
            each.chmod(each.stat().st_mode & stat.S_IRWXU)


def discard(path):
    """Remove a file, folder or link, never what it points to; what cannot be removed stays."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def private_folder(path, *, link=False):
    """This folder, made if need be and closed to all others; where it cannot be trusted one for this process
    alone.

    Parameters
    ----------
    path : Path
    link : bool
        Whether the folder may be a link that the user has made.

    Raises
    ------
    OSError
        If there is no such folder and none can be made.
    """
    try:
        os.lstat(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # of a process beside this one
            path.mkdir(mode=0o700)
    if not CHECKED:
        return path
    real = path
    if link and path.is_symlink() and os.lstat(path).st_uid == os.geteuid():
        real = path.resolve()
        real.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        found = os.lstat(real)
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and found.st_mode & 0o077:
            os.chmod(real, found.st_mode & stat.S_IRWXU)
    reason = refusal(real)
    if reason is None and not real.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(path))
    return real if reason is None else aside(path, reason)


@cache
def aside(path, reason):
    """A folder for this process alone, in place of one that cannot be trusted; a warning says why."""
    place = Path(tempfile.mkdtemp(prefix="b2reduce_"))
    atexit.register(_remove, place, os.getpid())
    warnings.warn(
        f"b2reduce compiles anew for this process and loads nothing from {path}, which {reason}; "
        "remove it, or set B2REDUCE_CACHE to a folder of your own",
        RuntimeWarning,
        stacklevel=2,
    )
    return place


def _remove(place, owner):
    if os.getpid() == owner:  # not a child that was forked
        shutil.rmtree(place, ignore_errors=True)
