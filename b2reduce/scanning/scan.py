"""A task at every point of a grid of parameters: on any executor, resumable, one tidy table."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import numpy as np

from .. import __version__
from ..basics.arguments import described, one_of, whole
from ..basics.errors import InputError, OutputError
from ..basics.files import (
    make_folder,
    temporary_folder,
    unmake_folders,
    write_json,
    write_text,
)
from ..basics.interrupts import (
    OF_WORKERS_,
    Terminated,
    ctrl_c_blocked,
    end_at_once,
    end_processes,
    imported,
    undisturbed,
)
from ..basics.progress import Progress
from ..basics.provenance import versions
from ..basics.units import format_quantity, parse_quantity, si_label
from ..circuit.circuit import Circuit, load_circuit

__all__ = ["TASKS", "load_scan", "points_of", "scan"]

FORMAT = 1
MOST_DEATHS = 3  # of workers, before a point counts as what kills them
MANIFEST = "scan.json"
DURATION, AFTER = "2 s", "0.5 s"  # of spiking runs, and of what is left out of their means
RECORD = 100  # cells of each population whose conductances are recorded
FEWEST = 4  # runs that a compiled network must serve: it takes as long to build


def scan(circuit, grid, *, task="validate", seed=1, executor=None, workers=None, out=None, progress=None, **settings):
    """Run a task at every point of a grid.

    Parameters
    ----------
    circuit : Circuit, str or path
    grid : mapping of str to sequence, or sequence of mappings
        Values of parameters by their dotted names, as `Circuit.replace` takes them; all combinations, the last name fastest.
        Or the points themselves, one mapping each.
    task : {"validate", "reduce", "rates", "spikes"} or callable
        What is done at a point: everything; the reduction alone; the reduction and its rates; the spiking network alone. Or a
        function of (circuit, seed, **settings) that returns a mapping or a list of mappings, the rows of that point; workers
        must be able to import it.
    seed : int
        The same at every point, so that neighbours differ by their parameters and not by chance.
    executor : concurrent.futures.Executor, or dask.distributed.Client, optional
        By default a pool of processes on this machine.
    workers : int, optional
        Of that pool; by default one per core. Each works on one core.
    out : path, optional
        Folder that keeps every finished point, and the table. Where it holds the same scan, unfinished, that is gone on with.
    progress : None, bool, str or callable
    **settings
        Of the task: those of `validate` (``duration``, ``seeds``, ``level``, ``noise``...), `reduce` or `simulate_spikes`.

    Returns
    -------
    pandas.DataFrame
        Tidy: a row per point and population. Parameters are SI floats with their unit in the column's name; ``status`` is "ok",
        or the message of what went wrong at that point.

    Raises
    ------
    InputError
        If a name is unknown, a value cannot be, the grid is empty, or `out` holds another scan: before anything runs.
    OutputError
        If `out` cannot be written. Points that were finished stay.

    Notes
    -----
    Points that differ only in conductances, time constants, reversals and rates share one compiled spiking network (see
    `simulate_spikes`). A worker that dies is replaced and its point tried again; a point that kills its worker three times is
    reported in ``status`` and tried again when the scan is resumed.

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
        raise InputError(f"task: got {described(task)}, expected a function of (circuit, seed, **settings) that workers can import, or one of {', '.join(TASKS)}")
    seed = whole(seed, "seed")
    if executor is not None and not hasattr(executor, "submit") and not hasattr(executor, "get_executor"):
        raise InputError(f"executor: got {described(executor)}, expected a concurrent.futures.Executor or a dask client")
    if out is not None and not isinstance(out, (str, os.PathLike)):
        raise InputError(f"out: got {described(out)}, expected the path of a folder")
    points, circuits = points_of(circuit, grid)
    if isinstance(task, str) and settings.get("duration") is not None:
        from ..basics.arguments import seconds
        from ..cells.settings import BRIAN_STEP_, check_run

        for at in circuits:  # before any worker starts
            check_run(seconds(settings["duration"], "duration"), float(at.dt), cells=sum(population.size for population in at.populations.values()), least_=BRIAN_STEP_)
    workers = None if workers is None else whole(workers, "workers", 1)
    name = task if isinstance(task, str) else f"{task.__module__}.{task.__qualname__}"
    manifest = {"format": "b2reduce scan", "version": FORMAT, "circuit": circuit.to_dict(), "points": [_text(point) for point in points], "task": name,
                "seed": seed, "settings": _text(settings), "b2reduce": __version__}
    if out is None:
        with temporary_folder("b2reduce_scan_") as folder:
            return _scan(folder, manifest, points, circuits, task, seed, settings, executor, workers, progress)
    return _scan(Path(out), manifest, points, circuits, task, seed, settings, executor, workers, progress)


