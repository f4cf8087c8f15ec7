"""Compilers that are asked as g++ is: g++, clang++, Apple's clang++, and those of MinGW."""

from __future__ import annotations

import re

from .base import Compiler

__all__ = ["Gnu"]

FLAGS = ("-std=c++17", "-O3", "-ffast-math", "-fopenmp-simd")
X86 = re.compile(r"x86_64|amd64|i\d86", re.IGNORECASE)
#: Where a processor, not a set of instructions, is what compilers are told
BY_PROCESSOR = re.compile(r"arm|aarch64|ppc|powerpc", re.IGNORECASE)
SETS_OF_ARM = re.compile(r"armv\d")


class Gnu(Compiler):
    """g++, and whatever takes the same words."""

    def flags(self, march):
        return [*FLAGS, *self.system.compiling, *self.machine_flags(march)]

    def machine_flags(self, march):
        """What makes code for this machine, or for a set of instructions.

        On ARM `-march=native` is not understood by every clang, `-mcpu=native` is; other names there are
        those of processors (`apple-m1`) or of sets of instructions (`armv8.2-a`).
        """
        machine = self.system.machine
        if X86.fullmatch(machine) or SETS_OF_ARM.match(march):
            found = [f"-march={march}"]
        elif BY_PROCESSOR.match(machine):
            found = [f"-mcpu={march}"]
        else:
            found = [] if march == "native" else [f"-march={march}"]
        if self.system.name == "Windows" and X86.fullmatch(machine) and "clang" not in self.version():
            # Stacks of Windows are aligned to 16 bytes, but g++ may move 32 there as aligned (its bug 54412).
            found.append("-Wa,-muse-unaligned-vector-move")
        return found

    def steps(self, source, march):
        # Linked without -ffast-math, which would set flush-to-zero for the whole process.
        return [
            ("kernel.o", [*self.flags(march), "-c", "kernel.cpp", "-o", "kernel.o"]),
            (self.library, [*self.system.linking, "kernel.o", "-o", self.library, *self.system.libraries]),
        ]
