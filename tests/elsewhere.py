"""Other systems, emulated: their kernels are built by the package's own compiler objects, and run there."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from b2reduce.basics.compiler import build
from b2reduce.basics.compilers.base import Compiler
from b2reduce.basics.compilers.gnu import Gnu
from b2reduce.basics.compilers.systems import Unix, Windows
from b2reduce.cells.engine.cells import SLACK_
from b2reduce.cells.engine.codegen import LANES
from b2reduce.cells.engine.kernel_arrays import PER_CELL
from b2reduce.networks.engines.network_threads import _ring

#: Where Debian puts it, beside where others do
WINE = shutil.which("wine64") or shutil.which("wine") or shutil.which("/usr/lib/wine/wine64")
ARM_LIBRARIES = "/usr/aarch64-linux-gnu"


@dataclass
class Elsewhere:
    """A machine of another kind, and a folder for what is done on it."""

    compiler: Compiler
    march: str
    launcher: tuple
    driver_flags: tuple
    folder: Path
    environment: dict

    def __post_init__(self):
        self.built = {}
        self.program = self.folder / "elsewhere.exe"
        subprocess.run(
            [
                *self.compiler.command,
                "-std=c++17",
                *self.driver_flags,
                Path(__file__).with_suffix(".cpp"),
                "-o",
                self.program,
            ],
            check=True,
        )

    def library(self, text):
        """The path of a text's library, for that machine."""
        if text not in self.built:
            place = self.folder / str(len(self.built))
            place.mkdir()
            self.built[text] = build(self.compiler, text, place, self.march)
        return self.built[text]

    def run(self, kind, text, arrays):
        """The arrays as the driver gives them back, as bytes; those that it adds come last."""
        here, there = self.folder / "from", self.folder / "to"
        with open(here, "wb") as stream:
            for each in arrays:
                stream.write(np.int64(each.nbytes).tobytes() + np.ascontiguousarray(each).tobytes())
        done = subprocess.run(
            [*self.launcher, self.program, kind, self.library(text), here, there],
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, **self.environment},
        )
        assert done.returncode == 0, (done.returncode, done.stderr)
        content, found, place = there.read_bytes(), [], 0
        while place < len(content):
            size = int(np.frombuffer(content, np.int64, 1, place)[0])
            found.append(content[place + 8 : place + 8 + size])
            place += 8 + size
        return found

    def run_cells(self, own, first, last, *, warmup_, half_, threads=1, progress=None):
        """In place of `RunArrays.run`."""
        names = ("constants", *PER_CELL, "stop", "swing")
        given = [getattr(own, name) for name in names]
        sizes = [
            *(first, last - first, own.state.shape[1], own.cumulative.shape[1], own.stride),
            *(own.swing.shape[1], LANES),
        ]
        head = [np.array([own.dt_, warmup_ - SLACK_, half_ - SLACK_]), np.array(sizes, dtype=np.int64)]
        found = self.run("cells", own.kernel.source.text, [*head, *given])
        for name, before, after in zip(names, given, found[len(head) :]):
            setattr(own, name, np.frombuffer(after, before.dtype).reshape(before.shape).copy())

    def run_network(self, own, report):
        """In place of `network_threads.run_network`."""
        slots, source = _ring(own.kept, own.call), own.source
        _, sizes = own.handed(slots)
        names = list(source.arrays)
        numbers = [own.named[f"{each.id}.numbers"] for each in source.projections]
        groups = [
            [
                *(names.index(f"{each.id}.{name}") for name in ("cell", "number", "bounds")),
                own.cells[each.id][1],
            ]
            for each in source.groups
        ]
        first = [own.steps, own.parts, slots - 1, own.every, own.turn, own.call, len(groups)]
        head = [
            np.array([own.dt_]),
            np.array([*first, *np.ravel(groups)], dtype=np.int64),
            sizes,
            own.stop,
            np.array([longest - shortest + 1 for shortest, longest in numbers], dtype=np.int64),
        ]
        found = self.run("network", source.text, [*head, *(own.named[name] for name in names)])
        for name, after in zip(names, found[len(head) :]):
            own.named[name].flat = np.frombuffer(after, own.named[name].dtype)
        spikes = found[len(head) + len(names) :]
        return {
            each.id: (np.frombuffer(cells, np.int32), np.frombuffer(steps, np.int64))
            for each, cells, steps in zip(source.groups, spikes[::2], spikes[1::2])
        }


def windows(folder, march):
    """Windows by Wine, with code by MinGW; None where one of them is missing."""
    compiler = shutil.which("x86_64-w64-mingw32-g++")
    if compiler is None or WINE is None:
        return None
    quiet = {"WINEPREFIX": str(folder / "prefix"), "WINEDEBUG": "-all"}
    return Elsewhere(Gnu((compiler,), Windows("AMD64")), march, (WINE,), ("-static",), folder, quiet)


def arm(folder, march):
    """Linux on ARM by QEMU; None where it, or a compiler for it, is missing."""
    compiler, emulator = shutil.which("aarch64-linux-gnu-g++"), shutil.which("qemu-aarch64")
    if compiler is None or emulator is None:
        return None
    return Elsewhere(
        Gnu((compiler,), Unix("aarch64")),
        march,
        (emulator, "-L", ARM_LIBRARIES),
        ("-ldl", "-pthread"),
        folder,
        {},
    )
