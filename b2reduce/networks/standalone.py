"""The spiking network as a program: Brian2's C++ standalone mode, compiled once for all circuits of one
structure.

Conductances, time constants, reversals and rates reach the program as arguments; what a seed draws (wiring,
delays, starting values) takes the place of the program's static arrays; the seed of the noise is read at the
start. Programs are built in a process of their own, so that no session's device changes, and kept in the
cache folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..basics.compiler import BuildError, compiler_identity, said_by
from ..basics.environment import cache_folder, instruction_set
from ..basics.files import temporary_folder
from ..basics.interrupts import raise_on_sigterm
from ..basics.locks import locked
from ..basics.private_folders import aside, close, discard, private_folder, refusal
from ..basics.processes import run_process
from ..basics.provenance import versions
from ..circuit.spike_counts import HELD
from .spiking_network import build_network, draws_of, monitors_of, values_of

__all__ = [
    "ProgramError",
    "ProgramRun",
    "build_program",
    "can_build",
    "clean_programs",
    "run_program",
    "structure_of",
]

SEED = "B2REDUCE_NOISE_SEED"
VALUES = ("G", "tau", "E")  # of projections and drives: arguments of the program
MOST_PROGRAMS = 20  # of the cache; the least recently used go first


class ProgramError(RuntimeError):
    """A network that cannot be compiled or run here; the message says why."""


@dataclass(frozen=True)
class ProgramRun:
    """What a program found.

    Attributes
    ----------
    spikes : dict of str to (ndarray, ndarray)
        Cell indices and times in s of a population.
    conductances : dict of str to ndarray, shape (cell, time)
    conductance_t_ : ndarray or None
    final : dict of (population, variable) to ndarray
    """

    spikes: dict
    conductances: dict
    conductance_t_: object
    final: dict


def structure_of(circuit, seed, dt_, duration_, record):
    """What two circuits must share to be run by one program, as plain data."""
    data = circuit.to_dict()
    for key in ("name", "title", "cite"):
        data.pop(key, None)
    for item in [*data.get("projections", ()), *data.get("drives", ())]:
        for key in VALUES:
            item.pop(key)
    for item, drive in zip(data.get("drives", ()), circuit.drives):
        # The number of inputs multiplies the rate; rates over cells are arrays of the program
        if drive.constant and drive.profile is None:
            item.pop("rate")
            item.pop("inputs")
    # The number of synapses is part of the program: where chance decides it, every seed has its own.
    chance = any(projection.probability is not None for projection in circuit.projections)
    return {
        "circuit": data,
        "dt": dt_,
        "duration": duration_,
        "record": record,
        "counts": HELD,
        "versions": versions(),
        **({"seed": seed} if chance else {}),
    }


def can_build():
    """Whether there is a compiler."""
    try:
        compiler_identity()
    except BuildError:
        return False
    return True


def _key(structure):
    if not can_build():
        raise ProgramError(
            "engine 'standalone' needs a C++ compiler (g++ or clang++), and there is none; use engine ="
            " 'brian2'"
        )
    return hashlib.sha256(
        "\0".join([json.dumps(structure, sort_keys=True), compiler_identity()[1]]).encode()
    ).hexdigest()[:24]


def _programs():
    """The folder of all programs, which only this user can write."""
    return private_folder(private_folder(cache_folder(), link=True) / "networks")


def clean_programs():
    """Remove all compiled networks; returns how many there were."""
    place = cache_folder() / "networks"
    folders = (
        [] if place.is_symlink() else [path for path in place.glob("*") if (path / "program.json").exists()]
    )
    for path in folders:
        discard(path)
    return len(folders)


def _usable(folder):
    """Whether a program is there, whole, and nobody else's."""
    if any(refusal(path) for path in (folder, *folder.rglob("*"))):
        return False
    try:
        files = json.loads((folder / "program.json").read_text(encoding="utf-8"))["files"]
        return all(_digest(folder / name) == digest for name, digest in files.items())
    except (OSError, ValueError, KeyError):
        return False


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def build_program(circuit, seed, dt_, duration_, record):
    """Folder of the compiled network of a circuit, from the cache or built into it.

    Raises
    ------
    ProgramError
        If there is no compiler, or the build fails.
    """
    key, programs = _key(structure_of(circuit, seed, dt_, duration_, record)), _programs()
    folder = programs / key
    if _usable(folder):
        os.utime(folder)
        return folder
    lock = programs / f"{key}.lock"
    if refusal(lock) is not None:
        discard(lock)
    # Two workers that need the same program wait for one build.
    with locked(lock):
        if not _usable(folder):
            with temporary_folder(".build_", programs) as place:
                order = {
                    "circuit": circuit.to_dict(),
                    "seed": seed,
                    "dt": dt_,
                    "duration": duration_,
                    "record": record,
                    "folder": str(place / "program"),
                }
                (place / "temporary").mkdir()  # of Brian2 and of the compiler: gone with the rest
                done = run_process(
                    [sys.executable, "-m", "b2reduce.networks.standalone"],
                    input=json.dumps(order),
                    errors="replace",
                    env={
                        **os.environ,
                        "CXX": shlex.join(compiler_identity()[0]),
                        "TMPDIR": str(place / "temporary"),
                    },
                )
                if done.returncode:
                    _, own, said = done.stderr.strip().rpartition("ProgramError: ")
                    raise ProgramError(
                        f"circuit {circuit.name!r}: Brian2's standalone mode failed to build it:"
                        f" {said if own else said_by(done)}"
                    )
                close(place / "program")
                discard(folder)
                if os.path.lexists(folder):  # another user's, and not empty
                    folder = aside(folder, "cannot be removed") / key
                os.replace(place / "program", folder)
    _trim(programs)
    return folder


