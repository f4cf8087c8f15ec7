"""Building the program of a spiking network, in a process of its own: Brian2's C++ standalone mode.

Conductances, time constants, reversals and rates reach the program as arguments; what a seed draws (wiring,
delays, starting values) takes the place of the program's static arrays; the seed of the noise is read at the
start.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...basics.compiler import the_compiler
from ...basics.environment import instruction_set, thread_count
from ...basics.errors import B2reduceError
from ...basics.interrupts import raise_on_sigterm
from ...circuit.spike_counts import HELD
from ..spiking_network import build_network, draws_of, monitors_of, recorded_of
from ..starting_state import StartingState

__all__ = ["ProgramError", "SEED", "digest", "drawn_arrays"]

SEED = "B2REDUCE_NOISE_SEED"

# Every object of a network is a source of its own that includes the same headers, and to read them takes four
# times as long as all else: they are read once. What sets arrays up and writes them runs once, and takes
# longest to optimize. Everything is built once, so nobody need find out what depends on what.
_HEADER = """
#include "objects.h"
#include "brianlib/common_math.h"
#include "brianlib/stdint_compat.h"
#include "synapses_classes.h"
#include <climits>
#include <cmath>
#include <ctime>
#include <fstream>
#include <iostream>
"""
_RULES = """
all:

shared.h.gch: shared.h makefile
\t$(CXX) $(CXXFLAGS) -x c++-header shared.h -o $@

objects.o: objects.cpp makefile
\t$(CXX) $(CXXFLAGS) -O1 $< -o $@

code_objects/%.o: code_objects/%.cpp makefile shared.h.gch
\t$(CXX) $(CXXFLAGS) -include shared.h $< -o $@
"""
_MAKE = ["-s", "DEPS=", "-f", "shared.mk", "-f", "makefile"]  # silent: what is said is the compiler's


class ProgramError(B2reduceError, RuntimeError):
    """A network that cannot be compiled or run here; the message says why."""


def digest(path):
    """Of the content of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def drawn_arrays(draws):
    """{name: array} of everything in a program that its seed decides.

    Equal for all seeds in shape and type.
    """
    arrays = {}
    for label, parts in draws.wiring.items():
        arrays.update(
            {f"{label} {part}": values for part, values in zip(("i", "j", "delay"), parts) if np.ndim(values)}
        )
    arrays.update({f"{label} sizes": values for label, values in draws.sizes.items()})
    arrays.update(
        {
            f"{population} {variable}": values
            for (population, variable), values in draws.start.items()
            if np.ndim(values)
        }
    )
    return arrays


def _told_apart(draws):
    """The same with other starting values in place of arrays, no two of them alike.

    Arrays of a program are told by their content, and are all replaced when it runs.
    """
    rng = np.random.default_rng(0)
    start = {key: rng.random(np.shape(each)) if np.ndim(each) else each for key, each in draws.start.items()}
    return replace(draws, start=start)


def _build(order):
    """In a process of its own: the program, and a note of where everything is."""
    import brian2

    from ...circuit.circuit import Circuit

    circuit, folder = Circuit.from_dict(order["circuit"]), Path(order["folder"])
    brian2.set_device("cpp_standalone", directory=str(folder), build_on_run=False)
    flags = brian2.prefs["codegen.cpp.extra_compile_args_gcc"]
    # As many compilers at a time as threads: Brian2 starts all of them at once.
    brian2.prefs["devices.cpp_standalone.extra_make_args_unix"] = [f"-j{thread_count()}", *_MAKE]
    folder.mkdir(exist_ok=True)
    (folder / "shared.h").write_text(_HEADER, encoding="utf-8")
    (folder / "shared.mk").write_text(_RULES, encoding="utf-8")
    brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = [
        *(flag for flag in flags if not flag.startswith(("-march=", "-mcpu=", "-mtune="))),
        *the_compiler().machine_flags(instruction_set()),
    ]
    state = None if order["state"] is None else StartingState.of_structure(order["state"], circuit)
    draws = _told_apart(draws_of(circuit, order["seed"], state))
    network, groups = build_network(circuit, draws, order["dt"])
    spikes, states = monitors_of(circuit, groups, order["dt"], order["record"])
    network.add(*spikes.values(), *states.values())
    device = brian2.get_device()
    device.insert_code(
        "before_network_run",
        f'brian::_random_generators[0].seed(std::strtoul(std::getenv("{SEED}"), nullptr, 10));',
    )
    network.run(order["duration"] * brian2.second, namespace={})
    device.build(directory=str(folder), run=False, compile=True, with_output=False)
    program = folder / "main"
    if not program.is_file() or not program.stat().st_size:
        raise ProgramError(
            "the compiler ended without an error, but the program is"
            f" {'empty' if program.exists() else 'missing'}; it said: {_compiler_output()}"
        )
    static = {}
    for name, values in drawn_arrays(draws).items():
        # By content: whatever Brian2 calls them, these are the arrays that were handed to it.
        files = [
            file
            for file, array in device.static_arrays.items()
            if array.shape == values.shape and np.array_equal(array, values)
        ]
        if not files:
            raise ProgramError(f"{name} is not among the static arrays of the program")
        static[name] = {file: np.dtype(device.static_arrays[file].dtype).str for file in files}
    file = lambda owner, variable: [
        device.get_array_filename(owner.variables[variable]),
        np.dtype(owner.variables[variable].dtype).str,
    ]
    note = {
        "static": static,
        "spikes": {name: {key: file(monitor, key) for key in ("i", "t")} for name, monitor in spikes.items()},
        "states": {
            name: {
                "t": file(monitor, "t"),
                **{
                    label: file(monitor, variable)
                    for label, (variable, _) in recorded_of(circuit, name).items()
                },
            }
            for name, monitor in states.items()
        },
        "final": {
            name: {
                variable: file(groups[name], variable)
                for variable in (*population.model.state_variables, HELD)
                if variable in groups[name].variables
            }
            for name, population in circuit.populations.items()
        },
    }
    drawn = {file for files in static.values() for file in files}
    for path in folder.rglob("*"):
        kept = (
            path.name == "main"
            and path.parent == folder
            or path.parent.name == "static_arrays"
            and path.name not in drawn
        )
        if path.is_file() and not kept:
            path.unlink()
    note["files"] = {
        str(path.relative_to(folder)): digest(path) for path in folder.rglob("*") if path.is_file()
    }
    (folder / "program.json").write_text(json.dumps(note), encoding="utf-8")


def _compiler_output():
    """What the compiler printed while Brian2 kept it silent, in one line."""
    from brian2.utils.logger import std_silent

    std_silent.dest_stdout.flush(), std_silent.dest_stderr.flush()
    lines = [
        line.strip()
        for name in (std_silent.dest_fname_stdout, std_silent.dest_fname_stderr)
        for line in Path(name).read_text(encoding="utf-8", errors="replace").splitlines()
    ]
    return " / ".join(filter(None, lines)) or "no message"


if __name__ == "__main__":
    raise_on_sigterm()  # Brian2 removes its own temporary files at the end of a process that ends by itself
    _build(json.load(sys.stdin))