def points_of(circuit, grid):
    """([{name: value}], [circuit at that point]) of a grid; every value is checked."""
    if isinstance(grid, Mapping):
        axes = {}
        for name, values in grid.items():
            if isinstance(values, (str, bytes)) or np.ndim(values) == 0:
                raise InputError(f"grid, {name}: got {described(values)}, expected a list of values, such as [8, 12]*Hz")
            axes[name] = list(values)
        points = [dict(zip(axes, combination)) for combination in product(*axes.values())] if axes else []
    elif isinstance(grid, (list, tuple)) and all(isinstance(point, Mapping) for point in grid):
        points = [dict(point) for point in grid]
    else:
        raise InputError(f"grid: got {described(grid)}, expected a mapping of names to lists of values, or a list of mappings")
    if not points:
        raise InputError("grid: there is no point in it; give every name at least one value")
    return points, [circuit.replace(point) for point in points]


def _text(values):
    """Plain data of parameters: quantities as text that is read back to the same value."""
    plain = {}
    for name, value in values.items():
        if _is_quantity(value):
            value = format_quantity(value) if np.ndim(value) == 0 else [format_quantity(item) for item in value]
        elif isinstance(value, Mapping):
            value = _text(value)
        elif isinstance(value, (list, tuple)):
            value = [_text({"": item})[""] for item in value]
        elif isinstance(value, np.generic):
            value = value.item()
        plain[name] = value
    return plain


def _is_quantity(value):
    return hasattr(value, "dim")


def _columns(point):
    """Parameters of a point as columns: SI floats with the unit in the name; text and counts as they are."""
    columns = {}
    for name, value in point.items():
        try:
            quantity = parse_quantity(value) if isinstance(value, str) else value
        except InputError:
            quantity = value
        if _is_quantity(quantity):
            columns[f"{name} [{si_label(quantity)}]"] = float(np.asarray(quantity))
        else:
            columns[name] = quantity.item() if isinstance(quantity, np.generic) else quantity
    return columns


def _scan(folder, manifest, points, circuits, task, seed, settings, executor, workers, progress):
    with _claimed(folder, manifest):
        return _rest_of_scan(folder, points, circuits, task, seed, settings, executor, workers, progress)


def _rest_of_scan(folder, points, circuits, task, seed, settings, executor, workers, progress):
    path_of = lambda number: folder / "points" / f"{number:06d}.json"
    waiting = [number for number in range(len(points)) if _finished(path_of(number)) is None]
    orders = [{"number": number, "circuit": circuits[number].to_dict(), "task": task, "seed": seed, "settings": settings} for number in waiting]
    lost, began, finished = {}, time.monotonic(), len(points) - len(waiting)

    def keep(number, result):
        nonlocal finished
        finished += 1
        if "lost" in result:
            lost[number] = result["lost"]
        else:
            write_json(path_of(number), {**result, "parameters": _text(points[number])})
        done = finished - (len(points) - len(waiting))
        left = (time.monotonic() - began) / done * (len(points) - finished)
        report(finished / len(points), f"scan: {finished} of {len(points)} points, {_clock(left)} left")

    with Progress(progress) as bar:
        report = bar.stage(f"scan: {finished} of {len(points)} points")
        if orders:
            if task in ("validate", "spikes"):
                _choose_networks(orders, [circuits[number] for number in waiting], task, seed, settings)
            if executor is None:
                _on_own_pool(orders, workers, keep)
            else:
                _on_executor(orders, executor, keep)
    table = _table(folder, points, lost)
    try:
        write_text(folder / "table.csv", table.to_csv(index=False))
    except OSError as error:
        raise OutputError(f"{folder / 'table.csv'}: cannot be written: {error.strerror or error}; the points themselves are kept") from None
    return table


def _table(folder, points, lost):
    """All points as they are on disk: the same whoever computed them, and when."""
    import pandas as pd

    rows = []
    for number, point in enumerate(points):
        columns = {"point": number, **_columns(point)}
        result = _finished(folder / "points" / f"{number:06d}.json") or {"rows": [{}], "status": f"not finished: {lost.get(number, 'the scan was interrupted')}"}
        rows += [{**columns, **row, "status": result["status"]} for row in result["rows"] or [{}]]
    return pd.DataFrame(rows)


def load_scan(folder):
    """The table of a scan, unfinished points included.

    Raises
    ------
    InputError
        If the folder's description is of another format or a newer version.
    """
    held = _manifest(Path(folder) / MANIFEST)
    return _table(Path(folder), held["points"], {})


def _manifest(path):
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["format"] != "b2reduce scan":
            raise ValueError(f"its format is {held['format']!r}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is not the description of a scan, or was cut short: {error}") from None
    if held["version"] > FORMAT:
        raise InputError(f"{path}: has format version {held['version']}, and this b2reduce {__version__} reads up to {FORMAT}; install b2reduce {held.get('b2reduce')} or newer")
    return held


