"""Microsoft's compiler, and clang in its guise."""

from __future__ import annotations

from typing import ClassVar

from .base import BuildError, Compiler, exported

__all__ = ["ClangCl", "Msvc"]

# The libraries of C++ are linked in: Python does not bring all of them.
FLAGS = ("/nologo", "/std:c++17", "/utf-8", "/EHsc", "/MT", "/O2", "/fp:fast")
#: Sets of instructions that it has names for, by ours
SETS = {"x86-64": (), "x86-64-v2": (), "x86-64-v3": ("/arch:AVX2",), "x86-64-v4": ("/arch:AVX512",)}
# Of IsProcessorFeaturePresent in winnt.h
AVX2, AVX512F = 40, 41


class Msvc(Compiler):
    """cl."""

    asks_version: ClassVar[tuple[str, ...]] = ()  # it says so with every start

    def flags(self, march):
        return [*FLAGS, *self.machine_flags(march)]

    def machine_flags(self, march):
        """What makes code for this machine, or for a set of instructions."""
        if self.system.machine.lower() not in ("amd64", "x86_64"):
            return []
        if march == "native":
            march = _best()
        if march not in SETS:
            raise BuildError(
                f"{self.name}: B2REDUCE_MARCH is {march!r}, expected one of {', '.join(SETS)}; or set CXX to"
                " clang-cl, which knows more"
            )
        return list(SETS[march])

    def steps(self, source, march):
        return [
            ("kernel.obj", [*self.flags(march), "/c", "kernel.cpp", "/Fo:kernel.obj"]),
            (
                self.library,
                [
                    *(
                        "/nologo",
                        "/MT",
                        "/LD",
                        "kernel.obj",
                        f"/Fe:{self.library}",
                        "/link",
                        "/INCREMENTAL:NO",
                    ),
                    *(f"/EXPORT:{name}" for name in exported(source)),
                ],
            ),
        ]


class ClangCl(Msvc):
    """clang-cl, which takes g++'s words as well."""

    asks_version: ClassVar[tuple[str, ...]] = ("--version",)

    def flags(self, march):
        own = ("-O3", "-ffast-math", "-fopenmp-simd", *self.machine_flags(march))
        return [*FLAGS, *(f"/clang:{flag}" for flag in own)]

    def machine_flags(self, march):
        x86 = self.system.machine.lower() in ("amd64", "x86_64")
        return [f"-march={march}" if x86 else f"-mcpu={march}"]


def _best():
    """The largest set of instructions of this machine that cl has a name for."""
    import ctypes

    has = ctypes.windll.kernel32.IsProcessorFeaturePresent  # type: ignore[attr-defined]
    return "x86-64-v4" if has(AVX512F) else "x86-64-v3" if has(AVX2) else "x86-64"
