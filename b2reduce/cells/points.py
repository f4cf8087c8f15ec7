"""Rates at a list of points (mean current, mean leak).

The one measurement that surfaces and operating points share.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..basics.errors import InputError
from ..basics.streams import OfCells, seed_streams
from ..basics.units import to_si, with_units
from ..circuit.cell_equations import ADDED_LEAK
from ..circuit.sizes import mean_of
from ..circuit.spike_counts import check_points
from .engine import Cells, Source, resting_state, simulate_cells
from .integration import check_step, tries, uneven
from .point_rates import pooled_rates

__all__ = ["measure_points", "noise_sources", "rest_of"]

# Times the usual time after the warm-up, in all: before a wanted precision counts as out of reach
LONGEST = 16


def noise_sources(drives, model, rates_=None, what="noise"):
    """Sources in SI from drives, checked against the model's units.

    `rates_` holds rates over points of drives by their name.
    """
    sources, rates_ = [], rates_ or {}
    for number, drive in enumerate(drives):
        key = f"{what}, drive {drive.name!r}"
        if drive.name not in rates_ and not drive.constant:
            raise InputError(f"{key}: its rate is a table; expected one constant rate")
        if drive.name not in rates_ and drive.many_rates:
            raise InputError(
                f"{key}: its rate is {drive.rate}; expected one rate, of independent Poisson trains"
            )
        values = dict(drive.parameters)
        if drive.synapse_kind.asks_voltage(values):
            raise InputError(
                f"{key}, v: the mean of {drive.kind} synapses depends on the voltage of the cell, which is"
                " not given; expected the mean voltage between spikes, such as v = '-55 mV', and v_sd"
            )
        for p in drive.synapse_kind.numbers():
            if p.name not in values:
                continue
            values[p.name] = to_si(mean_of(values[p.name]), p.dimension(model), f"{key}, {p.name}")
        rate_ = drive.inputs * (rates_[drive.name] if drive.name in rates_ else drive.rate_)
        synapse = drive.synapse_kind.of(values)
        if drive.sizes is not None:  # of the same mean and variance: larger events, and fewer
            synapse, rate_ = synapse.scaled(drive.second), rate_ / drive.second
        sources.append(Source(f"s{number}", synapse, rate_))
    return tuple(sources)


def rest_of(model, leak_, dt_, parameters=None, sources=(), engine="auto"):
    """Resting state at every total leak of `leak_` (and of per-cell parameters); equal entries rest once."""
    parameters = parameters or {}
    table = np.column_stack(
        [
            np.asarray(leak_) - model.leak_,
            *(np.broadcast_to(values, np.shape(leak_)) for values in parameters.values()),
        ]
    )
    rows, where = np.unique(table, axis=0, return_inverse=True)
    values = dict(zip([ADDED_LEAK, *parameters], rows.T))
    ordered = {model.input: 0.0, **values}  # the order that runs use, so that the compiled code is the same
    state = resting_state(Cells(model, len(rows), ordered, sources), dt_, engine)
    return {name: values[where.ravel()] for name, values in state.items()}


def measure_points(
    model,
    I_,
    g_,
    sources,
    *,
    replicates,
    duration_,
    warmup_,
    dt_,
    seed,
    initial="rest",
    engine="auto",
    threads=None,
    report=None,
    diverging="raise",
    stop=None,
    method=None,
    check=False,
    events=None,
    beside=None,
):
    """Run `replicates` cells at every point and pool them.

    Parameters
    ----------
    model : NeuronModel
    I_, g_ : ndarray, shape (point,)
        Mean current and mean total leak, SI; the sources' means are taken out of both.
    sources : sequence of Source
        Values are floats or arrays over points. A source of rate 0 is noise switched off.
    initial : "rest" or mapping
        Starting values of state variables, Quantities or SI floats, per point or per cell (points x
        replicates).
    diverging : {"raise", "silent"}
        What a cell whose integration ends in NaN is: an error, or silent, where a search goes to extreme
        currents.
    stop : Settled or Precise, optional
        When a cell may end before or after `duration_`.
    method : str, optional
        Of integration; the model's first choice by default.
    check : bool
        Run a sample again at half the step.
    events : ndarray, shape (source, cell), optional
        Events that cells get of every source, over the mean of their point: what cells get differs.
    beside : pair of ndarray, shape (cell,), optional
        Constant current and leak that cells have beside those of their point, SI.

    Returns
    -------
    PointRates

    Raises
    ------
    InputError
        If a point would need a negative leak.
    """
    I_, g_ = np.asarray(I_, dtype=float), np.asarray(g_, dtype=float)
    tile = lambda values: np.repeat(np.broadcast_to(values, I_.shape), replicates)
    mean = (
        np.sum([np.broadcast_to(source.leak_, I_.shape) for source in sources], axis=0)
        if sources
        else np.zeros(I_.shape)
    )
    drive = np.sum([source.current_(model) * np.ones(I_.shape) for source in sources], axis=0)
    leak = g_ - mean
    if np.any(leak < -1e-12 * np.abs(g_)):
        worst = leak.argmin()
        show = lambda value: with_units(value, model.conductance_dim)
        raise InputError(
            f"g = {show(g_[worst])} is below the mean conductance of the noise alone, {show(mean[worst])}:"
            f" the cell would need a negative leak; start the g axis at {show(np.max(mean))} or above, or"
            " lower the noise"
        )
    leak = np.maximum(leak, 0.0)
    spread = {}
    rng = np.random.default_rng(seed_streams(seed, OfCells.SPREAD))
    for name, over_cells in sorted(model.spreads.items()):
        # Every point gets the same draws, so that differences between points are not those between samples.
        draws = over_cells.draw_(rng, replicates)
        spread[name] = np.tile(
            draws if replicates > 1 else float(np.asarray(over_cells.mean)) * np.ones(1), I_.size
        )
    current, leak = tile(I_ - drive), tile(leak)
    if beside is not None:
        current, leak = current + beside[0], np.maximum(leak + beside[1], 0.0)
    if model.input in spread:
        current = current + spread.pop(model.input) - model.constant_input_
    # What is added to a cell's own leak; a cell that was drawn with less of it than is to be taken away is
    # left with none.
    added = np.maximum(
        leak - model.leak_, -spread.get(model.leak if isinstance(model.leak, str) else "", np.inf)
    )
    sources = tuple(source.mapped(tile) for source in sources)
    if events is not None:
        sources = tuple(replace(source, rate_=source.rate_ * own) for source, own in zip(sources, events))
    if isinstance(initial, str):
        if initial != "rest":
            raise InputError(f"initial: got {initial!r}, expected 'rest' or a dict of starting values")
        state = rest_of(
            model, added + tile(mean) + model.leak_, dt_, spread, sources_at_rest(sources), engine
        )
    else:
        state = {
            name: value if np.shape(value) == current.shape else tile(value)
            for name, value in starting_values(model, initial).items()
        }
    cells = Cells(
        model,
        current.size,
        {model.input: current, ADDED_LEAK: added, **spread},
        sources,
        state,
        method or tries(model, bool(sources), added, dt_)[0][0],
    )
    stats, engine_used = simulate_cells(
        cells,
        duration_,
        warmup_,
        dt_,
        seed_streams(seed, OfCells.RUN),
        engine,
        report,
        diverging,
        threads,
        stop,
    )
    if diverging == "raise":  # searches look for themselves at what they found
        check_points(model, stats, I_, g_, replicates)
    noisy = model.noisy or any(np.any(source.rate_ > 0) for source in sources)
    result = pooled_rates(stats, I_.size, replicates, noisy, dt_, engine_used, cells.method)
    result = replace(result, remarks=remarks_on(model, stats, I_.size, replicates, noisy, dt_))
    return (
        replace(
            result,
            check=check_step(
                cells,
                stats,
                dt_,
                seed_streams(seed, OfCells.RUN),
                noisy=noisy,
                duration_=duration_,
                warmup_=warmup_,
            ),
        )
        if check
        else result
    )


def remarks_on(model, stats, points, replicates, noisy, dt_):
    """On rates that hold for the run alone, and on cells that stand for others."""
    remarks = []
    if not noisy:
        found = uneven(stats, dt_)
        with np.errstate(invalid="ignore", divide="ignore"):
            known = np.where(found, stats.interval_square_sum / stats.interval_sum**2, 0.0).max(initial=0.0)
        if found.any():
            remarks.append(
                f"{np.count_nonzero(found.reshape(points, replicates).any(axis=1))} of {points} points do not"
                " fire periodically within the run (bursts, adaptation slower than it, or an input that"
                " changes): their rates are those of this window, which its ends move by up to"
                f" {100 * known:.0f} %; give a longer duration and warmup"
            )
    if model.stochastic:
        remarks.append(
            f"white noise (xi) crosses the threshold between steps: rates at dt = {dt_ * 1e3:g} ms are too"
            " low by an amount that falls as the root of dt; compare with a smaller dt"
        )
    if model.spreads and replicates == 1:
        remarks.append(
            f"{', '.join(model.spreads)} vary over cells, and one cell a point has their means; give"
            " replicates for the mean rate of cells that differ"
        )
    return tuple(remarks)


def sources_at_rest(sources):
    """The same sources without events, one value for all cells."""
    least = lambda value: float(np.min(value))
    return tuple(Source(s.label, s.synapse.mapped(least).scaled(0.0), 0.0) for s in sources)


def starting_values(model, initial):
    """SI starting values from a mapping of Quantities or SI floats."""
    values = {}
    for name, value in dict(initial).items():
        if name not in model.state_variables:
            raise InputError(
                f"initial: got the unknown variable {name!r}; known: {', '.join(model.state_variables)}"
            )
        values[name] = (
            np.asarray(value, dtype=float)
            if isinstance(value, np.ndarray) and not hasattr(value, "dim")
            else (to_si(value, model.dimension_of_variable(name), f"initial, {name}"))
        )
    return values