def _clock(seconds_):
    minutes, seconds_ = divmod(round(seconds_), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds_:02d}" if minutes >= 60 else f"{minutes}:{seconds_:02d}"


@contextmanager
def _claimed(folder, manifest):
    """Claim the folder; one that was made for this scan is gone again if the scan ends before its first point."""
    made = []
    try:
        with undisturbed():
            _claim(folder, manifest, made)
        yield
    except BaseException:
        with undisturbed():
            if made and not any((folder / "points").glob("*.json")):
                (folder / MANIFEST).unlink(missing_ok=True)
                unmake_folders(made)
        raise


def _claim(folder, manifest, made):
    """Make the folder, whose new parts are put into `made`, or make sure that it holds this very scan."""
    path = folder / MANIFEST
    if path.exists():
        held = _manifest(path)
        mine = json.loads(json.dumps(manifest))
        different = [key for key in mine if held.get(key) != mine[key]]
        if different:
            raise InputError(f"{folder}: holds another scan, which differs in {', '.join(different)}; choose another folder, or the same circuit, grid, task, "
                             f"settings, seed and version")
        return
    if folder.exists() and any(folder.iterdir()) if folder.is_dir() else folder.exists():
        raise InputError(f"{folder}: already holds something else, and b2reduce overwrites nothing; choose another folder")
    try:
        made += make_folder(folder / "points")
    except OSError as error:
        raise OutputError(f"{folder}: cannot make the output folder: {error.strerror}; choose another") from None
    write_json(path, {**manifest, "versions": versions()})


def _finished(path):
    """A point's result, or None: a file that was cut short counts for nothing."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        return result if {"rows", "status"} <= set(result) else None
    except (OSError, ValueError):
        return None


def _choose_networks(orders, circuits, task, seed, settings):
    """Points that share a structure get a compiled network; the first program is built here, before all workers want it at once."""
    from ..basics.arguments import seconds
    from ..networks.spiking_network import BIN_
    from ..networks.standalone import build_program, can_build, structure_of

    key = "network_engine" if task == "validate" else "engine"
    if settings.get(key, "auto") != "auto":
        return
    duration_ = round(seconds(settings.get("duration", DURATION), "duration") / BIN_) * BIN_
    arguments = [(circuit, seed, seconds(settings.get("dt"), "dt") or float(circuit.dt), duration_, settings.get("record", RECORD)) for circuit in circuits]
    structures = [json.dumps(structure_of(*each), sort_keys=True) for each in arguments]
    runs, built = settings.get("seeds", 1), False
    for order, circuit, each, structure in zip(orders, circuits, arguments, structures):
        worth = structures.count(structure) * runs >= FEWEST and all(p.in_degree is not None for p in circuit.projections) and can_build()
        order["settings"] = {**settings, key: "standalone" if worth else "brian2"}
        if worth and not built:
            build_program(*each)
            built = True


def _alone():
    """A worker keeps to one core; the pool has as many workers as cores. It is ended by SIGTERM; Ctrl-C is for the process that waits for it."""
    os.environ["B2REDUCE_THREADS"] = "1"
    signal.signal(signal.SIGTERM, _end_worker)
    imported("brian2")


_busy = False  # whether this worker is at a point


def _end_worker(number, frame):
    """SIGTERM in a worker: what is under way is given up in good order; all files that its libraries keep are removed."""
    if _busy:
        raise Terminated
    end_at_once(143)


def _in_worker(order):
    """One point in a worker of one's own."""
    global _busy
    try:
        _busy = True
        return work(order)
    except Terminated:
        end_at_once(143)
    finally:
        _busy = False


def _on_own_pool(orders, workers, keep):
    """A pool of processes; one that breaks is replaced, and what it was doing done again."""
    import multiprocessing

    workers = workers or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    waiting, deaths, context = deque(orders), Counter(), multiprocessing.get_context("spawn")
    while waiting:
        # What was under way when a worker died twice is done one by one, to tell who kills.
        suspects = [order for order in waiting if deaths[order["number"]] >= MOST_DEATHS - 1]
        queue = deque(suspects[:1]) if suspects else waiting
        if suspects:
            waiting.remove(suspects[0])
        size = 1 if suspects else min(workers, len(queue))
        with ProcessPoolExecutor(size, mp_context=context, initializer=_alone) as pool:
            running = {}
            try:
                while queue or running:
                    while queue and len(running) < size:
                        order = queue.popleft()
                        with undisturbed(), ctrl_c_blocked():  # the workers start with the first order, and inherit the latter
                            running[pool.submit(_in_worker, order)] = order
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        order, error = running[future], future.exception()
                        if isinstance(error, BrokenProcessPool):
                            raise error
                        del running[future]
                        keep(order["number"], _lost(error) if error is not None else future.result())
            except BrokenProcessPool:
                for order in running.values():
                    deaths[order["number"]] += 1
                    if deaths[order["number"]] < MOST_DEATHS:
                        waiting.appendleft(order)
                    else:
                        keep(order["number"], {"lost": f"its worker died {MOST_DEATHS} times; memory may be too small for it"})
            except BaseException:
                with undisturbed():
                    _kill(pool)
                raise


