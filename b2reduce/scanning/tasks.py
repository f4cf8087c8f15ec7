"""What a scan does at one point of its grid."""

from __future__ import annotations

import inspect
import json
import time
import warnings
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from ..basics.arguments import described, needed_seconds
from ..basics.errors import DivergenceError, InputError, unknown_name
from ..basics.progress import Progress, Rehearsal, Rehearsed
from ..circuit.circuit import Circuit

__all__ = ["TASKS", "check_settings", "work"]

DURATION, AFTER = "2 s", "0.5 s"  # of spiking runs, and of what is left out of their means
RECORD = 100  # cells of each population whose conductances are recorded


@lru_cache(maxsize=4)
def _circuit(text):
    """The circuit of a scan, read once by a worker."""
    return Circuit.from_dict(json.loads(text))


def work(order):
    """One point, in a worker: its rows as plain data, and how it went."""
    start = time.perf_counter()
    task = order["task"] if callable(order["task"]) else TASKS[order["task"]]
    try:
        circuit = _circuit(order["circuit"]).replace(order["changes"])
        with Progress(False):  # the scan as a whole reports
            rows = task(circuit, seed=order["seed"], **order["settings"])
        rows, status = [_plain(row) for row in ([rows] if isinstance(rows, Mapping) else rows)], "ok"
    except (InputError, DivergenceError) as error:
        rows, status = [], str(error)  # a property of this point, and so its result
    return {"rows": rows, "status": status, "seconds": time.perf_counter() - start}


def _plain(row):
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in row.items()}


def _rows(populations, **columns):
    """A row per population from {column: value or {population: value}}."""
    return [
        {
            "population": name,
            **{key: value[name] if isinstance(value, Mapping) else value for key, value in columns.items()},
        }
        for name in populations
    ]


def _hertz(values):
    return {name: float(np.asarray(value)) for name, value in values.items()}


def _reduce(circuit, seed, level="linear", **settings):
    from ..reduction.reduce import reduce

    reduced = reduce(circuit, level=level, seed=seed, **settings)
    rows = _rows(
        reduced.populations,
        **{
            "operating rate [Hz]": _hertz(reduced.operating_rate),
            "theta [SI]": reduced.theta_,
            "beta [Hz/A]": _hertz({name: gain.beta for name, gain in reduced.gains.items()}),
            "warnings": "; ".join(reduced.warnings),
        },
    )
    for row in rows:
        row.update(
            {
                f"W {source} [SI]": W
                for (target, source), W in reduced.W_.items()
                if target == row["population"]
            }
        )
    return rows


def _rates(circuit, seed, duration="1 s", level="linear", **settings):
    from ..networks.simulate_rates import simulate_rates
    from ..reduction.reduce import reduce

    reduced = reduce(circuit, level=level, seed=seed, **settings)
    run = simulate_rates(reduced, duration=duration)
    return _rows(
        reduced.populations,
        **{
            "rate [Hz]": run.mean().to_dict(),
            "outside": dict(run.outside),
            "warnings": "; ".join(reduced.warnings),
        },
    )


def _spikes(circuit, seed, duration=DURATION, after=AFTER, record=RECORD, **settings):
    from ..networks.simulate_spikes import simulate_spikes

    run = simulate_spikes(circuit, duration=duration, seed=seed, record=record, **settings)
    return _rows(run.populations, **{"spiking [Hz]": run.mean(after).to_dict()})


def _validate(circuit, seed, duration=DURATION, seeds=1, **settings):
    from ..validation.validate import validate

    v = validate(circuit, seed=seed, duration=duration, seeds=seeds, **settings)
    table, levels = v.comparison.table, v.levels
    rows = _rows(
        table.index,
        **{
            "spiking [Hz]": table["spiking"].to_dict(),
            "rate [Hz]": table["rate"].to_dict(),
            "error": table["error"].to_dict(),
            "open_loop_error": v.comparison.split["open_loop_error"].to_dict(),
            "largest_error": v.comparison.largest_error,
            "tier": v.comparison.tier,
            "broken": "; ".join(v.verdict.failed),
            "warned": v.warned,
            "warnings": "; ".join(v.reduced.warnings),
            "trust": v.verdict.trust,
            "verdict": v.verdict.sentence,
        },
    )
    for row in rows:
        for level, line in levels.iterrows():
            row.update(
                {
                    f"rate {level} [Hz]": line[row["population"]],
                    f"largest_error {level}": line["largest_error"],
                    f"tier {level}": line["tier"],
                }
            )
    return rows


