"""Compiled kernels.

Built once per source, compiler and machine, kept in a bounded cache that many processes may share.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import re
from functools import lru_cache
from pathlib import Path

from .compilers.base import BuildError
from .compilers.choice import found_compiler, no_compiler
from .compilers.systems import ENDINGS, this_system
from .environment import cache_folder, instruction_set
from .files import temporary_folder
from .private_folders import close, discard, private_folder, refusal
from .processes import run_process

__all__ = [
    "BuildError",
    "build",
    "clean_cache",
    "compile_flags",
    "compiler_identity",
    "load_library",
    "said_by",
    "the_compiler",
]

MOST_FILES = 200  # of the cache; the least recently used go first
MOST_SAID = 300  # characters of a compiler's output in a message
#: How an error begins: of g++ and clang++, of cl and its linker
ERROR = re.compile(r"\berror( [A-Z]+\d+)?\s*:")


def clean_cache():
    """Remove all kernels; returns how many there were."""
    files = _kernels(cache_folder())
    for path in files:
        discard(path)
    return len(files)


def _kernels(folder, key=""):
    """Those in the cache, whatever the system: a folder may be one of several machines."""
    return sorted(
        path for path in folder.glob(f"kernel_{key}*") if path.suffix in ENDINGS and path.stem.count("_") == 2
    )


def the_compiler():
    """The Compiler of this machine.

    Raises
    ------
    BuildError
        If there is none; the message says how to get one.
    InputError
        If CXX names no program.
    """
    system = this_system()
    compiler = _found(system, os.environ.get("CXX"), os.environ.get("PATH"))
    if compiler is None:
        raise BuildError(no_compiler(system))
    return compiler


@lru_cache(maxsize=8)
def _found(system, cxx, path):
    return found_compiler(system)


def compile_flags():
    """The flags that kernels are compiled with, as a list."""
    return the_compiler().flags(instruction_set())


def compiler_identity():
    """(command, what decides the code it makes here) of the compiler.

    Raises
    ------
    BuildError
        If there is none.
    InputError
        If CXX names no program.
    """
    compiler = the_compiler()
    return list(compiler.command), compiler.identity(instruction_set())


def load_library(source):
    """The compiled kernel of a source text, from the cache or built into it.

    Raises
    ------
    BuildError
        If there is no compiler, the compilation fails, or the cache cannot be written.
    InputError
        If CXX names no program.
    """
    compiler, march = the_compiler(), instruction_set()
    key = hashlib.sha256("\0".join([source, compiler.identity(march)]).encode()).hexdigest()[:24]
    try:
        folder = private_folder(cache_folder(), link=True)
        kept = _kernels(folder, f"{key}_")
        for path in kept:
            if _whole(path):
                with contextlib.suppress(OSError):  # a cache that may only be read still serves
                    os.utime(path)
                with contextlib.suppress(OSError):  # whole, but not for this system: built again
                    return ctypes.CDLL(str(path))
        with temporary_folder(".build_", folder) as place:
            built = build(compiler, source, Path(place), march)
            library = _load(built)  # before it is kept: what cannot be loaded never is
            final = folder / f"kernel_{key}_{_digest(built)}{built.suffix}"
            if final.is_dir():
                discard(final)
            try:
                os.replace(built, final)
            except PermissionError:  # Windows, where another process has loaded it, which is as good
                if not _whole(final):
                    raise
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


def _whole(path):
    """Whether a kernel is ours, and nothing of it is missing.

    A file's name ends in the hash of its content: one that was cut short is never loaded.
    """
    return refusal(path) is None and path.is_file() and path.stem.endswith(_digest(path))


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def said_by(done):
    """One line of what a process that has ended said.

    The first error that a compiler names in it, or else the end of it all.
    """
    lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
    said = next((line[:MOST_SAID] for line in lines if ERROR.search(line)), " / ".join(lines)) or "no message"
    return said if len(said) <= MOST_SAID else f"... {said[-MOST_SAID:]}"


def build(compiler, source, place, march="native"):
    """The library of a source text, made by a Compiler in a folder; returns its path.

    Raises
    ------
    BuildError
        If the compiler fails.
    """
    (place / "kernel.cpp").write_text(source, encoding="utf-8")
    where = "" if march == "native" else f"; B2REDUCE_MARCH is {march!r}"
    for product, options in compiler.steps(source, march):
        try:
            done = run_process(
                [*compiler.command, *options],
                cwd=place,
                errors="replace",
                env={**os.environ, **compiler.environment},
            )
        except OSError as error:
            raise compiler.cannot_run(error) from None
        if done.returncode:
            raise BuildError(f"{compiler.name} failed: {said_by(done)}{where}")
        made = place / product
        if not made.is_file() or not made.stat().st_size:
            raise BuildError(
                f"{compiler.name} failed: it ended without an error, but {product} is"
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

    for path in sorted(_kernels(folder), key=used)[:-MOST_FILES]:
        discard(path)
