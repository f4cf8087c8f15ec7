"""Compiled kernels.

Built once per source, compiler and machine, kept in a bounded cache that many processes may share.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import re
import subprocess
from functools import lru_cache
from pathlib import Path

from .environment import cache_folder, compiler_command, instruction_set
from .errors import B2reduceError
from .files import temporary_folder
from .private_folders import close, discard, private_folder, refusal
from .processes import run_process

__all__ = ["BuildError", "clean_cache", "compile_flags", "compiler_identity", "load_library", "said_by"]

FLAGS = ("-std=c++17", "-O3", "-ffast-math", "-fopenmp-simd", "-fPIC")
MOST_FILES = 200  # of the cache; the least recently used go first
MOST_SAID = 300  # characters of a compiler's output in a message


class BuildError(B2reduceError):
    """A kernel that cannot be built here; the message says why."""


def clean_cache():
    """Remove all kernels; returns how many there were."""
    files = list(cache_folder().glob("kernel_*.so"))
    for path in files:
        discard(path)
    return len(files)


@lru_cache
def _version(command):
    try:
        return subprocess.run(
            [*command, "--version"], capture_output=True, text=True, errors="replace"
        ).stdout
    except OSError as error:
        raise BuildError(
            f"{command[0]} cannot be run ({error.strerror}); set CXX to a C++ compiler such as g++ or clang++"
        ) from None


def compile_flags():
    """The flags that kernels are compiled with, as a list."""
    return [*FLAGS, f"-march={instruction_set()}"]


def compiler_identity():
    """(command, what decides the code it makes here) of the compiler.

    Raises
    ------
    BuildError
        If there is none.
    InputError
        If CXX names no program.
    """
    command = compiler_command()
    if command is None:
        raise BuildError("there is no C++ compiler (g++ or clang++)")
    identity = "\0".join([_version(tuple(command)), *command, instruction_set(), ""])
    with contextlib.suppress(OSError):  # absent on other systems, where the machine's name must do
        return command, identity + next(
            (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")), ""
        )
    return command, identity + platform.machine() + platform.processor()


def load_library(source):
    """The compiled kernel of a source text, from the cache or built into it.

    Raises
    ------
    BuildError
        If there is no compiler, the compilation fails, or the cache cannot be written.
    InputError
        If CXX names no program.
    """
    command, identity = compiler_identity()
    key = hashlib.sha256("\0".join([source, *FLAGS, identity]).encode()).hexdigest()[:24]
    try:
        folder = private_folder(cache_folder(), link=True)
        kept = sorted(folder.glob(f"kernel_{key}_*.so"))
        for path in kept:
            # A file's name ends in the hash of its content: one that was cut short is never loaded.
            if refusal(path) is None and path.is_file() and path.stem.endswith(_digest(path)):
                with contextlib.suppress(OSError):  # a cache that may only be read still serves
                    os.utime(path)
                with contextlib.suppress(OSError):  # whole, but not for this system: built again
                    return ctypes.CDLL(str(path))
        with temporary_folder(".build_", folder) as place:
            built = _compile(command, source, Path(place))
            library = _load(built)  # before it is kept: what cannot be loaded never is
            final = folder / f"kernel_{key}_{_digest(built)}.so"
            if final.is_dir():
                discard(final)
            os.replace(built, final)
    except OSError as error:
        raise BuildError(
            f"the cache {cache_folder()} cannot be written ({error.strerror}); set B2REDUCE_CACHE to a folder"
            " that can"
        ) from None
    for path in kept:
        if path != final:
            discard(path)
    _trim(folder)
    return library


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def said_by(done):
    """One line of what a process that has ended said.

    The first error that a compiler names in it, or else the end of it all.
    """
    lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
    said = (
        next((line[:MOST_SAID] for line in lines if re.search(r"\berror:", line)), " / ".join(lines))
        or "no message"
    )
    return said if len(said) <= MOST_SAID else f"... {said[-MOST_SAID:]}"


def _compile(command, source, place):
    (place / "kernel.cpp").write_text(source)
    name, march = Path(command[0]).name, instruction_set()
    # Linked without -ffast-math, which would set flush-to-zero for the whole process.
    for product, options in (
        ("kernel.o", [*compile_flags(), "-c", "kernel.cpp"]),
        ("kernel.so", ["-shared", "kernel.o"]),
    ):
        options += ["-o", product, *(["-lm"] if product == "kernel.so" else [])]
        try:
            done = run_process([*command, *options], cwd=place, errors="replace")
        except OSError as error:
            raise BuildError(
                f"{name} cannot be run ({error.strerror}); set CXX to a C++ compiler such as g++ or clang++"
            ) from None
        where = "" if march == "native" else f"; B2REDUCE_MARCH is {march!r}"
        if done.returncode:
            raise BuildError(f"{name} failed: {said_by(done)}{where}")
        made = place / product
        if not made.is_file() or not made.stat().st_size:
            raise BuildError(
                f"{name} failed: it ended without an error, but {product} is"
                f" {'empty' if made.exists() else 'missing'}; it said: {said_by(done)}{where}"
            )
    close(made)
    return made


def _load(path):
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise BuildError(
            f"the kernel that was built cannot be loaded ({error}); if programs may not run from"
            f" {path.parent.parent}, set B2REDUCE_CACHE to another folder, else try another compiler in CXX"
        ) from None


def _trim(folder):
    def used(path):
        try:
            return path.lstat().st_mtime
        except OSError:  # gone meanwhile
            return 0.0

    for path in sorted(folder.glob("kernel_*.so"), key=used)[:-MOST_FILES]:
        discard(path)
