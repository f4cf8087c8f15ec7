"""The spiking network as a program that is compiled once for all circuits of one structure."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from ...basics.files import temporary_folder
from ...basics.processes import run_process
from ...circuit.spike_counts import HELD
from ..spiking_network import draws_of, values_of
from .base import NetworkEngine, Recorded, check_finite, check_held
from .program_build import SEED, ProgramError, drawn_arrays
from .programs import build_program, structure_of, without_compiler

__all__ = ["Standalone"]

_draws: dict[Any, Any] = {}  # of the last structure and seed: points of a scan share them


class Standalone(NetworkEngine):
    """Brian2's C++ standalone mode, in processes of their own."""

    name = "standalone"
    title = "brian2 standalone"

    def problem(self, circuit):
        return without_compiler()

    def structure(self, run):
        return structure_of(run.circuit, run.seed, run.dt_, run.duration_, run.record, run.state)

    def prepare(self, run):
        build_program(run.circuit, run.seed, run.dt_, run.duration_, run.record, run.state)

    def record(self, run, report):
        recorded, final = _run_program(run)
        held = {}
        for (name, variable), values in final.items():
            if variable == HELD:
                held[name] = float(np.sum(values))
            else:
                check_finite(run, name, variable, values)
        check_held(run, recorded.spikes, held)
        report(1.0)
        return recorded


def _run_program(run):
    """(Recorded, {(population, variable): values at the end}) of the compiled network of a circuit."""
    circuit = run.circuit
    folder = build_program(circuit, run.seed, run.dt_, run.duration_, run.record, run.state)
    note = json.loads((folder / "program.json").read_text(encoding="utf-8"))
    if run.state is not None:
        draws = draws_of(circuit, run.seed, run.state)
    else:
        if (folder.name, run.seed) not in _draws:
            _draws.clear()
            _draws[folder.name, run.seed] = draws_of(circuit, run.seed)
        draws = _draws[folder.name, run.seed]
    with temporary_folder("b2reduce_run_") as place:
        (place / "static_arrays").mkdir()
        (place / "results").mkdir()
        for path in (folder / "static_arrays").iterdir():
            os.symlink(path, place / "static_arrays" / path.name)
        arrays = drawn_arrays(draws)
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
            env={**os.environ, SEED: str(run.noise_seed)},
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
            t_ = read(files["t"]) + run.dt_
            cells = min(run.record, circuit.populations[name].size)
            conductances.update(
                {label: read(entry).reshape(-1, cells).T for label, entry in files.items() if label != "t"}
            )
        final = {
            (name, variable): read(entry)
            for name, variables in note["final"].items()
            for variable, entry in variables.items()
        }
    return Recorded(spikes, conductances, t_), final
