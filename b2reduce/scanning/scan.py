"""A task at every point of a grid of parameters: on any executor, resumable, one tidy table."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np

from .. import __version__
from ..basics.arguments import described, one_of, whole
from ..basics.errors import InputError, OutputError
from ..basics.files import temporary_folder, write_json, write_text
from ..basics.progress import Progress
from ..circuit.circuit import load_circuit
from ..results.scan_folder import FORMAT, claimed, finished_point, plain_parameters, scan_table
from .tasks import DURATION, RECORD, TASKS
from .workers import on_executor, on_own_pool

__all__ = ["points_of", "scan"]

FEWEST = 4  # runs that a compiled network must serve: it takes as long to build


def scan(
    circuit,
    grid,
    *,
    task="validate",
    seed=1,
    executor=None,
    workers=None,
    out=None,
    progress=None,
    **settings,
):
    """Run a task at every point of a grid.

    Parameters
    ----------
    circuit : Circuit, str or path
    grid : mapping of str to sequence, or sequence of mappings
        Values of parameters by their dotted names, as `Circuit.replace` takes them; all combinations, the
        last name fastest. Or the points themselves, one mapping each.
    task : {"validate", "reduce", "rates", "spikes"} or callable
        What is done at a point: everything; the reduction alone; the reduction and its rates; the spiking
        network alone. Or a function of (circuit, seed, **settings) that returns a mapping or a list of
        mappings, the rows of that point; workers must be able to import it.
    seed : int
        The same at every point, so that neighbours differ by their parameters and not by chance.
    executor : concurrent.futures.Executor, or dask.distributed.Client, optional
        By default a pool of processes on this machine.
    workers : int, optional
        Of that pool; by default one per core. Each works on one core.
    out : path, optional
        Folder that keeps every finished point, and the table. Where it holds the same scan, unfinished, that
        is gone on with.
    progress : None, bool, str or callable
    **settings
        Of the task: those of `validate` (``duration``, ``seeds``, ``level``, ``noise``...), `reduce` or
        `simulate_spikes`.

    Returns
    -------
    pandas.DataFrame
        Tidy: a row per point and population. Parameters are SI floats with their unit in the column's name;
        ``status`` is "ok", or the message of what went wrong at that point.

    Raises
    ------
    InputError
        If a name is unknown, a value cannot be, the grid is empty, or `out` holds another scan: before
        anything runs.
    OutputError
        If `out` cannot be written. Points that were finished stay.

    Notes
    -----
    Points that differ only in conductances, time constants, reversals and rates share one compiled spiking
    network (see `simulate_spikes`). A worker that dies is replaced and its point tried again; a point that
    kills its worker three times is reported in ``status`` and tried again when the scan is resumed.

    Examples
    --------
    >>> from brian2 import Hz
    >>> table = scan("ei_lif", {"drive.ext.rate": [12, 16]*Hz}, task="reduce", noise="none", workers=1)
    >>> table[["drive.ext.rate [Hz]", "population", "status"]].to_numpy().tolist()[0]
    [12.0, 'E', 'ok']
    """
    circuit = load_circuit(circuit)
    if not callable(task):
        one_of(task, TASKS, "task")
    elif not hasattr(task, "__qualname__"):
        raise InputError(
            f"task: got {described(task)}, expected a function of (circuit, seed, **settings) that workers"
            f" can import, or one of {', '.join(TASKS)}"
        )
    seed = whole(seed, "seed")
    if executor is not None and not hasattr(executor, "submit") and not hasattr(executor, "get_executor"):
        raise InputError(
            f"executor: got {described(executor)}, expected a concurrent.futures.Executor or a dask client"
        )
    if out is not None and not isinstance(out, (str, os.PathLike)):
        raise InputError(f"out: got {described(out)}, expected the path of a folder")
    points, circuits = points_of(circuit, grid)
    if isinstance(task, str) and settings.get("duration") is not None:
        from ..basics.arguments import seconds
        from ..cells.settings import BRIAN_STEP_, check_run

        for at in circuits:  # before any worker starts
            check_run(
                seconds(settings["duration"], "duration"),
                float(at.dt),
                cells=sum(population.size for population in at.populations.values()),
                least_=BRIAN_STEP_,
            )
    workers = None if workers is None else whole(workers, "workers", 1)
    name = task if isinstance(task, str) else f"{task.__module__}.{task.__qualname__}"
    manifest = {
        "format": "b2reduce scan",
        "version": FORMAT,
        "circuit": circuit.to_dict(),
        "points": [plain_parameters(point) for point in points],
        "task": name,
        "seed": seed,
        "settings": plain_parameters(settings),
        "b2reduce": __version__,
    }
    if out is None:
        with temporary_folder("b2reduce_scan_") as folder:
            return _scan(
                folder, manifest, points, circuits, task, seed, settings, executor, workers, progress
            )
    return _scan(Path(out), manifest, points, circuits, task, seed, settings, executor, workers, progress)


def points_of(circuit, grid):
    """([{name: value}], [circuit at that point]) of a grid; every value is checked."""
    if isinstance(grid, Mapping):
        axes = {}
        for name, values in grid.items():
            if isinstance(values, (str, bytes)) or np.ndim(values) == 0:
                raise InputError(
                    f"grid, {name}: got {described(values)}, expected a list of values, such as [8, 12]*Hz"
                )
            axes[name] = list(values)
        points = [dict(zip(axes, combination)) for combination in product(*axes.values())] if axes else []
    elif isinstance(grid, (list, tuple)) and all(isinstance(point, Mapping) for point in grid):
        points = [dict(point) for point in grid]
    else:
        raise InputError(
            f"grid: got {described(grid)}, expected a mapping of names to lists of values, or a list of"
            " mappings"
        )
    if not points:
        raise InputError("grid: there is no point in it; give every name at least one value")
    return points, [circuit.replace(point) for point in points]


def _scan(folder, manifest, points, circuits, task, seed, settings, executor, workers, progress):
    with claimed(folder, manifest):
        return _rest_of_scan(folder, points, circuits, task, seed, settings, executor, workers, progress)


def _rest_of_scan(folder, points, circuits, task, seed, settings, executor, workers, progress):
    path_of = lambda number: folder / "points" / f"{number:06d}.json"
    waiting = [number for number in range(len(points)) if finished_point(path_of(number)) is None]
    orders = [
        {
            "number": number,
            "circuit": circuits[number].to_dict(),
            "task": task,
            "seed": seed,
            "settings": settings,
        }
        for number in waiting
    ]
    lost, began, finished = {}, time.monotonic(), len(points) - len(waiting)

    def keep(number, result):
        nonlocal finished
        finished += 1
        if "lost" in result:
            lost[number] = result["lost"]
        else:
            write_json(path_of(number), {**result, "parameters": plain_parameters(points[number])})
        done = finished - (len(points) - len(waiting))
        left = (time.monotonic() - began) / done * (len(points) - finished)
        report(finished / len(points), f"scan: {finished} of {len(points)} points, {_clock(left)} left")

    with Progress(progress) as bar:
        report = bar.stage(f"scan: {finished} of {len(points)} points")
        if orders:
            if task in ("validate", "spikes"):
                _choose_networks(orders, [circuits[number] for number in waiting], task, seed, settings)
            if executor is None:
                on_own_pool(orders, workers, keep)
            else:
                on_executor(orders, executor, keep)
    table = scan_table(folder, points, lost)
    try:
        write_text(folder / "table.csv", table.to_csv(index=False))
    except OSError as error:
        raise OutputError(
            f"{folder / 'table.csv'}: cannot be written: {error.strerror or error}; the points themselves are"
            " kept"
        ) from None
    return table


def _clock(seconds_):
    minutes, seconds_ = divmod(round(seconds_), 60)
    return (
        f"{minutes // 60}:{minutes % 60:02d}:{seconds_:02d}" if minutes >= 60 else f"{minutes}:{seconds_:02d}"
    )


def _choose_networks(orders, circuits, task, seed, settings):
    """Points that share a structure get a compiled network.

    The first program is built here, before all workers want it at once.
    """
    from ..basics.arguments import seconds
    from ..networks.engines.base import SpikingRun
    from ..networks.engines.register import AUTO, MANY, ONE
    from ..networks.spiking_network import BIN_

    key = "network_engine" if task == "validate" else "engine"
    if settings.get(key, AUTO) != AUTO:
        return
    duration_ = round(seconds(settings.get("duration", DURATION), "duration") / BIN_) * BIN_
    spiking = [
        SpikingRun(
            circuit,
            seed,
            seconds(settings.get("dt"), "dt") or float(circuit.dt),
            duration_,
            settings.get("record", RECORD),
        )
        for circuit in circuits
    ]
    structures = [json.dumps(MANY.structure(run), sort_keys=True) for run in spiking]
    runs, built = settings.get("seeds", 1), False
    for order, run, structure in zip(orders, spiking, structures):
        worth = (
            structures.count(structure) * runs >= FEWEST
            and all(p.in_degree is not None for p in run.circuit.projections)
            and not MANY.problem(run.circuit)
        )
        order["settings"] = {**settings, key: (MANY if worth else ONE).name}
        if worth and not built:
            MANY.prepare(run)
            built = True