def _trim(programs):
    folders = sorted(
        (path for path in programs.glob("*") if (path / "program.json").exists()),
        key=lambda path: path.stat().st_mtime,
    )
    for path in folders[:-MOST_PROGRAMS]:
        discard(path)


def _drawn(draws):
    """{name: array} of everything in a program that its seed decides.

    Equal for all seeds in shape and type.
    """
    arrays = {}
    for label, parts in draws.wiring.items():
        arrays.update(
            {f"{label} {part}": values for part, values in zip(("i", "j", "delay"), parts) if np.ndim(values)}
        )
    arrays.update(
        {
            f"{population} {variable}": values
            for (population, variable), values in draws.start.items()
            if np.ndim(values)
        }
    )
    return arrays


def _build(order):
    """In a process of its own: the program, and a note of where everything is."""
    import brian2

    from ..circuit.circuit import Circuit

    circuit, folder = Circuit.from_dict(order["circuit"]), Path(order["folder"])
    brian2.set_device("cpp_standalone", directory=str(folder), build_on_run=False)
    flags = brian2.prefs["codegen.cpp.extra_compile_args_gcc"]
    brian2.prefs["devices.cpp_standalone.extra_make_args_unix"] += ["-s"]  # what is said is the compiler's
    brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = [
        f"-march={instruction_set()}" if flag == "-march=native" else flag for flag in flags
    ]
    draws = draws_of(circuit, order["seed"])
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
    for name, values in _drawn(draws).items():
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
                **{p.label: file(monitor, f"g_syn_{p.symbol}") for p in circuit.pathways(name)},
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
        str(path.relative_to(folder)): _digest(path) for path in folder.rglob("*") if path.is_file()
    }
    (folder / "program.json").write_text(json.dumps(note), encoding="utf-8")


def _compiler_output():
    """What the compiler printed while Brian2 kept it silent, in one line."""
    from brian2.utils.logger import std_silent

    std_silent.dest_stdout.flush(), std_silent.dest_stderr.flush()
    lines = [
        line.strip()
        for name in (std_silent.dest_fname_stdout, std_silent.dest_fname_stderr)
        for line in Path(name).read_text(errors="replace").splitlines()
    ]
    return " / ".join(filter(None, lines)) or "no message"


_draws = {}  # of the last structure and seed: points of a scan share them


def run_program(circuit, seed, noise_seed, dt_, duration_, record):
    """Run the compiled network of a circuit.

    Parameters
    ----------
    circuit : Circuit
    seed : int
        Of wiring and starting values.
    noise_seed : int
    dt_, duration_ : float
    record : int
        Cells of each population whose conductances are recorded.

    Returns
    -------
    ProgramRun
    """
    folder = build_program(circuit, seed, dt_, duration_, record)
    note = json.loads((folder / "program.json").read_text(encoding="utf-8"))
    if (folder.name, seed) not in _draws:
        _draws.clear()
        _draws[folder.name, seed] = draws_of(circuit, seed)
    draws = _draws[folder.name, seed]
    with temporary_folder("b2reduce_run_") as place:
        (place / "static_arrays").mkdir()
        (place / "results").mkdir()
        for path in (folder / "static_arrays").iterdir():
            os.symlink(path, place / "static_arrays" / path.name)
        arrays = _drawn(draws)
        for name, files in note["static"].items():
            for file, dtype in files.items():
                arrays[name].astype(dtype).tofile(place / "static_arrays" / file)
        single = {key: value for key, value in draws.start.items() if not np.ndim(value)}
        arguments = [
            f"{population}.{variable}={float(value)!r}"
            for (population, variable), value in {**single, **values_of(circuit)}.items()
            if not np.ndim(value)
        ]
        done = run_process(
            [str(folder / "main"), "--results_dir", f"{place / 'results'}{os.sep}", *arguments],
            cwd=place,
            env={**os.environ, SEED: str(noise_seed)},
        )
        if done.returncode or "Error reading" in done.stderr or "Could not read" in done.stderr:
            raise ProgramError(
                f"circuit {circuit.name!r}: the compiled network ended with status {done.returncode}:"
                f" {(done.stderr.strip() or 'no message')[-400:]}"
            )
        read = lambda entry: np.fromfile(place / "results" / entry[0], dtype=entry[1])
        spikes = {name: (read(files["i"]), read(files["t"])) for name, files in note["spikes"].items()}
        conductances, t_ = {}, None
        for name, files in note["states"].items():
            t_ = read(files["t"]) + dt_
            cells = min(record, circuit.populations[name].size)
            conductances.update(
                {label: read(entry).reshape(-1, cells).T for label, entry in files.items() if label != "t"}
            )
        final = {
            (name, variable): read(entry)
            for name, variables in note["final"].items()
            for variable, entry in variables.items()
        }
    return ProgramRun(spikes, conductances, t_, final)


if __name__ == "__main__":
    raise_on_sigterm()  # Brian2 removes its own temporary files at the end of a process that ends by itself
    _build(json.load(sys.stdin))
