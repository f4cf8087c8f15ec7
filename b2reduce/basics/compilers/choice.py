"""Which compiler this machine has."""

from __future__ import annotations

import os
import shutil
from pathlib import PureWindowsPath

from ..errors import InputError
from .base import Compiler
from .gnu import Gnu
from .msvc import ClangCl, Msvc
from .systems import System

__all__ = ["found_compiler", "no_compiler"]

#: Those that are not asked as g++ is, by the names of their programs; each needs what Visual Studio sets up.
MICROSOFT: dict[str, type[Compiler]] = {"clang-cl": ClangCl, "cl": Msvc}


def no_compiler(system):
    """What is said where there is none."""
    return f"there is no C++ compiler (g++ or clang++); {system.advice}"


def found_compiler(system: System):
    """The Compiler of a system, or None: ``$CXX``, which may bring arguments, else what is found.

    On Windows Visual Studio's come first, then those of MinGW in the path; elsewhere g++ or clang++.

    Raises
    ------
    InputError
        If CXX names no program.
    """
    said = os.environ.get("CXX", "").strip()
    if said:
        try:
            name, *arguments = system.words(said)
        except ValueError:  # an open quotation mark
            name, arguments = said, []
        kind = MICROSOFT.get(PureWindowsPath(name).stem.lower())
        own = {} if kind is None else _visual_studio()
        if (path := shutil.which(name, path=own.get("PATH"))) is None:
            raise InputError(
                f"CXX: got {said!r}, but there is no program {name!r}; set it to a C++ compiler such as g++"
                " or clang++, or unset it"
            )
        return (kind or Gnu)((path, *arguments), system, own)
    if system.name == "Windows" and (own := _visual_studio()):
        for name, kind in MICROSOFT.items():
            if path := shutil.which(name, path=own.get("PATH")):
                return kind((path,), system, own)
    for path in filter(None, map(shutil.which, system.names)):
        if not system.without_tools(path):
            return Gnu((path,), system)
    return None


def _visual_studio():
    """Variables that its compilers need, as Brian2 finds them; none where it is not installed."""
    if "VCINSTALLDIR" in os.environ:  # a prompt of Visual Studio has set them already
        return {"PATH": os.environ["PATH"]}
    from brian2.codegen.cpp_prefs import get_msvc_env

    try:
        found, _ = get_msvc_env()
    except OSError:
        return {}
    return {name.upper(): value for name, value in (found or {}).items()}
