"""Compiled kernels: built once per source, compiler and machine, kept in a bounded cache that many processes may share."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

__all__ = ["BuildError", "cache_folder", "clean_cache", "compiler_identity", "load_library"]

FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-fPIC")
MOST_FILES = 200  # of the cache; the least recently used go first


class BuildError(Exception):
    """A kernel that cannot be built here; the message says why."""


def cache_folder():
    """Where kernels are kept: ``$B2REDUCE_CACHE``, else the user's cache folder."""
    own = os.environ.get("B2REDUCE_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "b2reduce"


def clean_cache():
    """Remove all kernels; returns how many there were."""
    files = list(cache_folder().glob("kernel_*.so"))
    for path in files:
        path.unlink(missing_ok=True)
    return len(files)


@lru_cache(maxsize=1)
def _compiler():
    """(path, what decides the code it makes here)."""
    path = next(filter(None, map(shutil.which, filter(None, (os.environ.get("CXX"), "g++", "clang++")))), None)
    if path is None:
        raise BuildError("there is no C++ compiler (g++ or clang++)")
    version = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    with contextlib.suppress(OSError):  # absent on other systems, where the machine's name must do
        return path, version + next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")), "")
    return path, version + platform.machine() + platform.processor()


def compiler_identity():
    """(path, what decides the code it makes here) of the compiler.

    Raises
    ------
    BuildError
        If there is none.
    """
    return _compiler()


def load_library(source):
    """The compiled kernel of a source text, from the cache or built into it.

    Raises
    ------
    BuildError
        If there is no compiler, the compilation fails, or the cache cannot be written.
    """
    path, identity = _compiler()
    key = hashlib.sha256("\0".join([source, *FLAGS, path, identity]).encode()).hexdigest()[:24]
    folder = cache_folder()
    kept = next(iter(sorted(folder.glob(f"kernel_{key}_*.so"))), None)
    # A file's name ends in the hash of its content: one that was cut short is never loaded.
    if kept is not None and kept.stem.endswith(_digest(kept)):
        with contextlib.suppress(OSError):  # a cache that may only be read still serves
            os.utime(kept)
        return _load(kept)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".build_") as place:
            built = _compile(path, source, Path(place))
            final = folder / f"kernel_{key}_{_digest(built)}.so"
            os.replace(built, final)
    except OSError as error:
        raise BuildError(f"the cache {folder} cannot be written ({error.strerror}); set B2REDUCE_CACHE to a folder that can") from None
    if kept is not None and kept != final:
        kept.unlink(missing_ok=True)
    _trim(folder)
    return _load(final)


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _compile(compiler, source, place):
    (place / "kernel.cpp").write_text(source)
    # Linked without -ffast-math, which would set flush-to-zero for the whole process.
    for command in ([compiler, *FLAGS, "-c", "kernel.cpp", "-o", "kernel.o"], [compiler, "-shared", "kernel.o", "-o", "kernel.so", "-lm"]):
        done = subprocess.run(command, cwd=place, capture_output=True, text=True)
        if done.returncode:
            raise BuildError(f"{Path(compiler).name} failed: {(done.stderr.strip() or 'no message').splitlines()[0]}")
    return place / "kernel.so"


def _load(path):
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise BuildError(f"the kernel {path} cannot be loaded: {error}") from None


def _trim(folder):
    files = sorted(folder.glob("kernel_*.so"), key=lambda path: path.stat().st_mtime if path.exists() else 0)
    for path in files[:-MOST_FILES]:
        path.unlink(missing_ok=True)