def _fluctuations(circuit, seed, duration=DURATION, spiking=False, **settings):
    from ..networks.simulate_spikes import simulate_spikes
    from ..reduction.loops.foretold import CORRELATION, VARIANCE
    from ..reduction.reduce import reduce
    from ..theory.fluctuations import fluctuations
    from ..validation.check_premises import check_premises
    from ..validation.premises.asynchrony import Asynchrony

    reduced = reduce(circuit, seed=seed, **settings)
    found = fluctuations(reduced, seed=seed)
    foretold = found.foretold
    row = {
        "foretold": foretold["foretold"].get(VARIANCE, np.nan),
        "correlation": (foretold["foretold"] / foretold["limit"]).get(CORRELATION, np.nan),
        "growth [1/s]": float(found.growth),
        "rhythm [Hz]": float(found.rhythm),
    }
    if spiking:
        run = simulate_spikes(circuit, duration=duration, seed=seed, record=RECORD)
        premises = check_premises(circuit, run, reduced).set_index("assumption")
        row["spiking"] = float(premises["measured"][Asynchrony.name])
    return row


TASKS = {
    "validate": _validate,
    "reduce": _reduce,
    "rates": _rates,
    "spikes": _spikes,
    "fluctuations": _fluctuations,
}


def _verbs(task):
    """Whose settings those of a task are."""
    from ..networks.simulate_spikes import simulate_spikes
    from ..reduction.reduce import reduce
    from ..validation.validate import validate

    verbs = {
        "validate": (validate,),
        "reduce": (reduce,),
        "rates": (reduce,),
        "spikes": (simulate_spikes,),
        "fluctuations": (reduce,),
    }
    return (TASKS[task], *verbs[task])


def check_settings(task, circuits, seed, settings):
    """Refuse settings that a task does not take, before its first point.

    What a named task is told is checked by itself: it is called with these circuits, and ends where it would
    begin to measure.

    Raises
    ------
    InputError
        If a setting is unknown, or none of the circuits can be done with them.
    """
    if callable(task):
        _check_arguments(task, circuits[0], seed, settings)
        return
    known = dict.fromkeys(name for verb in _verbs(task) for name in inspect.signature(verb).parameters)
    known = [name for name in known if name not in ("circuit", "seed", "settings", "progress")]
    for name in settings:
        if name not in known:
            raise InputError(f"scan: {unknown_name('setting', name, known)} of task {task!r}")
    if "duration" in settings:
        needed_seconds(settings["duration"], "duration")
    refused = None
    for circuit in circuits:  # what one of them alone refuses is a result of that
        refusal = _refusal(TASKS[task], circuit, seed, settings)
        if refusal is None:
            return
        refused = refused or refusal
    raise refused


def _check_arguments(task, circuit, seed, settings):
    """Raise an `InputError` where a function cannot be called with these."""
    try:
        signature = inspect.signature(task)
    except ValueError:
        return  # of what is written in C nothing is known before it is called
    try:
        signature.bind(circuit, seed=seed, **settings)
    except TypeError as error:
        raise InputError(
            f"task: {described(task)} cannot be called with circuit, seed and the settings"
            f" {', '.join(settings) or '(none)'}: {error}"
        ) from None


def _refusal(task, circuit, seed, settings):
    try:
        with warnings.catch_warnings(), Rehearsal():
            warnings.simplefilter("ignore")  # each point gives its own
            task(circuit, seed=seed, **settings)
    except (Rehearsed, DivergenceError):  # the latter is what a point is like, not what was asked
        return None
    except InputError as error:
        return error
    return None
