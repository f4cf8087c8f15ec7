"""A task at every point of a grid of parameters: on any executor, resumable, one tidy table."""

from __future__ import annotations

import json
import os
import pickle
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..basics.arguments import described, one_of, whole
from ..basics.errors import InputError, OutputError
from ..basics.files import temporary_folder, write_text
from ..basics.progress import Progress
from ..circuit.circuit import load_circuit
from ..results.scan_folder import FORMAT, claimed, finished_points, keep_point, point_key, scan_table
from ..results.scan_values import name_of, plain_value
from .plan import Plan, plan_of
from .tasks import TASKS, check_settings
from .workers import on_executor, on_own_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    import pandas

    from ..basics.types import PathLike, ProgressLike
    from ..circuit.types import CircuitLike

__all__ = ["scan"]


def scan(
    circuit: CircuitLike,
    grid: Mapping[str, Any],
    *,
    task: str | Callable[..., Any] = "validate",
    seed: int = 1,
    executor: Any = None,
    workers: int | None = None,
    out: PathLike | None = None,
    progress: ProgressLike = None,
    **settings,
) -> pandas.DataFrame:
    """Run a task at every point of a grid.

    Parameters
    ----------
    circuit : Circuit, str or path
    grid : mapping of str to sequence, or sequence of mappings
        Values of parameters by their dotted names, as `Circuit.replace` takes them; all combinations, the
        last name fastest. Or the points themselves, one mapping each.
    task : {"validate", "reduce", "rates", "spikes", "fluctuations"} or callable
        What is done at a point: everything; the reduction alone; the reduction and its rates; the spiking
        network alone; what uncoupled cells foretell of fluctuations and rhythms. Or a function of ``(circuit,
        seed, **settings)`` that returns a mapping or a list of mappings, the rows of that point; workers must
        be able to import it. With `out` it must stand in a module under its own name, so that a later process
        knows it again.
    seed : int
        The same at every point, so that neighbours differ by their parameters and not by chance.
    executor : concurrent.futures.Executor, or dask.distributed.Client, optional
        By default a pool of processes on this machine.
    workers : int, optional
        Of that pool; by default one per core. Each works on one core.
    out : path, optional
        Folder that keeps every finished point, and the table. Where it holds the same scan, unfinished, that
        is gone on with; points are known by their parameters, so that the grid may have more of them than
        before, in another order. One process at a time.
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
        If a name is unknown, a value or a setting cannot be, the grid is empty, or `out` holds another scan:
        before anything runs.
    OutputError
        If `out` cannot be written, or another process is at it. Points that were finished stay.

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
    workers = None if workers is None else whole(workers, "workers", 1)
    plan = plan_of(circuit, grid)
    if isinstance(task, str):
        _check_runs(plan, settings)
    manifest = None if out is None else _manifest(plan, task, seed, settings)
    if executor is None:
        _check_sent(task, settings)
    check_settings(task, [plan.circuit_at(0), plan.circuit_at(-1), circuit], seed, settings)
    scanned = _Scan(plan, task, seed, settings, executor, workers)
    with _folder(out, manifest) as folder, Progress(progress) as bar:
        return scanned.run(folder, bar)


def _check_runs(plan, settings):
    """Refuse a duration that no run ends in, before any worker starts."""
    from ..basics.arguments import seconds
    from ..cells.settings import BRIAN_STEP_, check_run

    duration_ = seconds(settings.get("duration"), "duration")
    for at in plan.circuits.values() if duration_ is not None else ():
        check_run(
            duration_,
            float(at.dt),
            cells=sum(population.size for population in at.populations.values()),
            least_=BRIAN_STEP_,
        )


def _check_sent(task, settings):
    """Refuse what no process can be sent."""
    for name, value in (("task", task), *settings.items()):
        try:
            pickle.dumps(value)
        except Exception as error:  # whatever an object's own way of being pickled raises
            raise InputError(
                f"{name}: got {described(value)}, which cannot be sent to the processes that work on the"
                f" points ({error}); give a function or a class of a module, or an executor of threads"
            ) from None


def _manifest(plan, task, seed, settings):
    """What makes a scan the same in a later process."""
    return {
        "format": "b2reduce scan",
        "version": FORMAT,
        "circuit": plan.circuit.to_dict(),
        "points": plan.points,
        "task": task if isinstance(task, str) else f"{task.__module__}.{name_of(task, 'task')}",
        "seed": seed,
        "settings": {name: plain_value(value, name) for name, value in settings.items()},
        "b2reduce": __version__,
    }


@contextmanager
def _folder(out, manifest):
    """The folder of the points: claimed, or one that is gone afterwards."""
    if out is None:
        with temporary_folder("b2reduce_scan_") as folder:
            (folder / "points").mkdir()
            yield folder
    else:
        with claimed(Path(out), manifest):
            yield Path(out)


@dataclass(frozen=True)
class _Scan:
    """What is done at the points of a plan, and by whom."""

    plan: Plan
    task: object
    seed: int
    settings: dict
    executor: object
    workers: int | None

    def run(self, folder, bar):
        """The table, once every point that the folder lacks was tried."""
        points, held = self.plan.points, finished_points(folder)
        numbers = {}  # of the points that are to be done; equal ones are done once
        for number, point in enumerate(points):
            if (key := point_key(point)) not in held:
                numbers.setdefault(key, []).append(number)
        waiting = [same[0] for same in numbers.values()]
        paths = _free_paths(folder, waiting, {result["file"] for result in held.values()})
        lost, began, already = {}, time.monotonic(), len(points) - sum(map(len, numbers.values()))
        report = bar.stage(f"scan: {already} of {len(points)} points")
        done = 0

        def keep(number, result):
            nonlocal done
            if "lost" in result:
                lost.update(dict.fromkeys(numbers[point_key(points[number])], result["lost"]))
            else:
                keep_point(paths[number], result, points[number])
            done += 1
            left = _clock((time.monotonic() - began) / done * (len(waiting) - done))
            share = (already + done) / (already + len(waiting))
            report(share, f"scan: {already + done} of {already + len(waiting)} points, {left} left")

        if waiting:
            orders = self._orders(waiting)
            if self.executor is None:
                on_own_pool(orders, self.workers, keep)
            else:
                on_executor(orders, self.executor, keep)
        table = scan_table(folder, points, lost)
        try:
            write_text(folder / "table.csv", table.to_csv(index=False))
        except OSError as error:
            raise OutputError(
                f"{folder / 'table.csv'}: cannot be written: {error.strerror or error}; the points themselves"
                " are kept"
            ) from None
        return table

    def _orders(self, waiting):
        """What workers are told: the circuit as one text that all share, and what is changed of it."""
        engines = {}
        if self.task in ("validate", "spikes"):
            from .programs import network_engines

            engines = network_engines(self.plan, waiting, self.task, self.seed, self.settings)
        text = json.dumps(self.plan.circuit.to_dict())
        return [
            {
                "number": number,
                "circuit": text,
                "changes": self.plan.points[number],
                "task": self.task,
                "seed": self.seed,
                "settings": {**self.settings, **engines.get(self.plan.kinds[number], {})},
            }
            for number in waiting
        ]


def _free_paths(folder, numbers, taken):
    """{number of a point: its file}; the next free one where another point has that of its number."""
    paths, last = {}, max([-1, *numbers, *(int(Path(name).stem) for name in taken)])
    for number in numbers:
        name = f"{number:06d}.json"
        if name in taken:
            last += 1
            name = f"{last:06d}.json"
        paths[number] = folder / "points" / name
    return paths


def _clock(seconds_):
    minutes, seconds_ = divmod(round(seconds_), 60)
    return (
        f"{minutes // 60}:{minutes % 60:02d}:{seconds_:02d}" if minutes >= 60 else f"{minutes}:{seconds_:02d}"
    )