def _kill(pool):
    """Stop a pool at once: a point may have minutes to go."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    end_processes([process.pid for process in processes if process.is_alive()], wait=lambda: [process.is_alive() for process in processes],
                  patience_=OF_WORKERS_)


def _lost(error):
    return {"lost": f"{type(error).__name__}: {error}"}


def _on_executor(orders, executor, keep):
    """Any executor; a dask client is one as well. What it does about dead workers is its own affair."""
    if hasattr(executor, "get_executor"):
        executor = executor.get_executor(pure=False, retries=MOST_DEATHS - 1)
    running = {executor.submit(work, order): order for order in orders}
    try:
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                order = running.pop(future)
                error = future.exception()
                if isinstance(error, KeyboardInterrupt):  # a thread, or a process that Ctrl-C reached as well
                    raise error
                keep(order["number"], _lost(error) if error is not None else future.result())
    except BaseException:
        for future in running:
            future.cancel()
        raise


def work(order):
    """One point, in a worker: its rows as plain data, and how it went."""
    start = time.perf_counter()
    task = order["task"] if callable(order["task"]) else TASKS[order["task"]]
    try:
        with Progress(False):  # the scan as a whole reports
            rows = task(Circuit.from_dict(order["circuit"]), seed=order["seed"], **order["settings"])
        rows, status = [_plain(row) for row in ([rows] if isinstance(rows, Mapping) else rows)], "ok"
    except (InputError, FloatingPointError) as error:
        rows, status = [], str(error)  # a property of this point, and so its result
    return {"rows": rows, "status": status, "seconds": time.perf_counter() - start}


def _plain(row):
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in row.items()}


def _rows(populations, **columns):
    """A row per population from {column: value or {population: value}}."""
    return [{"population": name, **{key: value[name] if isinstance(value, Mapping) else value for key, value in columns.items()}} for name in populations]


def _hertz(values):
    return {name: float(np.asarray(value)) for name, value in values.items()}


def _reduce(circuit, seed, **settings):
    from ..reduction.reduce import reduce

    reduced = reduce(circuit, seed=seed, **settings)
    rows = _rows(reduced.populations, **{"operating rate [Hz]": _hertz(reduced.operating_rate), "theta [SI]": reduced.theta_,
                                         "beta [Hz/A]": _hertz({name: gain.beta for name, gain in reduced.gains.items()}), "warnings": "; ".join(reduced.warnings)})
    for row in rows:
        row.update({f"W {source} [SI]": W for (target, source), W in reduced.W_.items() if target == row["population"]})
    return rows


def _rates(circuit, seed, duration="1 s", **settings):
    from ..networks.simulate_rates import simulate_rates
    from ..reduction.reduce import reduce

    reduced = reduce(circuit, seed=seed, **settings)
    run = simulate_rates(reduced, duration=duration)
    return _rows(reduced.populations, **{"rate [Hz]": run.mean().to_dict(), "outside": dict(run.outside), "warnings": "; ".join(reduced.warnings)})


def _spikes(circuit, seed, duration=DURATION, after=AFTER, record=RECORD, **settings):
    from ..networks.simulate_spikes import simulate_spikes

    run = simulate_spikes(circuit, duration=duration, seed=seed, record=record, **settings)
    return _rows(run.populations, **{"spiking [Hz]": run.mean(after).to_dict()})


def _validate(circuit, seed, duration=DURATION, seeds=1, **settings):
    from ..validation.validate import validate

    v = validate(circuit, seed=seed, duration=duration, seeds=seeds, **settings)
    table, levels = v.comparison.table, v.levels
    rows = _rows(table.index, **{
        "spiking [Hz]": table["spiking"].to_dict(), "rate [Hz]": table["rate"].to_dict(), "error": table["error"].to_dict(),
        "open_loop_error": v.comparison.split["open_loop_error"].to_dict(), "largest_error": v.comparison.largest_error, "tier": v.comparison.tier,
        "broken": "; ".join(v.verdict.failed), "warned": v.warned, "warnings": "; ".join(v.reduced.warnings), "trust": v.verdict.trust, "verdict": v.verdict.sentence})
    for row in rows:
        for level, line in levels.iterrows():
            row.update({f"rate {level} [Hz]": line[row["population"]], f"largest_error {level}": line["largest_error"], f"tier {level}": line["tier"]})
    return rows


TASKS = {"validate": _validate, "reduce": _reduce, "rates": _rates, "spikes": _spikes}
